"""BCP 47: language tags by their grammar and the registry of subtags.

https://www.rfc-editor.org/rfc/rfc5646#section-2.1

Tags mean the same in any case; `find` gives the usual one (`en-US`, `zh-Hant`). What a tag is made
of are its properties, under the names that FHIR gives them.
"""

import re
from collections.abc import Sequence

from fhir_server.fhir.resource import Element
from fhir_server.terminology.concept import About, Concept
from fhir_server.terminology.tables import Subtags

URL = "urn:ietf:bcp:47"
_MOST_CHARACTERS = 128
_PRIVATE = r"x(?:-[a-z0-9]{1,8})+"
_TAG = re.compile(
    r"(?P<language>[a-z]{2,3}(?P<extlang>-[a-z]{3})?|[a-z]{4,8})"
    r"(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|\d{3}))?"
    r"(?P<variants>(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*)"
    r"(?P<extensions>(?:-[a-wy-z0-9](?:-[a-z0-9]{2,8})+)*)"
    rf"(?:-(?P<private>{_PRIVATE}))?"
)
_ONLY_PRIVATE = re.compile(_PRIVATE)
_NAMES = ("language", "ext-lang", "script", "region", "variant", "extension", "private-use")


class Languages:
    """The languages, scripts, regions and variants that are registered."""

    def __init__(self, subtags: Subtags) -> None:
        self._subtags = subtags
        self.about = About(
            url=URL,
            version=subtags.version,
            name="BCP 47",
            case_sensitive=False,
            properties=tuple((name, "") for name in _NAMES),
        )

    def find(self, code: str) -> Concept | None:
        """Return the language that `code` is a tag of."""
        tag = code.lower()
        if len(tag) > _MOST_CHARACTERS:
            return None
        if tag in self._subtags.whole:
            return Concept(code=code, display=self._subtags.whole[tag])
        if _ONLY_PRIVATE.fullmatch(tag):
            return Concept(code=code, display=code, properties=_properties({"private-use": tag}))
        found = _TAG.fullmatch(tag)
        return None if found is None else self._concept(found)

    def parents(self, code: str) -> Sequence[str]:  # noqa: ARG002 - tags stand side by side
        """Return nothing: tags stand side by side."""
        return ()

    def children(self, code: str) -> Sequence[str]:  # noqa: ARG002 - tags stand side by side
        """Return nothing: tags stand side by side."""
        return ()

    def codes(self, below: str | None = None) -> None:
        """There is no end of them."""

    def named(self, wanted: Sequence[str]) -> None:
        """There is no end of them."""

    def _concept(self, found: re.Match[str]) -> Concept | None:
        language, _, extlang = found["language"].partition("-")
        script, region = found["script"] or "", found["region"] or ""
        variants = found["variants"].split("-")[1:]
        if len(set(variants)) < len(variants) or not self._is_extlang(language, extlang):
            return None
        if not _are_extensions(found["extensions"]):
            return None
        kinds = self._subtags
        names = [
            kinds.language.get(language),
            *([kinds.extlang.get(extlang)] if extlang else []),
            *([kinds.script.get(script)] if script else []),
            *([kinds.region.get(region)] if region else []),
            *(kinds.variant.get(variant) for variant in variants),
        ]
        if None in names:
            return None
        language_name, *more = (str(name) for name in names)
        usual = (language, extlang, script.title(), region.upper(), *variants)
        tail = found["extensions"] + (f"-{found['private']}" if found["private"] else "")
        parts = {
            "language": language,
            "ext-lang": extlang,
            "script": script.title(),
            "region": region.upper(),
            "variant": "-".join(variants),
            "extension": found["extensions"][1:],
            "private-use": found["private"] or "",
        }
        return Concept(
            code="-".join(part for part in usual if part) + tail,
            display=f"{language_name} ({', '.join(more)})" if more else language_name,
            properties=_properties(parts),
        )

    def _is_extlang(self, language: str, extlang: str) -> bool:
        return not extlang or self._subtags.prefixes.get(extlang) == language


def _are_extensions(text: str) -> bool:
    """Each extension has a letter of its own."""
    singletons = [part for part in text.split("-") if len(part) == 1]
    return len(set(singletons)) == len(singletons)


def _properties(parts: dict[str, str]) -> tuple[Element, ...]:
    return tuple({"code": name, "valueCode": value} for name, value in parts.items() if value)

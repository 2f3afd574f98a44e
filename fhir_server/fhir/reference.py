"""Literal references: what a reference's text points at.

https://hl7.org/fhir/R4/references.html#literal
"""

import re
from dataclasses import dataclass

_ID = r"[A-Za-z0-9\-.]{1,64}"
_RELATIVE = re.compile(rf"([A-Z][A-Za-z]+)/({_ID})(?:/_history/({_ID}))?")
_RESTFUL_URL = re.compile(rf"https?://\S+?/([A-Z][A-Za-z]+)/{_ID}(?:/_history/{_ID})?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a text refers to: exactly one of four things, or none of them.

    `type`, `id` and perhaps `version`: a resource of this server. `url`: an absolute URL elsewhere
    (or below the server's base, where it is no resource). `urn`: a `urn:` such as a transaction's
    placeholder. `fragment`: a contained resource, "" for the container itself. None of them: a
    conditional reference (`Patient?identifier=...`), or no reference at all.
    """

    type: str | None = None
    id: str | None = None
    version: str | None = None
    url: str | None = None
    urn: str | None = None
    fragment: str | None = None


def parse(text: str, base: str) -> Reference:
    """Return what `text` refers to; `base` is the server's own FHIR base URL.

    Whether a type exists is not looked at: that is the business of validation.
    """
    own = f"{base.rstrip('/')}/"
    found = _RELATIVE.fullmatch(text.removeprefix(own))
    if found is not None:
        return Reference(type=found[1], id=found[2], version=found[3])
    if text.startswith("#"):
        return Reference(fragment=text[1:])
    if text.startswith("urn:"):
        return Reference(urn=text)
    return Reference(url=text) if _SCHEME.fullmatch(text) else Reference()


def type_named_by(text: str) -> str | None:
    """Return the resource type that a relative reference or a RESTful URL names, if it does."""
    found = _RELATIVE.fullmatch(text) or _RESTFUL_URL.fullmatch(text)
    return None if found is None else found[1]

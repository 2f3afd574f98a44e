"""What a concept may be called, in which language, and whether a display is one of these.

https://hl7.org/fhir/R4/codesystem.html#designations
"""

from collections.abc import Iterable, Iterator

from fhir_server.fhir.resource import Element
from fhir_server.terminology.concept import Concept
from fhir_server.terminology.value_set import Listing

LANGUAGES = "urn:ietf:bcp:47"
_DISPLAY_USES = frozenset({"display", "900000000000003001", "900000000000013009"})


def names(concept: Concept | None, listing: Listing | None) -> tuple[str, ...]:
    """Return all that a concept may be called, the preferred first."""
    return tuple(dict.fromkeys(_names(concept, listing)))


def _names(concept: Concept | None, listing: Listing | None) -> Iterator[str]:
    if listing is not None:
        if listing.display:
            yield listing.display
        yield from (str(d["value"]) for d in listing.designations if "value" in d)
    if concept is not None:
        yield from concept.texts


def designations(concept: Concept | None, listing: Listing | None) -> list[Element]:
    """Return the designations of both, each once."""
    found: list[Element] = []
    for source in (listing, concept):
        for each in () if source is None else source.designations:
            if each not in found:
                found.append(each)
    return found


def display(concept: Concept | None, listing: Listing | None, language: str = "") -> str:
    """Return what a concept is called, in `language` where it has a name in it."""
    if language:
        found = _in_language(designations(concept, listing), language)
        if found:
            return found
    return next(iter(names(concept, listing)), "")


def _in_language(found: Iterable[Element], language: str) -> str:
    """Prefer what is a display: by its use, or because no use is stated."""
    fitting = [each for each in found if speaks(str(each.get("language", "")), language)]
    displays = [e for e in fitting if e.get("use", {}).get("code", "display") in _DISPLAY_USES]
    return str(next(iter((*displays, *fitting)), {}).get("value", ""))


def speaks(tag: str, wanted: str) -> bool:
    """Return whether a language tag is `wanted`, or a narrower one."""
    tag, wanted = tag.casefold(), wanted.casefold()
    return tag == wanted or tag.startswith(f"{wanted}-")


def is_name(text: str, known: Iterable[str]) -> bool:
    """Return whether `text` is one of `known`, whatever its case and white space."""
    return _plain(text) in {_plain(each) for each in known}


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()

"""String parameters: what they index, and how a value matches.

https://hl7.org/fhir/R4/search.html#string ; case, accents and runs of white space do not count.
A name or an address matches on each of its parts, and on its text.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping

from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.fhir.resource import Json, items
from fhir_server.search.expression import (
    Expression,
    StringContains,
    StringIs,
    StringStarts,
)
from fhir_server.search.parameter import Parameter
from fhir_server.search.params.bounded import beginning
from fhir_server.search.params.escaping import unescape

_NAME_PARTS = ("family", "given", "prefix", "suffix", "text")
_ADDRESS_PARTS = ("line", "city", "district", "state", "postalCode", "country", "text")

# The normal form, then the text as it is written.
Value = tuple[str, str]


def normalise(text: str) -> str:
    """Return `text` without case, accents, and more than one space between words."""
    if not text.isascii():
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        text = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return " ".join(text.casefold().split())


def values() -> Mapping[str, Callable[[Json], Iterator[Value]]]:
    """Return by FHIR type how an element becomes (normal, exact) values.

    Both are cut after `bounded.LIMIT` characters.
    """
    return {
        "string": _text,
        "markdown": _text,
        "HumanName": lambda name: _parts(name, _NAME_PARTS),
        "Address": lambda address: _parts(address, _ADDRESS_PARTS),
    }


def expression(parameter: Parameter, modifier: str, text: str) -> Expression:
    """Return what the value `text` of a query asks for: without a modifier ("") a beginning.

    The modifiers are `exact` and `contains`.

    Raises:
        InvalidSearchError: Nothing of it is left when it is normalised.
    """
    start = starts(parameter, text)
    match modifier:
        case "exact":
            exact = beginning(unescape(text))
            return StringIs(parameter=parameter, normal=start.prefix, exact=exact)
        case "contains":
            return StringContains(parameter=parameter, part=start.prefix)
        case _:
            return start


def starts(parameter: Parameter, text: str) -> StringStarts:
    """Return what the value `text` asks for without a modifier: a beginning.

    Raises:
        InvalidSearchError: Nothing of it is left when it is normalised.
    """
    prefix = beginning(normalise(unescape(text)))
    if not prefix:
        raise InvalidSearchError(
            f"`{parameter.code}` has no letter to search for.", expression=parameter.code
        )
    return StringStarts(parameter=parameter, prefix=prefix)


def text_values(text: str | None) -> Iterator[Value]:
    """Yield the value of a text, if there is one with a letter in it."""
    if text:
        yield from _text(text)


def _text(text: str) -> Iterator[Value]:
    if normal := normalise(text):
        yield beginning(normal), beginning(text)


def _parts(element: Json, names: tuple[str, ...]) -> Iterator[Value]:
    for name in names:
        for part in items(element, name):
            if part is not None:
                yield from _text(part)

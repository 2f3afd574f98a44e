"""Composite parameters: several values of one element at once.

https://hl7.org/fhir/R4/search.html#composite : `code-value-quantity=http://loinc.org|8480-6$gt140`
finds the Observations in which this very code has such a value.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.fhir.resource import Json
from fhir_server.search.expression import CompositeIs, Part
from fhir_server.search.parameter import Parameter
from fhir_server.search.parameters import parameters
from fhir_server.search.params.escaping import split

ROOT = "%resource."
# More combinations of one element are not indexed: somebody means harm.
_MOST_COMBINATIONS = 1000

Parts = tuple[Json, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """`parameter` says how the values are read, `expression` where they are in the element.

    `of_root`: they are looked for in the whole resource, not in the element.
    """

    parameter: Parameter
    expression: str
    of_root: bool


def components(parameter: Parameter, definitions: Definitions) -> tuple[Component, ...]:
    """Return the components of a composite parameter, in their order.

    Raises:
        KeyError: One of them is no parameter of the same type.
    """
    by_url = {found.url: found for found in parameters(definitions, parameter.base).values()}
    return tuple(
        Component(
            parameter=by_url[url],
            expression=expression.removeprefix(ROOT),
            of_root=expression.startswith(ROOT),
        )
        for url, expression in parameter.components
    )


def combinations(found: Sequence[Sequence[Parts]]) -> Iterator[tuple[Parts, ...]]:
    """Yield each choice of one value per component, of those found in one element."""
    if prod(map(len, found)) <= _MOST_COMBINATIONS:
        yield from product(*found)


def expression(
    parameter: Parameter, text: str, readers: Sequence[Callable[[str], Part]]
) -> CompositeIs:
    """Return what `first$second` asks for; each part is read by the reader of its component.

    Raises:
        InvalidSearchError: It has another number of parts, or one cannot be read.
    """
    parts = split(text, "$")
    if len(parts) != len(readers) or not all(parts):
        raise InvalidSearchError(
            f"`{text}` must have {len(readers)} values for `{parameter.code}`, joined by `$`.",
            expression=parameter.code,
        )
    found = tuple(read(part) for read, part in zip(readers, parts, strict=True))
    return CompositeIs(parameter=parameter, parts=found)

"""Quantity parameters: a range of numbers and the unit that it is in.

https://hl7.org/fhir/R4/search.html#quantity ; a comparator opens the range to its side.
"""

from collections.abc import Callable, Iterator, Mapping

from fhir_server.fhir.resource import Json
from fhir_server.search.params.bounded import equatable
from fhir_server.search.params.number import between, implicit_range

# The range, then the unit: its system and code.
Value = tuple[float, float, str, str]
CURRENCIES = "urn:iso:std:iso:4217"
_INFINITY = float("inf")


def values() -> Mapping[str, Callable[[Json], Iterator[Value]]]:
    """Return by FHIR type how an element becomes (lo, hi, system, code) values."""
    return {
        "Quantity": _quantity,
        "Age": _quantity,
        "Count": _quantity,
        "Distance": _quantity,
        "Duration": _quantity,
        "Money": _money,
        "Range": _range,
        "SampledData": _sampled,
    }


def _quantity(element: Json) -> Iterator[Value]:
    if "value" not in element:
        return
    lo, hi = implicit_range(element["value"])
    comparator = element.get("comparator", "")
    if comparator.startswith("<"):
        lo = -_INFINITY
    elif comparator.startswith(">"):
        hi = _INFINITY
    yield lo, hi, *_unit(element)


def _money(element: Json) -> Iterator[Value]:
    if "value" in element:
        yield *implicit_range(element["value"]), CURRENCIES, element.get("currency", "")


def _range(element: Json) -> Iterator[Value]:
    low, high = element.get("low"), element.get("high")
    if low or high:
        yield *between(low, high), *_unit(low or high)


def _sampled(element: Json) -> Iterator[Value]:
    """Where the device states its limits, the samples lie between them."""
    limits = [
        {"value": element[name]} if name in element else None
        for name in ("lowerLimit", "upperLimit")
    ]
    if any(limits):
        yield *between(*limits), *_unit(element.get("origin", {}))


def _unit(element: Json) -> tuple[str, str]:
    code = element.get("code") or element.get("unit", "")
    return equatable(element.get("system", "")), equatable(code)

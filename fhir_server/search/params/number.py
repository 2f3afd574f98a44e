"""Number parameters: a number stands for the range that its digits leave open.

https://hl7.org/fhir/R4/search.html#number : 100 is [99.5, 100.5], 100.00 is [99.995, 100.005].
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from fhir_server.fhir.resource import Json

# From the least to the greatest value that rounds to what is written.
Value = tuple[float, float]


def implicit_range(number: Decimal | int) -> Value:
    """Return the range of values that are written as `number`, at its number of digits."""
    exact = Decimal(number)
    exponent = exact.as_tuple().exponent
    # An Infinity or NaN has no digits, and no place in JSON either.
    half = Decimal(5).scaleb(exponent - 1) if isinstance(exponent, int) else Decimal(0)
    return float(exact - half), float(exact + half)


def values() -> Mapping[str, Callable[[Json], Iterator[Value]]]:
    """Return by FHIR type how an element becomes (lo, hi) values; a whole number is exact."""
    return {
        "decimal": lambda number: iter([implicit_range(number)]),
        "integer": _whole,
        "positiveInt": _whole,
        "unsignedInt": _whole,
        "Range": _range,
    }


def between(low: Json | None, high: Json | None) -> Value:
    """Return the range from one Quantity's value to another's; what is missing is open."""
    lo = implicit_range(low["value"])[0] if low and "value" in low else float("-inf")
    hi = implicit_range(high["value"])[1] if high and "value" in high else float("inf")
    return lo, hi


def _whole(number: int) -> Iterator[Value]:
    yield float(number), float(number)


def _range(element: Json) -> Iterator[Value]:
    if "low" in element or "high" in element:
        yield between(element.get("low"), element.get("high"))

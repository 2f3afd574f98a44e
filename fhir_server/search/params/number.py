"""Number parameters: the search value stands for the range that its digits leave open.

https://hl7.org/fhir/R4/search.html#number : `100` asks for [99.5, 100.5), `100.00` for
[99.995, 100.005), and `lt100` for what is "less than exactly 100".

A number of a resource is taken as the number that it is. Read as a range too, 100 would be found
by `gt100`, and 5.4 would not be found by `5.40` (docs/decisions/0033).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation

from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.fhir.resource import Json
from fhir_server.search.expression import Comparison, NumberIn
from fhir_server.search.parameter import Parameter
from fhir_server.search.params.escaping import unescape

# From the least to the greatest value.
Value = tuple[float, float]
# https://hl7.org/fhir/R4/search.html#prefix : "the recommended value for the approximation is 10%".
_NEARLY = Decimal("0.1")
_PREFIXED = re.compile(
    r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)", re.ASCII
)
_MOST_CHARACTERS = 64
_RANGED = frozenset({Comparison.EQ, Comparison.NE})


def implicit_range(number: Decimal | int) -> Value:
    """Return the range of values that are written as `number`, at its number of digits."""
    lo, hi = exact_range(Decimal(number))
    return float(lo), float(hi)


def exact_range(number: Decimal) -> tuple[Decimal, Decimal]:
    """Return the same without rounding."""
    exponent = number.as_tuple().exponent
    # An Infinity or NaN has no digits, and no place in JSON either.
    half = Decimal(5).scaleb(exponent - 1) if isinstance(exponent, int) else Decimal(0)
    return number - half, number + half


def values() -> Mapping[str, Callable[[Json], Iterator[Value]]]:
    """Return by FHIR type how an element becomes (lo, hi) values."""
    return {
        "decimal": _plain,
        "integer": _plain,
        "positiveInt": _plain,
        "unsignedInt": _plain,
        "Range": _range,
    }


def compares(comparison: Comparison, value: Value, query: Value) -> bool:
    """Return whether [lo, hi] of a resource satisfies `comparison` with `query`.

    The query is a range [lo, hi) for `eq`, `ne` and `ap`, and one number for the others.
    """
    lo, hi = value
    query_lo, query_hi = query
    inside = query_lo <= lo and hi < query_hi
    meaning = {
        Comparison.EQ: inside,
        Comparison.NE: not inside,
        Comparison.GT: hi > query_hi,
        Comparison.LT: lo < query_lo,
        Comparison.GE: hi >= query_hi,
        Comparison.LE: lo <= query_lo,
        Comparison.SA: lo > query_hi,
        Comparison.EB: hi < query_lo,
        Comparison.AP: lo <= query_hi and hi >= query_lo,
    }
    return meaning[comparison]


def expression(parameter: Parameter, text: str) -> NumberIn:
    """Return what the value `text` of a query asks for.

    Raises:
        InvalidSearchError: It is no prefixed number.
    """
    comparison, (lo, hi) = compared(parameter.code, unescape(text))
    return NumberIn(parameter=parameter, comparison=comparison, lo=float(lo), hi=float(hi))


def compared(code: str, text: str) -> tuple[Comparison, tuple[Decimal, Decimal]]:
    """Return the comparison and the range that the value `text` of parameter `code` names.

    Raises:
        InvalidSearchError: It is no prefixed number.
    """
    found = _PREFIXED.fullmatch(text) if len(text) <= _MOST_CHARACTERS else None
    if found is None:
        raise InvalidSearchError(
            f"`{text}` is not a number for `{code}`: write a prefix (eq, ne, gt, lt, ge, le, sa, "
            "eb, ap) or none, then a number such as `5.40` or `1e3`.",
            expression=code,
        )
    comparison = Comparison(found[1] or "eq")
    try:
        number = Decimal(found[2])
    except InvalidOperation:  # pragma: no cover - the pattern leaves nothing else
        raise InvalidSearchError(f"`{text}` is not a number.", expression=code) from None
    if comparison in _RANGED:
        return comparison, exact_range(number)
    slack = abs(number) * _NEARLY if comparison is Comparison.AP else Decimal(0)
    return comparison, (number - slack, number + slack)


def between(low: Json | None, high: Json | None) -> Value:
    """Return the range from one Quantity's value to another's; what is missing is open."""
    lo = as_float(low["value"]) if low and "value" in low else float("-inf")
    hi = as_float(high["value"]) if high and "value" in high else float("inf")
    return min(lo, hi), max(lo, hi)


def as_float(number: Decimal | int) -> float:
    """Return the nearest number that is stored; equal numbers stay equal."""
    return float(Decimal(number))


def _plain(number: Decimal | int) -> Iterator[Value]:
    yield as_float(number), as_float(number)


def _range(element: Json) -> Iterator[Value]:
    if "low" in element or "high" in element:
        yield between(element.get("low"), element.get("high"))

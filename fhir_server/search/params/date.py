"""Date parameters: an interval of the resource against an interval of the query.

https://hl7.org/fhir/R4/search.html#date and #prefix ; a date stands for all the time that it
leaves open. Without an offset it is read as UTC. A Timing is taken by its outer limits only.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from fhir_server.fhir.dates import InvalidDateError, parse
from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.fhir.resource import Json
from fhir_server.search.expression import Comparison, DateIn, Expression, UpdatedIn
from fhir_server.search.parameter import Parameter
from fhir_server.search.params.escaping import unescape

# Microseconds, half open: from the first of the interval to the first after it.
Value = tuple[int, int]
BEGINNING_OF_TIME = -(2**62)
END_OF_TIME = 2**62

_PREFIXED = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)", re.DOTALL)
# "+" in a URL that was not escaped arrives as a space.
_LOST_PLUS = re.compile(r" (?=\d\d:\d\d$)")


def values() -> Mapping[str, Callable[[Json], Iterator[Value]]]:
    """Return by FHIR type how an element becomes [lo, hi) values."""
    return {
        "date": _moment,
        "dateTime": _moment,
        "instant": _moment,
        "Period": _period,
        "Timing": _timing,
    }


def compares(comparison: Comparison, value: Value, query: Value) -> bool:
    """Return whether the interval `value` of a resource satisfies `comparison` with `query`.

    https://hl7.org/fhir/R4/search.html#prefix
    """
    lo, hi = value
    query_lo, query_hi = query
    inside = query_lo <= lo and hi <= query_hi
    meaning = {
        Comparison.EQ: inside,
        Comparison.NE: not inside,
        Comparison.GT: hi > query_hi,
        Comparison.LT: lo < query_lo,
        Comparison.GE: inside or hi > query_hi,
        Comparison.LE: inside or lo < query_lo,
        Comparison.SA: lo >= query_hi,
        Comparison.EB: hi <= query_lo,
        Comparison.AP: lo < query_hi and query_lo < hi,
    }
    return meaning[comparison]


def expression(parameter: Parameter, text: str, at: int) -> DateIn:
    """Return what the value `text` of a query asks for at the time `at`, microseconds.

    Raises:
        InvalidSearchError: It is no prefixed date.
    """
    comparison, (lo, hi) = compared(parameter.code, text, at)
    return DateIn(parameter=parameter, comparison=comparison, lo=lo, hi=hi)


def updated(code: str, text: str, at: int) -> Expression:
    """Return what the value `text` asks of `meta.lastUpdated` at the time `at`, microseconds.

    Raises:
        InvalidSearchError: It is no prefixed date.
    """
    comparison, (lo, hi) = compared(code, text, at)
    return UpdatedIn(comparison=comparison, lo=lo, hi=hi)


def compared(code: str, text: str, at: int) -> tuple[Comparison, Value]:
    """Return the comparison and the interval that the value `text` of parameter `code` names.

    `ap` widens the interval on both sides by a tenth of its distance from `at`.

    Raises:
        InvalidSearchError: It is no prefixed date.
    """
    prefix, written = _PREFIXED.fullmatch(unescape(text)).groups()  # type: ignore[union-attr]
    comparison = Comparison(prefix or "eq")
    try:
        period = parse(_LOST_PLUS.sub("+", written))
    except InvalidDateError:
        raise InvalidSearchError(
            f"`{text}` is not a date for `{code}`: write a prefix (eq, ne, gt, lt, ge, le, sa, "
            "eb, ap) or none, then `YYYY`, `YYYY-MM`, `YYYY-MM-DD` or a date with time.",
            expression=code,
        ) from None
    slack = 0
    if comparison is Comparison.AP:
        slack = max(period.lo - at, at - period.hi, 0) // 10
    return comparison, (period.lo - slack, period.hi + slack)


def _moment(text: str) -> Iterator[Value]:
    period = parse(text)
    yield period.lo, period.hi


def _period(element: Json) -> Iterator[Value]:
    start, end = element.get("start"), element.get("end")
    if start is None and end is None:
        return
    # Nothing keeps a start from lying after its end; the interval then spans both.
    limits = [*_moment(start or end), *_moment(end or start)]
    lo = BEGINNING_OF_TIME if start is None else min(lo for lo, _ in limits)
    yield lo, END_OF_TIME if end is None else max(hi for _, hi in limits)


def _timing(element: Json) -> Iterator[Value]:
    events = [moment for event in element.get("event", ()) if event for moment in _moment(event)]
    bounds = element.get("repeat", {}).get("boundsPeriod", {})
    limits = [*events, *_period(bounds)]
    if limits:
        yield min(lo for lo, _ in limits), max(hi for _, hi in limits)

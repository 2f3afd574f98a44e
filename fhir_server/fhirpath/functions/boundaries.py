"""`lowBoundary()`, `highBoundary()`, `precision()` and `comparable()`.

https://hl7.org/fhirpath/#utility-functions ; the precision of a decimal is how many decimals it
has, of a date or time how many digits.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal

from fhir_server.fhirpath import quantity, temporal
from fhir_server.fhirpath.errors import FhirPathEvaluationError
from fhir_server.fhirpath.evaluation import Run
from fhir_server.fhirpath.function import Function, a, one_of
from fhir_server.fhirpath.functions.subsetting import whole
from fhir_server.fhirpath.item import (
    EMPTY,
    Items,
    Value,
    single_value,
    system_item,
    truth,
)
from fhir_server.fhirpath.quantity import Quantity
from fhir_server.fhirpath.temporal import HOUR, SECOND, Temporal, month_days

_DECIMALS = 8
_MOST_DECIMALS = 28
_WIDE = Context(prec=400)
_DATE_DIGITS = {4: 1, 6: 2, 8: 3, 10: 4, 12: 5, 14: 6, 17: 6}
_TIME_DIGITS = {2: 1, 4: 2, 6: 3, 9: 3}
_DEFAULT_DIGITS = {"Date": 8, "DateTime": 17, "Time": 9}
_WITH_MILLISECONDS = frozenset({9, 17})
_MILLISECONDS = 3


def _boundary(*, high: bool) -> Callable[..., Items]:
    def call(_: Run, focus: Items, *precision: Items) -> Items:
        value = single_value(focus)
        digits = whole(precision[0]) if precision else None
        if value is None or (precision and digits is None):
            return EMPTY
        found = _boundary_of(value, digits, high=high)
        return EMPTY if found is None else [system_item(found)]

    return call


def _boundary_of(value: Value, digits: int | None, *, high: bool) -> Value | None:
    match value:
        case bool() | str():
            raise FhirPathEvaluationError("The function wants a number, quantity, date or time.")
        case int() | Decimal():
            return decimal_boundary(Decimal(value), digits, high=high)
        case Quantity():
            bound = decimal_boundary(value.value, digits, high=high)
            return None if bound is None else replace(value, value=bound)
        case Temporal():
            return temporal_boundary(value, digits, high=high)


def decimal_boundary(value: Decimal, places: int | None, *, high: bool) -> Decimal | None:
    """Return the least or greatest number that rounds to `value`, with so many decimals.

    None where a decimal cannot have so many. A boundary that rounds to zero at a coarse precision
    is zero, otherwise the low one is rounded down and the high one up.
    """
    places = _DECIMALS if places is None else places
    exponent = value.as_tuple().exponent
    if not 0 <= places <= _MOST_DECIMALS or not isinstance(exponent, int):
        return None
    half = Decimal(5).scaleb(min(exponent, 0) - 1)
    exact = _WIDE.add(value, half if high else -half)
    unit = Decimal(1).scaleb(-places)
    near = exact.quantize(unit, rounding=ROUND_HALF_UP, context=_WIDE)
    if near == 0:
        return near
    mode = ROUND_CEILING if high else ROUND_FLOOR
    return exact.quantize(unit, rounding=mode, context=_WIDE)


def temporal_boundary(value: Temporal, digits: int | None, *, high: bool) -> Temporal | None:
    """Return the first or last moment that `value` can mean, with so many digits.

    None where its type cannot have so many. A time of which only the hour is written is that hour
    sharp, since FHIR has none without minutes. The offset, where there is none and a time is asked
    for, is the one that goes furthest.
    """
    digits = _DEFAULT_DIGITS[value.kind] if digits is None else digits
    length = (_TIME_DIGITS if value.kind == "Time" else _DATE_DIGITS).get(digits)
    if length is None or (value.kind == "Date" and value.first + length > HOUR):
        return None
    parts = list(value.parts)
    if value.last == HOUR:
        parts.append(0)
    while len(parts) < length:
        parts.append(_outermost(value.first + len(parts), tuple(parts), high=high))
    if digits in _WITH_MILLISECONDS:
        parts[-1] = _milliseconds(Decimal(parts[-1]), value, high=high)
    parts = parts[:length]
    found = replace(value, parts=tuple(parts))
    if value.kind != "DateTime":
        return found
    return replace(found, offset=_offset(found, high=high))


def _offset(value: Temporal, *, high: bool) -> int | None:
    if value.last < HOUR or value.offset is not None:
        return value.offset if value.last >= HOUR else None
    return temporal.LATEST_OFFSET if high else temporal.EARLIEST_OFFSET


def _outermost(level: int, parts: tuple[int | Decimal, ...], *, high: bool) -> int | Decimal:
    if not high:
        return 1 if level < temporal.HOUR else 0
    if level == temporal.MONTH:
        return 12
    if level == temporal.DAY:
        return month_days(parts)
    return 23 if level == HOUR else 59


def _milliseconds(seconds: Decimal, value: Temporal, *, high: bool) -> Decimal:
    if high and value.last < SECOND:
        return seconds + Decimal("0.999")
    thousandth = Decimal("0.001")
    exponent = seconds.as_tuple().exponent
    if high and isinstance(exponent, int) and exponent > -_MILLISECONDS:
        return (seconds + Decimal(1).scaleb(exponent) - thousandth).quantize(thousandth)
    return seconds.quantize(thousandth, rounding=ROUND_FLOOR)


def _precision(_: Run, focus: Items) -> Items:
    value = single_value(focus)
    match value:
        case None:
            return EMPTY
        case Temporal():
            return [system_item(_digits(value))]
        case Decimal():
            exponent = value.as_tuple().exponent
            return [system_item(max(0, -exponent) if isinstance(exponent, int) else 0)]
        case int() if not isinstance(value, bool):
            return [system_item(0)]
        case _:
            raise FhirPathEvaluationError("The function wants a decimal, date or time.")


def _digits(value: Temporal) -> int:
    text = str(replace(value, offset=None))
    return sum(character.isdigit() for character in text)


def _comparable(_: Run, focus: Items, other: Items) -> Items:
    one, two = single_value(focus), single_value(other)
    if one is None or two is None:
        return EMPTY
    if not isinstance(one, Quantity) or not isinstance(two, Quantity):
        raise FhirPathEvaluationError("The function wants quantities.")
    return truth(quantity.comparable(one, two))


FUNCTIONS = (
    Function(name="lowBoundary", call=_boundary(high=False), arguments=(0, 1), result=one_of),
    Function(name="highBoundary", call=_boundary(high=True), arguments=(0, 1), result=one_of),
    Function(name="precision", call=_precision, result=a("Integer")),
    Function(name="comparable", call=_comparable, arguments=(1, 1), result=a("Boolean")),
)

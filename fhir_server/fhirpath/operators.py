"""What the operators do with the collections to their left and right.

https://hl7.org/fhirpath/N1/#operations
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal, DecimalException

from fhir_server.fhirpath import quantity, temporal
from fhir_server.fhirpath.equality import compare_values, equal, equal_items, equivalent, key
from fhir_server.fhirpath.errors import FhirPathEvaluationError, FhirPathLimitError
from fhir_server.fhirpath.evaluation import Run
from fhir_server.fhirpath.item import (
    EMPTY,
    Items,
    Value,
    boolean,
    single,
    single_value,
    system_item,
    truth,
    value_of,
)
from fhir_server.fhirpath.quantity import ARITHMETIC, CALENDAR, Quantity
from fhir_server.fhirpath.temporal import Temporal

# The longest text that an expression can put together.
MOST_TEXT = 131_072
MOST_INTEGER = 2**31 - 1
_LEVELS = {
    "year": temporal.YEAR,
    "month": temporal.MONTH,
    "day": temporal.DAY,
    "hour": temporal.HOUR,
    "minute": temporal.MINUTE,
    "second": temporal.SECOND,
}
_WORDS = {
    "wk": "week",
    "d": "day",
    "h": "hour",
    "min": "minute",
    "s": "second",
    "ms": "millisecond",
}
_PARTS = {"week": (Decimal(7), "day"), "millisecond": (Decimal("0.001"), "second")}

Number = int | Decimal


def number(value: Value | None) -> Number | None:
    """Return `value` where it is a number."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value
    return None


def bounded(value: Value | None) -> Items:
    """Return the collection of a result; none where it is beyond what its type can be.

    https://hl7.org/fhirpath/N1/#math : an overflow is an empty result.
    """
    if value is None or (isinstance(value, Decimal) and not value.is_finite()):
        return EMPTY
    if type(value) is int and not -MOST_INTEGER - 1 <= value <= MOST_INTEGER:
        return EMPTY
    return [system_item(value)]


def _equals(run: Run, left: Items, right: Items) -> Items:
    return truth(equal(left, right, run.spend))


def _differs(run: Run, left: Items, right: Items) -> Items:
    result = equal(left, right, run.spend)
    return truth(None if result is None else not result)


def _equivalent(run: Run, left: Items, right: Items) -> Items:
    return truth(equivalent(left, right, run.spend))


def _not_equivalent(run: Run, left: Items, right: Items) -> Items:
    return truth(not equivalent(left, right, run.spend))


def _ordered(test: Callable[[int], bool]) -> Callable[[Run, Items, Items], Items]:
    def operate(_: Run, left: Items, right: Items) -> Items:
        one, other = single(left), single(right)
        if one is None or other is None:
            return EMPTY
        ours, theirs = value_of(one), value_of(other)
        if ours is None or theirs is None:
            if isinstance(one.value, dict) or isinstance(other.value, dict):
                raise FhirPathEvaluationError("A complex type has no order.")
            return EMPTY
        order = compare_values(ours, theirs)
        return truth(None if order is None else test(order))

    return operate


def union(run: Run, left: Items, right: Items) -> Items:
    """Return the items of both, each once."""
    return distinct(run, [*left, *right])


def distinct(run: Run, items: Items) -> Items:
    """Return each item once, in the order in which they came."""
    run.spend(len(items))
    if len(items) < 2:  # noqa: PLR2004 - one item is distinct
        return items
    return list({key(item, run.spend): item for item in reversed(items)}.values())[::-1]


def _is_in(run: Run, left: Items, right: Items) -> Items:
    item = single(left)
    if item is None:
        return EMPTY
    run.spend(len(right))
    return truth(any(equal_items(item, other, run.spend) for other in right))


def _contains(run: Run, left: Items, right: Items) -> Items:
    return _is_in(run, right, left)


def xor(_: Run, left: Items, right: Items) -> Items:
    """Return whether exactly one is true."""
    one, other = boolean(left), boolean(right)
    return EMPTY if one is None or other is None else truth(one is not other)


def refuse_text(length: int) -> None:
    """Refuse to put together a text of more than `length` characters.

    Raises:
        FhirPathLimitError: It would be too long.
    """
    if length > MOST_TEXT:
        raise FhirPathLimitError(f"A text would have more than {MOST_TEXT} characters.")


def _joined(run: Run, one: str, other: str) -> str:
    refuse_text(len(one) + len(other))
    run.spend((len(one) + len(other)) // 64)
    return one + other


def _concatenated(run: Run, left: Items, right: Items) -> Items:
    texts = [single_value(side) for side in (left, right)]
    if not all(each is None or isinstance(each, str) for each in texts):
        raise FhirPathEvaluationError("`&` wants Strings.")
    return [system_item(_joined(run, str(texts[0] or ""), str(texts[1] or "")))]


def _arithmetic(name: str) -> Callable[[Run, Items, Items], Items]:
    def operate(run: Run, left: Items, right: Items) -> Items:
        one, other = single_value(left), single_value(right)
        if one is None or other is None:
            return EMPTY
        try:
            return bounded(_calculated(run, name, one, other))
        except (DecimalException, ZeroDivisionError):
            return EMPTY

    return operate


def _calculated(run: Run, name: str, one: Value, other: Value) -> Value | None:
    ours, theirs = number(one), number(other)
    if ours is not None and theirs is not None:
        return _NUMERIC[name](ours, theirs)
    if isinstance(one, str) and isinstance(other, str) and name == "+":
        return _joined(run, one, other)
    if name in {"+", "-"} and isinstance(one, Temporal) and isinstance(other, Quantity):
        return _moved(one, other, 1 if name == "+" else -1)
    left, right = _quantity(one), _quantity(other)
    if left is None or right is None or name not in _OF_QUANTITIES:
        raise FhirPathEvaluationError(f"`{name}` does not take values of these types.")
    return _OF_QUANTITIES[name](left, right)


def _quantity(value: Value) -> Quantity | None:
    if isinstance(value, Quantity):
        return value
    found = number(value)
    return None if found is None else Quantity(value=Decimal(found))


_OF_QUANTITIES: Mapping[str, Callable[[Quantity, Quantity], Quantity | None]] = {
    "+": lambda one, other: quantity.add(one, other, 1),
    "-": lambda one, other: quantity.add(one, other, -1),
    "*": lambda one, other: quantity.multiply(one, other, 1),
    "/": lambda one, other: quantity.multiply(one, other, -1),
}


def _moved(value: Temporal, by: Quantity, sign: int) -> Temporal | None:
    """Return the date or time so much later or earlier.

    https://hl7.org/fhirpath/N1/#datetime-arithmetic ; only whole units count, and the definite
    month and year are no measure of the calendar.
    """
    word = CALENDAR.get(by.unit) or _WORDS.get(by.unit)
    if word is None:
        raise FhirPathEvaluationError(f"A date or time cannot be moved by the unit `{by.unit}`.")
    scale, word = _PARTS.get(word, (Decimal(1), word))
    return temporal.add(value, sign * scale * int(by.value), _LEVELS[word])


def _both_integers(
    whole: Callable[[int, int], Number], broken: Callable[[Decimal, Decimal], Number]
) -> Callable[[Number, Number], Number]:
    def operate(one: Number, other: Number) -> Number:
        if isinstance(one, int) and isinstance(other, int):
            return whole(one, other)
        return broken(Decimal(one), Decimal(other))

    return operate


def _divided(one: Number, other: Number) -> Number:
    return ARITHMETIC.divide(Decimal(one), Decimal(other))


_NUMERIC: Mapping[str, Callable[[Number, Number], Number]] = {
    "+": _both_integers(lambda a, b: a + b, ARITHMETIC.add),
    "-": _both_integers(lambda a, b: a - b, ARITHMETIC.subtract),
    "*": _both_integers(lambda a, b: a * b, ARITHMETIC.multiply),
    "/": _divided,
    "div": lambda one, other: int(ARITHMETIC.divide_int(Decimal(one), Decimal(other))),
    "mod": _both_integers(
        lambda a, b: int(ARITHMETIC.remainder(Decimal(a), Decimal(b))), ARITHMETIC.remainder
    ),
}

BINARY: Mapping[str, Callable[[Run, Items, Items], Items]] = {
    "=": _equals,
    "!=": _differs,
    "~": _equivalent,
    "!~": _not_equivalent,
    "<": _ordered(lambda order: order < 0),
    "<=": _ordered(lambda order: order <= 0),
    ">": _ordered(lambda order: order > 0),
    ">=": _ordered(lambda order: order >= 0),
    "|": union,
    "in": _is_in,
    "contains": _contains,
    "xor": xor,
    "&": _concatenated,
    **{name: _arithmetic(name) for name in _NUMERIC},
}


def negated(items: Items) -> Items:
    """Return the number or quantity with the other sign.

    Raises:
        FhirPathEvaluationError: It is neither.
    """
    value = single_value(items)
    if value is None:
        return EMPTY
    if isinstance(value, Quantity):
        return [system_item(replace(value, value=ARITHMETIC.minus(value.value)))]
    if (found := number(value)) is None:
        raise FhirPathEvaluationError("`-` wants a number.")
    return bounded(ARITHMETIC.minus(found) if isinstance(found, Decimal) else -found)


def positive(items: Items) -> Items:
    """Return the number or quantity.

    Raises:
        FhirPathEvaluationError: It is neither.
    """
    negated(items)
    return items

"""https://hl7.org/fhirpath/N1/#conversion : `toX()` and `convertsToX()`."""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from fhir_server.fhirpath.evaluation import Run
from fhir_server.fhirpath.function import Function, a
from fhir_server.fhirpath.item import EMPTY, Items, Value, single_value, system_item, truth
from fhir_server.fhirpath.operators import MOST_INTEGER
from fhir_server.fhirpath.quantity import CALENDAR, Quantity
from fhir_server.fhirpath.temporal import (
    HOUR,
    Temporal,
    parse_date,
    parse_datetime,
    parse_time,
)

_INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_QUANTITY = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(?:'([^']+)'|([A-Za-z]+))?", re.ASCII)
_TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "0.0"})
_MOST_DIGITS = 64


def to_boolean(value: Value) -> bool | None:
    """Return the Boolean that `value` converts to, None where it does not."""
    match value:
        case bool():
            return value
        case int() | Decimal():
            return value == 1 if value in {0, 1} else None
        case str():
            word = value.lower()
            return True if word in _TRUE else False if word in _FALSE else None
        case _:
            return None


def to_integer(value: Value) -> int | None:
    """Return the Integer that `value` converts to, None where it does not."""
    match value:
        case bool() | int():
            return int(value)
        case str() if _INTEGER.fullmatch(value):
            number = int(value)
            return number if -MOST_INTEGER - 1 <= number <= MOST_INTEGER else None
        case _:
            return None


def to_decimal(value: Value) -> Decimal | None:
    """Return the Decimal that `value` converts to, None where it does not."""
    match value:
        case bool() | int() | Decimal():
            return Decimal(value)
        case str() if len(value) <= _MOST_DIGITS and _DECIMAL.fullmatch(value):
            return Decimal(value)
        case _:
            return None


def to_string(value: Value) -> str:
    """Return the String of any value: decimals digit for digit, dates as FHIR writes them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def to_date(value: Value) -> Temporal | None:
    """Return the Date that `value` converts to, None where it does not."""
    match value:
        case Temporal(kind="Date"):
            return value
        case Temporal(kind="DateTime"):
            return Temporal(kind="Date", parts=value.parts[:HOUR])
        case str():
            found = parse_datetime(value)
            return parse_date(value) or (found and to_date(found))
        case _:
            return None


def to_datetime(value: Value) -> Temporal | None:
    """Return the DateTime that `value` converts to, None where it does not."""
    match value:
        case Temporal(kind="Date" | "DateTime"):
            return replace(value, kind="DateTime")
        case str():
            return parse_datetime(value)
        case _:
            return None


def to_time(value: Value) -> Temporal | None:
    """Return the Time that `value` converts to, None where it does not."""
    match value:
        case Temporal(kind="Time"):
            return value
        case str():
            return parse_time(value)
        case _:
            return None


def to_quantity(value: Value) -> Quantity | None:
    """Return the Quantity that `value` converts to, None where it does not."""
    match value:
        case Quantity():
            return value
        case bool() | int() | Decimal():
            return Quantity(value=Decimal(value))
        case str() if len(value) <= _MOST_DIGITS and (found := _QUANTITY.fullmatch(value)):
            unit, word = found[2], found[3]
            if word and word not in CALENDAR:
                return None
            return Quantity(value=Decimal(found[1]), unit=unit or word or "1")
        case _:
            return None


_CONVERSIONS: tuple[tuple[str, Callable[[Value], Value | None]], ...] = (
    ("Boolean", to_boolean),
    ("Integer", to_integer),
    ("Decimal", to_decimal),
    ("String", to_string),
    ("Date", to_date),
    ("DateTime", to_datetime),
    ("Time", to_time),
    ("Quantity", to_quantity),
)


def _functions(name: str, convert: Callable[[Value], Value | None]) -> tuple[Function, Function]:
    def to(_: Run, focus: Items, *_unit: Items) -> Items:
        value = single_value(focus)
        found = None if value is None else convert(value)
        return EMPTY if found is None else [system_item(found)]

    def converts(run: Run, focus: Items, *unit: Items) -> Items:
        if single_value(focus) is None:
            return truth(False) if focus else EMPTY  # noqa: FBT003 - the value itself
        return truth(bool(to(run, focus, *unit)))

    return (
        Function(name=f"to{name}", call=to, result=a(name)),
        Function(name=f"convertsTo{name}", call=converts, result=a("Boolean")),
    )


FUNCTIONS = tuple(
    function for name, convert in _CONVERSIONS for function in _functions(name, convert)
)

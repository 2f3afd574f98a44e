"""https://hl7.org/fhirpath/N1/#math : decimals have 28 digits."""

from collections.abc import Callable
from dataclasses import replace
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    Context,
    Decimal,
    DecimalException,
)

from fhir_server.fhirpath.errors import FhirPathEvaluationError
from fhir_server.fhirpath.evaluation import Run
from fhir_server.fhirpath.function import Function, a, one_of
from fhir_server.fhirpath.item import EMPTY, Items, Value, single_value
from fhir_server.fhirpath.operators import Number, bounded, number
from fhir_server.fhirpath.quantity import ARITHMETIC, Quantity, rounded

_NUMBER = frozenset({"Integer", "Decimal"})
_MEASURE = _NUMBER | {"Quantity"}
# Digits beyond those of a result, so that ln(16) / ln(2) is 4.
_EXACT = Context(prec=40)
_MOST_PLACES = 28


def _on_number(operate: Callable[..., Value | None]) -> Callable[..., Items]:
    """Return a function that is empty where an input is, and where there is no result."""

    def call(_: Run, focus: Items, *arguments: Items) -> Items:
        values = [single_value(items) for items in (focus, *arguments)]
        if None in values:
            return EMPTY
        if any(number(value) is None for value in values):
            raise FhirPathEvaluationError("The function wants a number.")
        try:
            return bounded(operate(*values))
        except (DecimalException, ZeroDivisionError):
            return EMPTY

    return call


def _abs(_: Run, focus: Items) -> Items:
    value = single_value(focus)
    if isinstance(value, Quantity):
        return bounded(replace(value, value=value.value.copy_abs()))
    found = number(value)
    if value is None:
        return EMPTY
    if found is None:
        raise FhirPathEvaluationError("The function wants a number.")
    return bounded(found.copy_abs() if isinstance(found, Decimal) else abs(found))


def _integral(mode: str) -> Callable[[Number], int]:
    return lambda value: int(Decimal(value).to_integral_value(rounding=mode))


def _round(value: Number, *places: Number) -> Number | None:
    if places and (type(places[0]) is not int or not 0 <= places[0] <= _MOST_PLACES):
        raise FhirPathEvaluationError("The precision must be an Integer from 0 to 28.")
    return rounded(Decimal(value), int(places[0]) if places else 0)


def _sqrt(value: Number) -> Decimal | None:
    return None if value < 0 else ARITHMETIC.sqrt(Decimal(value))


def _ln(value: Number) -> Decimal | None:
    return None if value <= 0 else ARITHMETIC.ln(Decimal(value))


def _log(value: Number, base: Number) -> Decimal | None:
    if value <= 0 or base <= 0:
        return None
    exact = _EXACT.divide(_EXACT.ln(Decimal(value)), _EXACT.ln(Decimal(base)))
    return ARITHMETIC.plus(exact)


def _power(value: Number, exponent: Number) -> Number | None:
    found = ARITHMETIC.power(Decimal(value), Decimal(exponent))
    whole = isinstance(value, int) and isinstance(exponent, int) and exponent >= 0
    return int(found) if whole and found.adjusted() < _MOST_PLACES else found


def _exp(value: Number) -> Decimal:
    return ARITHMETIC.exp(Decimal(value))


FUNCTIONS = (
    Function(name="abs", call=_abs, result=one_of, wants=_MEASURE),
    *(
        Function(name=name, call=_on_number(_integral(mode)), result=a("Integer"), wants=_NUMBER)
        for name, mode in (
            ("ceiling", ROUND_CEILING),
            ("floor", ROUND_FLOOR),
            ("truncate", ROUND_DOWN),
        )
    ),
    *(
        Function(name=name, call=_on_number(operate), result=a("Decimal"), wants=_NUMBER)
        for name, operate in (("exp", _exp), ("ln", _ln), ("sqrt", _sqrt))
    ),
    Function(
        name="round",
        call=_on_number(_round),
        arguments=(0, 1),
        result=a("Decimal"),
        wants=_NUMBER,
    ),
    Function(
        name="log", call=_on_number(_log), arguments=(1, 1), result=a("Decimal"), wants=_NUMBER
    ),
    Function(
        name="power",
        call=_on_number(_power),
        arguments=(1, 1),
        result=a("Integer", "Decimal"),
        wants=_NUMBER,
    ),
)

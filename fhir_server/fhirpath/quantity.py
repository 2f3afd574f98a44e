"""Quantity of FHIRPath: a decimal with a unit of UCUM or of the calendar.

https://hl7.org/fhirpath/N1/#quantity

`1 month` is a month of the calendar and `1 'mo'` is 30.4375 days; the two are never equal. Weeks
and what is shorter are the same in both.
"""

from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException
from fractions import Fraction

from typing_extensions import override

from fhir_server.fhirpath.units import Unit, parse_unit

ARITHMETIC = Context(prec=28)
ONE = "1"
# Each word of the calendar with its singular.
CALENDAR = {
    word: singular
    for singular in ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
    for word in (singular, f"{singular}s")
}
_UCUM = {
    "week": "wk",
    "day": "d",
    "hour": "h",
    "minute": "min",
    "second": "s",
    "millisecond": "ms",
}
_MONTH = Unit(factor=Fraction(1), dimensions=(("month of the calendar", 1),))
_YEAR = Unit(factor=Fraction(12), dimensions=_MONTH.dimensions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """`value` keeps its digits; `unit` is as it was written, `1` where there is none."""

    value: Decimal
    unit: str = ONE

    @override
    def __str__(self) -> str:
        """Return it as a literal."""
        unit = self.unit if self.unit in CALENDAR else "'" + self.unit.replace("'", "\\'") + "'"
        return f"{self.value:f} {unit}"


def unit_of(quantity: Quantity) -> Unit | None:
    """Return what its unit measures, None where the unit is not known."""
    word = CALENDAR.get(quantity.unit)
    if word == "month":
        return _MONTH
    if word == "year":
        return _YEAR
    return parse_unit(_UCUM.get(word or "", quantity.unit))


def comparable(ours: Quantity, theirs: Quantity) -> bool:
    """Return whether both are of one dimension."""
    one, other = unit_of(ours), unit_of(theirs)
    if one is None or other is None:
        return ours.unit == theirs.unit
    return one.dimensions == other.dimensions


def compare(ours: Quantity, theirs: Quantity) -> int | None:
    """Return -1, 0 or 1, and None where they measure different things."""
    if not comparable(ours, theirs):
        return None
    one, other = canonical(ours), canonical(theirs)
    return (one > other) - (one < other)


def canonical(quantity: Quantity) -> Fraction:
    """Return the value in the base units, its own value where the unit is not known."""
    value, unit = Fraction(quantity.value), unit_of(quantity)
    return value if unit is None else value * unit.factor + unit.offset


def key(quantity: Quantity) -> tuple[object, ...]:
    """Return what is the same for quantities that are equal, and for a number equal to one."""
    unit = unit_of(quantity)
    if unit is not None and not unit.dimensions:
        return (False, canonical(quantity))
    dimensions: object = quantity.unit if unit is None else unit.dimensions
    return ("Quantity", dimensions, canonical(quantity))


def equivalent(ours: Quantity, theirs: Quantity) -> bool:
    """Return whether they are the same at the precision of the less precise.

    https://hl7.org/fhirpath/N1/#equivalent-quantity ; compared in the larger of the two units.
    A year or month of the calendar is then the same as the definite one.
    """
    ours, theirs = _definite(ours), _definite(theirs)
    if not comparable(ours, theirs):
        return False
    one, other = unit_of(ours), unit_of(theirs)
    if one is None or other is None or one.factor == other.factor:
        return equivalent_decimals(ours.value, theirs.value)
    if one.factor < other.factor:
        return equivalent_decimals(_converted(ours, other), theirs.value)
    return equivalent_decimals(ours.value, _converted(theirs, one))


def _definite(quantity: Quantity) -> Quantity:
    unit = {"month": "mo", "year": "a"}.get(CALENDAR.get(quantity.unit, ""))
    return quantity if unit is None else Quantity(value=quantity.value, unit=unit)


def equivalent_decimals(ours: Decimal, theirs: Decimal) -> bool:
    """Return whether the two are the same, rounded as the one with fewer decimals is."""
    places = min(_places(ours), _places(theirs))
    return rounded(ours, places) == rounded(theirs, places)


def rounded(value: Decimal, places: int) -> Decimal:
    """Return `value` with so many decimals, a half rounded away from zero."""
    wide = Context(prec=max(1, value.adjusted() + places + 2), rounding="ROUND_HALF_UP")
    return value.quantize(Decimal(1).scaleb(-places), context=wide)


def _places(value: Decimal) -> int:
    exponent = value.normalize(ARITHMETIC).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _converted(quantity: Quantity, unit: Unit) -> Decimal:
    return decimal_of((canonical(quantity) - unit.offset) / unit.factor)


def decimal_of(value: Fraction) -> Decimal:
    """Return the nearest decimal of 28 digits."""
    return ARITHMETIC.divide(Decimal(value.numerator), Decimal(value.denominator))


def add(ours: Quantity, theirs: Quantity, sign: int) -> Quantity | None:
    """Return the sum, or with the sign -1 the difference, in the smaller of the two units."""
    one, other = unit_of(ours), unit_of(theirs)
    if not comparable(ours, theirs):
        return None
    if one is None or other is None or one == other:
        return Quantity(value=ARITHMETIC.add(ours.value, sign * theirs.value), unit=ours.unit)
    if one.factor < other.factor:
        value = ARITHMETIC.add(ours.value, sign * _converted(theirs, one))
        return Quantity(value=value, unit=ours.unit)
    value = ARITHMETIC.add(_converted(ours, other), sign * theirs.value)
    return Quantity(value=value, unit=theirs.unit)


def multiply(ours: Quantity, theirs: Quantity, power: int) -> Quantity | None:
    """Return the product, or with the power -1 the quotient; None where a unit is not known."""
    try:
        return _multiply(ours, theirs, power)
    except (DecimalException, ZeroDivisionError):
        return None


def _multiply(ours: Quantity, theirs: Quantity, power: int) -> Quantity | None:
    operate = ARITHMETIC.multiply if power > 0 else ARITHMETIC.divide
    if theirs.unit == ONE:
        return Quantity(value=operate(ours.value, theirs.value), unit=ours.unit)
    one, other = unit_of(ours), unit_of(theirs)
    if one is None or other is None:
        return None
    value = canonical(ours) * canonical(theirs) ** power
    return Quantity(value=decimal_of(value), unit=one.times(other, power).canonical)

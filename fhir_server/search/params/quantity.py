"""Quantity parameters: a number, or a range of them, and the unit that it is in.

https://hl7.org/fhir/R4/search.html#quantity ; a comparator opens the range to its side.

What is measured in a unit of UCUM is also indexed in base units, so that `5.4 g` and `5400 mg` are
one: "servers may convert between units". A unit's text is a unit without a system.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.fhir.resource import Json
from fhir_server.fhirpath.units import Unit, parse_unit
from fhir_server.search.expression import QuantityIn
from fhir_server.search.parameter import Parameter
from fhir_server.search.params.bounded import equatable
from fhir_server.search.params.escaping import split, unescape
from fhir_server.search.params.number import as_float, between, compared

# The range, then the unit: its system and code.
Value = tuple[float, float, str, str]
CURRENCIES = "urn:iso:std:iso:4217"
UCUM = "http://unitsofmeasure.org"
# Stands for the system of values that were converted to base units; nobody writes it.
BASE_UNITS = "\x01ucum-base-units"
_INFINITY = float("inf")
_PARTS = 3
# Of a number that can be told from nothing and from infinity.
_MOST_DIGITS = 400


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


def expression(parameter: Parameter, text: str) -> QuantityIn:
    """Return what `number`, `number|system|code` or `number||code` asks for.

    Raises:
        InvalidSearchError: It is none of these.
    """
    parts = [unescape(part) for part in split(text, "|")]
    number, system, code = (*parts, "", "")[:_PARTS]
    if len(parts) not in {1, _PARTS} or (system and not code):
        raise InvalidSearchError(
            f"`{text}` is not a quantity for `{parameter.code}`: write `number`, "
            "`number|system|code` or `number||code`.",
            expression=parameter.code,
        )
    comparison, (lo, hi) = compared(parameter.code, number)
    unit = parse_unit(code) if system == UCUM else None
    if unit is not None:
        return QuantityIn(
            parameter=parameter,
            comparison=comparison,
            lo=_in_base(lo, unit),
            hi=_in_base(hi, unit),
            system=BASE_UNITS,
            code=unit.canonical,
        )
    return QuantityIn(
        parameter=parameter,
        comparison=comparison,
        lo=float(lo),
        hi=float(hi),
        system=equatable(system) or None,
        code=equatable(code) or None,
    )


def _quantity(element: Json) -> Iterator[Value]:
    if "value" not in element:
        return
    yield from _in_units(element, *_opened(element))


def _opened(element: Json) -> tuple[Json, Json]:
    """Return the ends of the range, None where a comparator leaves it open."""
    value, comparator = element["value"], element.get("comparator", "")
    return (
        None if comparator.startswith("<") else value,
        None if comparator.startswith(">") else value,
    )


def _in_units(element: Json, lo: Json, hi: Json) -> Iterator[Value]:
    """Yield the range in each unit that `element` can be said to be in."""
    system, code, name = (str(element.get(key, "")) for key in ("system", "code", "unit"))
    ends = (
        -_INFINITY if lo is None else as_float(lo),
        _INFINITY if hi is None else as_float(hi),
    )
    yield *ends, equatable(system), equatable(code or name)
    if name and code not in {"", name}:
        yield *ends, "", equatable(name)
    unit = parse_unit(code) if system == UCUM and code else None
    if unit is not None:
        low = -_INFINITY if lo is None else _in_base(Decimal(lo), unit)
        high = _INFINITY if hi is None else low if hi is lo else _in_base(Decimal(hi), unit)
        yield low, high, BASE_UNITS, unit.canonical


def _in_base(number: Decimal, unit: Unit) -> float:
    """Return `number` of `unit` in base units; exact until the last step, so that equals meet.

    That is `float(number * unit.factor + unit.offset)` in fractions, which nobody shortens: what
    divides two integers rounds correctly.
    """
    if abs(number.adjusted()) > _MOST_DIGITS:
        return float(number)  # infinite or nothing, in whatever unit
    top, bottom = number.as_integer_ratio()
    factor, offset = unit.factor, unit.offset
    top, bottom = top * factor.numerator, bottom * factor.denominator
    if offset:
        top = top * offset.denominator + offset.numerator * bottom
        bottom *= offset.denominator
    try:
        return top / bottom
    except OverflowError:
        return _INFINITY if number > 0 else -_INFINITY


def _money(element: Json) -> Iterator[Value]:
    if "value" in element:
        value = as_float(element["value"])
        yield value, value, CURRENCIES, element.get("currency", "")


def _range(element: Json) -> Iterator[Value]:
    low, high = element.get("low"), element.get("high")
    if low or high:
        ends = ((end or {}).get("value") for end in (low, high))
        yield from _in_units(low or high, *ends)


def _sampled(element: Json) -> Iterator[Value]:
    """Where the device states its limits, the samples lie between them."""
    limits = [
        {"value": element[name]} if name in element else None
        for name in ("lowerLimit", "upperLimit")
    ]
    if any(limits):
        origin = element.get("origin", {})
        code = origin.get("code") or origin.get("unit", "")
        yield *between(*limits), equatable(origin.get("system", "")), equatable(code)

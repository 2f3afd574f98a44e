"""Quantities in base units: the same as by exact fractions, so that equal ones stay equal.

https://ucum.org/ucum
"""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhirpath.units import parse_unit
from fhir_server.search.params import quantity

UNITS = ("mg", "kg", "mm[Hg]", "Cel", "[degF]", "/min", "%", "kg/m2", "mmol/L", "a", "10*3/uL")
NUMBERS = st.builds(
    lambda digits, places: Decimal(digits).scaleb(places),
    st.integers(-(10**18), 10**18),
    st.integers(-40, 40),
)


@given(st.sampled_from(UNITS), NUMBERS)
def test_a_quantity_is_indexed_by_its_exact_value_in_base_units(code: str, number: Decimal) -> None:
    unit = parse_unit(code)
    assert unit is not None
    element = {"value": number, "system": quantity.UCUM, "code": code}

    found = list(quantity.values()["Quantity"](element))

    exact = float(Fraction(number) * unit.factor + unit.offset)
    assert (exact, exact, quantity.BASE_UNITS, unit.canonical) in found

"""https://hl7.org/fhir/R4/search.html#number , #quantity and #uri ."""

from decimal import Decimal

import pytest

from fhir_server.fhir.resource import Json
from fhir_server.search.params import number, quantity, uri
from fhir_server.search.params.quantity import BASE_UNITS, CURRENCIES

INFINITY = float("inf")


@pytest.mark.parametrize(
    ("written", "lo", "hi"),
    [
        ("100", 99.5, 100.5),
        ("100.00", 99.995, 100.005),
        ("1E+2", 50.0, 150.0),
        ("-5.4", -5.45, -5.35),
        ("0", -0.5, 0.5),
    ],
)
def test_digits_leave_a_range_open(written: str, lo: float, hi: float) -> None:
    assert number.implicit_range(Decimal(written)) == (lo, hi)


def test_whole_numbers_of_whole_number_elements_are_exact() -> None:
    assert list(number.values()["integer"](100)) == [(100.0, 100.0)]


@pytest.mark.parametrize(
    ("kind", "element", "found"),
    [
        (
            "Quantity",
            {"value": 5, "system": "http://unitsofmeasure.org", "code": "mg", "unit": "milligram"},
            [
                (5.0, 5.0, "http://unitsofmeasure.org", "mg"),
                (5.0, 5.0, "", "milligram"),
                (0.005, 0.005, BASE_UNITS, "g"),
            ],
        ),
        ("Quantity", {"value": 5, "unit": "pills"}, [(5.0, 5.0, "", "pills")]),
        ("Quantity", {"value": 5, "comparator": "<"}, [(-INFINITY, 5.0, "", "")]),
        ("Quantity", {"value": 5, "comparator": ">="}, [(5.0, INFINITY, "", "")]),
        ("Quantity", {"unit": "mg"}, []),
        (
            "Money",
            {"value": Decimal("9.50"), "currency": "EUR"},
            [(9.5, 9.5, CURRENCIES, "EUR")],
        ),
        ("Money", {"currency": "EUR"}, []),
        (
            "Range",
            {"low": {"value": 1, "unit": "a"}, "high": {"value": 3, "unit": "a"}},
            [(1.0, 3.0, "", "a")],
        ),
        ("Range", {"high": {"value": 3, "unit": "a"}}, [(-INFINITY, 3.0, "", "a")]),
        ("Range", {}, []),
        (
            "SampledData",
            {
                "origin": {"value": 0, "unit": "mV"},
                "lowerLimit": -3,
                "upperLimit": 3,
                "data": "1 2",
            },
            [(-3.0, 3.0, "", "mV")],
        ),
        ("SampledData", {"origin": {"value": 0}, "data": "1 2"}, []),
    ],
)
def test_quantities_have_a_range_and_a_unit(kind: str, element: Json, found: Json) -> None:
    assert list(quantity.values()[kind](element)) == found


def test_range_of_numbers_may_be_open() -> None:
    assert list(number.values()["Range"]({"low": {"value": 2}})) == [(2.0, INFINITY)]
    assert list(number.values()["Range"]({})) == []


def test_canonical_is_found_with_and_without_its_version() -> None:
    assert list(uri.values()["canonical"]("http://x|1")) == [("http://x",), ("http://x|1",)]
    assert list(uri.values()["canonical"]("http://x")) == [("http://x",)]
    assert list(uri.values()["uri"]("http://x|1")) == [("http://x|1",)]

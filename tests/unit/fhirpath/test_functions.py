"""Functions and operators where the official tests do not look.

https://hl7.org/fhirpath/N1/#functions
"""

import pytest

from fhir_server.fhir.definitions import load
from fhir_server.fhirpath.errors import FhirPathEvaluationError, FhirPathLimitError
from fhir_server.fhirpath.expression import expression
from fhir_server.fhirpath.item import Items, value_of
from fhir_server.fhirpath.model import model_of
from fhir_server.fhirpath.units import parse_unit

MODEL = model_of(load())
BASIC = {
    "resourceType": "Basic",
    "id": "b",
    "_implicitRules": {"id": "i"},
    "modifierExtension": [{"url": "http://known"}],
    "created": "2026-02",
    "code": {"coding": [{"code": "A", "display": "x"}, {"code": "B"}]},
}


def evaluated(text: str) -> Items:
    return expression(text, MODEL).evaluate(BASIC)


@pytest.mark.parametrize(
    "text",
    [
        # collections
        "(true | false).allFalse() = false and {}.allFalse()",
        "(true | false).anyTrue() and (true | false).anyFalse() and {}.allTrue()",
        "(1 | 2 | 3).skip(-1).count() = 3 and (1 | 2).take(-1).empty()",
        "(1 | 2).skip({}).empty() and (1 | 2)[{}].empty() and (1 | 2)[5].empty()",
        "(1 | 1.0 | 1 '1').count() = 1",
        "(1 'kg' | 1000 'g' | 1 'mg').count() = 2",
        "(@2026-01-01T00:00:00Z | @2026-01-01T01:00:00+01:00).count() = 1",
        "({} | {}).empty() and ({} in (1 | 2)).empty()",
        "children().count() = 5",
        "descendants().where($this = 'A').count() = 1",
        "('b' | 'a' | 'c').sort().first() = 'a' and (2 | 1).sort(-$this).first() = 2",
        "code.coding.sort(display).first().code = 'A'",
        "code.coding.sort(-display).first().code = 'B'",
        "code.coding ~ (code.coding[1] | code.coding[0])",
        "(code.coding = (code.coding[1] | code.coding[0])) = false",
        "(code ~ code.coding) = false and (code = 'A') = false and (code ~ 'A') = false",
        # conversion
        "'T'.toBoolean() and 'nO'.toBoolean().not() and 'x'.toBoolean().empty()",
        "@2026.toBoolean().empty() and @2026.toInteger().empty() and @2026.toDecimal().empty()",
        "1.0.toBoolean() and 0.0.toBoolean().not() and 0.5.toBoolean().empty()",
        "'3000000000'.toInteger().empty() and '+7'.toInteger() = 7",
        "@2026-01-02T03:04:05Z.toDate() = @2026-01-02",
        "'2026-01-02T03:04'.toDate() = @2026-01-02",
        "@2026.toDateTime() = @2026T and 1.toDateTime().empty() and 1.toDate().empty()",
        "@T10.toTime() = @T10 and 'T10:30'.toTime() = @T10:30 and 1.toTime().empty()",
        "@2026.toQuantity().empty() and 1 'kg'.toQuantity() = 1 'kg' and 'x'.toQuantity().empty()",
        "'' .convertsToDate().not() and code.convertsToString().not() and {}.toString().empty()",
        "1.50.toString() = '1.50' and @T10:30:00.5.toString() = '10:30:00.5'",
        "@2026-01-01T10:00-05:30.toString() = '2026-01-01T10:00-05:30'",
        "created.toString() = '2026-02' and created.startsWith('2026')",
        # strings
        "'abcabc'.lastIndexOf('b') = 4 and 'abc'.split('').count() = 3",
        "'abc'.substring(1, -1) = '' and {}.join(',').empty()",
        "'%%'.decode('hex').empty() and 'a'.encode('rot13').empty() and 'a'.decode('x').empty()",
        "'a'.escape('x').empty() and 'a'.unescape('x').empty()",
        "'a\\u0001'.escape('json') = 'a\\\\u0001'",
        "'11/30/1972'.replaceMatches('(\\\\d+)/(\\\\d+)/(\\\\d+)', '$3-$1-$2') = '1972-11-30'",
        "'a1'.replaceMatches('(?<l>[a-z])(?<d>\\\\d)', '${d}${l}') = '1a'",
        "'ab'.matches('^a\\\\wc?$') and 'a.b'.matchesFull('a\\\\.b')",
        "'ab'.matches('\\\\bab\\\\b')",
        "'a-b'.matches('[^\\\\]x]-[b-d]{1,}') and 'ab'.matchesFull('(?:a|x)b??b?')",
        "'aB'.matches('\\\\BB') and '\\u0041'.matches('\\\\x41') and 'A'.matches('\\\\u0041')",
        "'aaa'.matchesFull('a{3}') and 'aaa'.matchesFull('a{2}').not() and ''.matches('')",
        "'[a&&b]'.matches('[[&&]')",
        # numbers
        "2.power(-1) = 0.5 and 10.power(20).empty() and 10.0.power(20) = 100000000000000000000.0",
        "2147483647 + 1 = {} or (2147483647 + 1).empty()",
        "(0).ln().empty() and 10.log(1).empty() and (-4).sqrt().empty() and 0.log(2).empty()",
        "7.5.truncate() = 7 and (-7.5).round() = -8 and (-7 mod 3) = -1 and (-7 div 2) = -3",
        "{}.abs().empty() and {}.round().empty() and (+1) = 1 and (-{}).empty()",
        "1 'm' + 1 'cm' = 101 'cm' and 1 'cm' + 1 'm' = 101 'cm' and 2 'm' - 1 'm' = 1 'm'",
        "(1 'm' + 1 's').empty() and 1 '{x}' + 2 '{x}' = 3 '1' and 1 'nope' + 1 'nope' = 2 'nope'",
        "2 * 3 'm' = 6 'm' and 6 'm' / 2 = 3 'm' and (6 'm' / 0 's').empty()",
        "(1 'nope' * 1 'm').empty() and (1 'nope' > 1 'm').empty() and (1 'nope' = 1 'm').empty()",
        "37 'Cel' = 310.15 'K' and 98.6 '[degF]' ~ 37.0 'Cel'",
        "1 year ~ 1 'a' and 12 months = 1 year",
        "(1 year = 1 'a').empty() and (1 'mg' ~ 1 's') = false and 1 'm' ~ 100 'cm'",
        "-(3 'mg') = -3 'mg' and (1 < 2 '1') and 1 = 1 '1' and (1 = 1 'mg').empty()",
        # dates
        "@2026-01-31 + 1 month = @2026-02-28 and @2024-02-29 - 1 year = @2023-02-28",
        "@2026 + 24 months = @2028 and @2026-03 + 30 days = @2026-04 and @2026 + 1 day = @2026",
        "@T23:30 + 1 hour = @T00:30 and @T10 + 90 minutes = @T11",
        "@T10:00:00 - 1 second = @T09:59:59",
        "(@9999-12-31 + 1 day).empty() and (@9999 + 1 year).empty()",
        "(@0001-01-01 - 1 day).empty()",
        "@2026-01-01T00:00:00+14:00 = @2025-12-31T10:00:00Z",
        "@2026-01-01T00:00:00Z > @2025-12-01",
        "(@2026-01-01T00:00:00Z < @2026-01-01).empty() and @2026-01-05 > @2026-01-01T00:00:00Z",
        "@2026-02.highBoundary(8) = @2026-02-28 and @2024-02.highBoundary() = @2024-02-29",
        "@2026.lowBoundary(17).empty() and @2026.lowBoundary(5).empty()",
        "{}.lowBoundary().empty()",
        "@T10.lowBoundary() = @T10:00:00.000 and @T10:30:05.5.highBoundary() = @T10:30:05.599",
        "@2026-01-01T10:30:05Z.highBoundary().precision() = 17 and @2026-01-01.precision() = 8",
        "1.precision() = 0 and {}.precision().empty() and {}.comparable(1 'm').empty()",
        "1.lowBoundary({}).empty() and 0.lowBoundary() = -0.5 and 120.highBoundary(0) = 121",
        # FHIR
        "checkModifiers('http://known').id = 'b' and {}.conformsTo('x').empty()",
        "{}.memberOf('x').empty() and {}.subsumes('x').empty() and {}.htmlChecks().empty()",
        "conformsTo('http://hl7.org/fhir/StructureDefinition/Basic')",
        "code.coding.first().type().name = 'Coding' and type().baseType.empty()",
        "modifierExtension.url.getValue().type().namespace = 'System'",
        "implicitRules.hasValue().not() and implicitRules.id = 'i'",
        "%`ext-x` = 'http://hl7.org/fhir/StructureDefinition/x' and %context = $this",
        "1 is System.Any and 1 is Integer and (code is Element) and (code is string).not()",
        "'#'.resolve().empty().not() and '#x'.resolve().empty() and 'Patient/1'.resolve().empty()",
    ],
)
def test_is_true(text: str) -> None:
    assert [value_of(item) for item in evaluated(text)] == [True]


@pytest.mark.parametrize(
    "text",
    [
        "checkModifiers()",
        "true.lowBoundary()",
        "'a'.precision()",
        "1.comparable(2)",
        "'a'.abs()",
        "'a'.sqrt()",
        "-'a'",
        "1 & 2",
        "true + 1",
        "1.startsWith('1')",
        "(1 | 2).toString()",
        "('a' | 'b').skip('1')",
        "'a'.matches('a{3,2}')",
        "'a'.matches('a)')",
        "'a'.matches('(a')",
        "'a'.matches('[b-a]')",
        "'a'.matches('[a')",
        "'a'.matches('*')",
        "'a'.matches('\\\\1')",
        "'a'.matches('(?i)a')",
        "'a'.replaceMatches('(a)', '$2')",
        "@2026 < @T10",
    ],
)
def test_has_no_result(text: str) -> None:
    with pytest.raises(FhirPathEvaluationError):
        evaluated(text)


@pytest.mark.parametrize(
    "text",
    [
        f"'a'.matches('{'(' * 60}a{')' * 60}')",
        "'a'.matches('a{2000}')",
        "'a'.matches('(a{900}){900}')",
        "'aaaa'.replaceMatches('(a|b)+', 'x')",
        "'aaaa'.replaceMatches('(a*)*', 'x')",
    ],
)
def test_regular_expression_can_ask_too_much(text: str) -> None:
    with pytest.raises(FhirPathLimitError):
        evaluated(text)


@pytest.mark.parametrize(
    "unit", ["", "x", "m/", "(m", "m)", "m m", "0", "m99", "/", "m..s", "m" * 200, "k", "[s]"]
)
def test_what_is_no_unit_is_not_known(unit: str) -> None:
    assert parse_unit(unit) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kg.m/s2", "N"),
        ("10*3/uL", "10*9/L"),
        ("mL/min/{1.73_m2}", "ml/min"),
        ("(m/s)/s", "m.s-2"),
        ("/min", "{beats}/min"),
        ("%", "10*-2"),
    ],
)
def test_units_of_the_same_dimension(one: str, other: str) -> None:
    found = parse_unit(one)

    assert found is not None
    assert found == parse_unit(other)

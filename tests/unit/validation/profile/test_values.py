"""Fixed values, patterns and limits: elementdefinition-definitions.html#fixed_x_."""

from decimal import Decimal

import pytest

from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.validation.profile.report import Options
from fhir_server.validation.profile.values import holds, same
from tests.unit.validation.profile.making import NOW, element, found, profile, rules

LOINC = {"system": "http://loinc.org", "code": "8867-4"}


def an_observation(**more: Json) -> Resource:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **more}


def test_a_fixed_value_is_the_whole_value() -> None:
    fixed = profile(
        "fixed", "Observation", [element("Observation.code", fixedCodeableConcept={"text": "x"})]
    )

    assert found(an_observation(), fixed) == []
    more = an_observation(code={"text": "x", "coding": [LOINC]})
    assert rules(found(more, fixed)) == [("fixed", "Observation.code")]


def test_a_pattern_is_in_the_value() -> None:
    pattern = {"coding": [LOINC]}
    asked = profile(
        "pattern", "Observation", [element("Observation.code", patternCodeableConcept=pattern)]
    )
    other: Element = {"system": "http://a.org", "code": "other"}

    right = an_observation(code={"coding": [other, {**LOINC, "display": "Heart rate"}]})
    assert found(right, asked) == []
    wrong = an_observation(code={"coding": [other]})
    assert rules(found(wrong, asked)) == [("pattern", "Observation.code")]


@pytest.mark.parametrize(
    ("value", "pattern", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 1}], True),
        ([{"a": 1}], [{"a": 1}, {"a": 2}], False),
        ([1, 2, 3], [3], True),
        ([], [3], False),
        (True, 1, False),
        (Decimal("1.0"), 1, True),
    ],
)
def test_items_of_a_pattern_may_stand_in_any_order(
    value: Json, pattern: Json, *, expected: bool
) -> None:
    assert holds(value, pattern) is expected


def test_equal_arrays_have_the_same_order() -> None:
    assert same([1, {"a": [2]}], [Decimal(1), {"a": [2]}])
    assert not same([1, 2], [2, 1])
    assert not same({"a": 1, "b": 2}, {"a": 1})


@pytest.mark.parametrize(
    ("limit", "value", "rule"),
    [
        ({"minValueDateTime": "2020-01-01"}, {"effectiveDateTime": "2019-12-31"}, "min-value"),
        ({"minValueDateTime": "2020-01-01"}, {"effectiveDateTime": "2020-01-01"}, None),
        ({"minValueDateTime": "2020-01-01"}, {"effectiveDateTime": "2020"}, None),
        ({"maxValueDateTime": "2020-01-01"}, {"effectiveDateTime": "2021"}, "max-value"),
        (
            {"minValueQuantity": {"value": 1, "unit": "a"}},
            {"effectiveDateTime": "2024"},
            "min-value",
        ),
        ({"minValueQuantity": {"value": 1, "unit": "a"}}, {"effectiveDateTime": "2025-06"}, None),
        (
            {"maxValueQuantity": {"value": 2, "code": "d"}},
            {"effectiveDateTime": "2027"},
            "max-value",
        ),
        ({"maxValueQuantity": {"value": 2, "code": "d"}}, {"effectiveDateTime": "2026-01"}, None),
    ],
)
def test_dates_have_limits_that_may_be_relative_to_now(
    limit: Element, value: Element, rule: str | None
) -> None:
    asked = profile("limits", "Observation", [element("Observation.effective[x]", **limit)])

    issues = found(an_observation(**value), asked, options=Options(now=NOW))

    assert [issue.rule for issue in issues] == ([rule] if rule else [])


def test_without_a_clock_a_relative_limit_cannot_be_told() -> None:
    limit = {"minValueQuantity": {"value": 1, "unit": "a"}}
    asked = profile("limits", "Observation", [element("Observation.effective[x]", **limit)])

    assert found(an_observation(effectiveDateTime="1900"), asked) == []


def test_quantities_are_compared_by_their_units() -> None:
    most = {"value": 2, "system": "http://unitsofmeasure.org", "code": "g", "unit": "g"}
    asked = profile("most", "Observation", [element("Observation.value[x]", maxValueQuantity=most)])
    grams = {**most, "value": 2001, "code": "mg", "unit": "mg"}

    assert found(an_observation(valueQuantity={**grams, "value": 2000}), asked) == []
    issues = found(an_observation(valueQuantity=grams), asked)
    assert rules(issues) == [("max-value", "Observation.value.ofType(Quantity)")]


def test_a_text_has_a_greatest_length_and_a_form() -> None:
    form = "http://hl7.org/fhir/StructureDefinition/regex"
    asked = profile(
        "text",
        "Patient",
        [
            element("Patient.name.family", maxLength=3),
            element(
                "Patient.identifier.value",
                extension=[{"url": form, "valueString": "[0-9]{3}"}],
            ),
        ],
    )
    patient: Resource = {
        "resourceType": "Patient",
        "name": [{"family": "Abc"}, {"family": "Abcd"}],
        "identifier": [{"value": "123"}, {"value": "1234"}],
    }

    assert rules(found(patient, asked)) == [
        ("regex", "Patient.identifier[1].value"),
        ("max-length", "Patient.name[1].family"),
    ]

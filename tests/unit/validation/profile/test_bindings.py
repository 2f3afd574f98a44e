"""Bindings and codes: terminologies.html#strength."""

import pytest

from fhir_server.fhir.outcome import Issue
from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.validation.profile.report import Options
from tests.unit.validation.profile.making import URL, element, plain, profile, validator

SYSTEM = "http://a.org/colours"
COLOURS: Resource = {
    "resourceType": "CodeSystem",
    "id": "colours",
    "url": SYSTEM,
    "status": "active",
    "content": "complete",
    "concept": [
        {"code": "red", "display": "Red"},
        {"code": "blue", "display": "Blue"},
        {"code": "green", "display": "Green"},
    ],
}
WARM: Resource = {
    "resourceType": "ValueSet",
    "id": "warm",
    "url": "http://a.org/warm",
    "status": "active",
    "compose": {"include": [{"system": SYSTEM, "concept": [{"code": "red"}]}]},
}
NOT_GREEN: Resource = {
    **WARM,
    "id": "not-green",
    "url": "http://a.org/not-green",
    "compose": {"include": [{"system": SYSTEM, "concept": [{"code": "red"}, {"code": "blue"}]}]},
}
RED, BLUE, GREEN = ({"system": SYSTEM, "code": code} for code in ("red", "blue", "green"))


def bound(strength: str, value_set: str = "http://a.org/warm", **more: Json) -> Resource:
    binding = {"strength": strength, "valueSet": value_set, **more}
    return profile("bound", "Observation", [element("Observation.code", binding=binding)])


def told(code: Element, asked: Resource, options: Options | None = None) -> list[Issue]:
    observation = {"resourceType": "Observation", "status": "final", "code": code}
    issues = validator(asked, COLOURS, WARM, NOT_GREEN).validate(
        observation, profiles=[URL + "bound"], options=options or Options(best_practice=None)
    )
    return list(issues)


@pytest.mark.parametrize(
    ("strength", "severity"),
    [("required", "error"), ("extensible", "warning"), ("preferred", None), ("example", None)],
)
def test_a_code_outside_is_judged_by_the_strength(strength: str, severity: str | None) -> None:
    issues = told({"coding": [BLUE]}, bound(strength))

    assert [(i.rule, i.severity) for i in issues] == ([("binding", severity)] if severity else [])
    assert told({"coding": [BLUE, RED]}, bound(strength)) == []


def test_preferred_bindings_are_told_where_asked() -> None:
    asked = Options(best_practice=None, preferred=True)
    issues = told({"coding": [BLUE]}, bound("preferred"), asked)

    assert [issue.severity for issue in issues] == ["information"]


@pytest.mark.parametrize(
    ("strength", "severities"), [("required", ["error"]), ("extensible", []), ("example", [])]
)
def test_text_alone_is_enough_unless_a_code_is_required(
    strength: str, severities: list[str]
) -> None:
    assert [i.severity for i in told({"text": "rot"}, bound(strength))] == severities


def test_what_cannot_be_told_is_no_error() -> None:
    issues = told({"coding": [RED]}, bound("required", "http://b.org/unknown"))

    assert [(i.rule, i.severity, i.code) for i in issues] == [("binding", "warning", "not-found")]
    assert "`http://b.org/unknown`" in issues[0].diagnostics


def test_beyond_the_greatest_value_set_nothing_is_allowed() -> None:
    most = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
    asked = bound(
        "extensible", extension=[{"url": most, "valueCanonical": "http://a.org/not-green"}]
    )

    assert [(i.rule, i.severity) for i in told({"coding": [BLUE]}, asked)] == [
        ("binding", "warning")
    ]
    assert told({"text": "rot"}, asked) == []
    assert ("max-binding", "error") in [
        (i.rule, i.severity) for i in told({"coding": [GREEN]}, asked)
    ]


def test_an_additional_binding_counts_too() -> None:
    parts = [
        {"url": "purpose", "valueCode": "required"},
        {"url": "valueSet", "valueCanonical": "http://a.org/not-green"},
    ]
    url = "http://hl7.org/fhir/tools/StructureDefinition/additional-binding"
    asked = bound("example", extension=[{"url": url, "extension": parts}])

    assert told({"coding": [BLUE]}, asked) == []
    assert [i.rule for i in told({"coding": [GREEN]}, asked)] == ["additional-binding"]


def test_a_code_must_be_of_its_system() -> None:
    issues = told({"coding": [{"system": SYSTEM, "code": "pink"}]}, bound("example"))

    assert [(i.rule, i.severity) for i in issues] == [("coding", "error")]
    assert issues[0].expression == "Observation.code.coding[0]"


def test_a_wrong_display_is_as_bad_as_the_caller_says() -> None:
    wrong = {"coding": [{**RED, "display": "Blue"}]}

    def severities(display: str | None) -> list[str]:
        options = Options(best_practice=None, display=display)
        return [issue.severity for issue in told(wrong, bound("example"), options)]

    assert severities("warning") == ["warning"]
    assert severities("error") == ["error"]
    assert severities(None) == []


@pytest.mark.parametrize("system", ["colours", "http://a.org/ValueSet/warm"])
def test_a_system_is_the_url_of_a_code_system(system: str) -> None:
    warm = {**WARM, "url": "http://a.org/ValueSet/warm"}
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": system, "code": "red"}]},
    }
    issues = validator(COLOURS, warm).validate(observation)

    assert [(i.rule, i.expression) for i in issues if i.severity == "error"] == [
        ("coding", "Observation.code.coding[0].system")
    ]


def of_quantity(**quantity: Json) -> list[tuple[str, str | None]]:
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "valueQuantity": quantity,
    }
    issues = plain().validate(observation, options=Options(best_practice=None))
    return [(issue.severity, issue.rule) for issue in issues]


def test_a_unit_must_be_one_of_its_system() -> None:
    ucum = "http://unitsofmeasure.org"

    assert of_quantity(value=1, system=ucum, code="mg/dL") == []
    assert of_quantity(value=1, system=ucum, code="milligramme") == [("error", "coding")]


def test_a_code_that_is_absent_for_a_reason_is_absent_all_the_same() -> None:
    url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    reason = {"extension": [{"url": url, "valueCode": "unknown"}]}
    observation = {"resourceType": "Observation", "_status": reason, "code": {"text": "x"}}
    issues = plain().validate(observation, options=Options(best_practice=None))

    assert [(i.rule, i.expression) for i in issues] == [("binding", "Observation.status")]


def test_media_types_may_be_names_of_formats() -> None:
    endpoint = {
        "resourceType": "Endpoint",
        "status": "active",
        "connectionType": {
            "system": "http://terminology.hl7.org/CodeSystem/endpoint-connection-type",
            "code": "hl7-fhir-rest",
        },
        "payloadType": [{"text": "any"}],
        "payloadMimeType": ["json", "application/fhir+json", "nothing"],
        "address": "http://a.org/fhir",
    }
    issues = plain().validate(endpoint, options=Options(best_practice=None))

    assert [(i.rule, i.expression) for i in issues] == [("binding", "Endpoint.payloadMimeType[2]")]


def test_a_size_is_the_size_of_the_data() -> None:
    def rules(size: int) -> list[str | None]:
        content = {"contentType": "text/plain", "data": "aGVsbG8=", "size": size}
        media = {"resourceType": "Media", "status": "completed", "content": content}
        issues = plain().validate(media, options=Options(best_practice=None))
        return [issue.rule for issue in issues]

    assert rules(5) == []
    assert rules(6) == ["attachment-size"]

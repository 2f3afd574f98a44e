"""The profiles that resources claim, and those that profiles impose: resource.html#Meta."""

from fhir_server.fhir.resource import Resource
from fhir_server.validation.profile.report import Options
from tests.unit.validation.profile.making import (
    URL,
    element,
    found,
    plain,
    profile,
    rules,
    validator,
)

NAMED = profile("named", "Patient", [element("Patient.name", min=1)])


def a_patient(*profiles: str) -> Resource:
    return {"resourceType": "Patient", "id": "a", "meta": {"profile": list(profiles)}}


def test_a_resource_must_fit_what_it_claims_wherever_it_is() -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": "http://a.org/Patient/a", "resource": a_patient(URL + "named")},
            {
                "fullUrl": "http://a.org/Basic/b",
                "resource": {
                    "resourceType": "Basic",
                    "id": "b",
                    "code": {"text": "x"},
                    "contained": [a_patient(URL + "named|1.0.0")],
                    "subject": {"reference": "#a"},
                },
            },
        ],
    }
    issues = validator(NAMED).validate(bundle)

    assert [i.expression for i in issues if i.severity == "error"] == [
        "Bundle.entry[0].resource.name",
        "Bundle.entry[1].resource.contained[0].name",
    ]


def test_a_profile_that_is_not_here_is_named_with_what_to_do() -> None:
    issues = plain().validate(a_patient("http://b.org/x"), options=Options(best_practice=None))

    assert [(i.severity, i.code, i.rule) for i in issues] == [("warning", "not-found", "profile")]
    assert "`http://b.org/x`" in issues[0].diagnostics
    assert "handoff package add" in issues[0].diagnostics


def test_another_version_of_a_profile_is_not_here() -> None:
    issues = validator(NAMED).validate(
        a_patient(URL + "named|2.0.0"), options=Options(best_practice=None)
    )

    assert [issue.code for issue in issues] == ["not-found"]


def test_a_claimed_profile_of_another_type_is_an_error() -> None:
    basic = {**a_patient(URL + "named"), "resourceType": "Basic", "code": {"text": "x"}}
    issues = validator(NAMED).validate(basic, options=Options(best_practice=None))

    assert [(i.severity, i.rule) for i in issues] == [("error", "profile")]


def imposing(url: str) -> Resource:
    extension = {
        "url": "http://hl7.org/fhir/StructureDefinition/structuredefinition-imposeProfile",
        "valueCanonical": url,
    }
    return profile("imposing", "Patient", [], extension=[extension])


def test_an_imposed_profile_must_be_met_too() -> None:
    patient: Resource = {"resourceType": "Patient"}

    issues = found(patient, imposing(URL + "named"), NAMED)

    assert rules(issues) == [("cardinality", "Patient.name")]
    assert issues[0].profile == URL + "named"


def test_an_imposed_profile_that_is_not_here_is_told_and_no_more() -> None:
    patient: Resource = {"resourceType": "Patient"}
    asked = validator(imposing("http://b.org/x"))
    issues = asked.validate(
        patient, profiles=[URL + "imposing"], options=Options(best_practice=None)
    )

    assert [(i.severity, i.code) for i in issues] == [("information", "not-found")]


def test_profiles_may_impose_each_other() -> None:
    one = imposing(URL + "other")
    other = {**imposing(URL + "imposing"), "id": "other", "url": URL + "other"}

    assert found({"resourceType": "Patient"}, one, other) == []


def test_what_no_definition_knows_is_left_to_the_structural_check() -> None:
    assert [i.code for i in plain().validate({"resourceType": "Nothing"})] == ["structure"]
    assert [i.code for i in plain().validate({})] == ["structure"]


def test_a_resource_with_structural_faults_is_looked_at_all_the_same() -> None:
    patient = {
        "resourceType": "Patient",
        "name": "A",
        "nonsense": {"a": 1},
        "contact": [None, {"telecom": [{"value": "1", "system": 1}]}],
        "birthDate": 1,
    }
    issues = validator(NAMED).validate(patient, profiles=[URL + "named"])

    assert [i.expression for i in issues if i.rule is None and i.severity == "error"] == [
        "Patient.name",
        "Patient.nonsense",
        "Patient.contact[0]",
        "Patient.contact[1].telecom[0].system",
        "Patient.birthDate",
    ]
    assert ("cpt-2", "Patient.contact[1].telecom[0]") in rules(issues)

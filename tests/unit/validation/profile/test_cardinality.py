"""How often elements must and may be there: elementdefinition-definitions.html#min."""

from fhir_server.fhir.outcome import Issue
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

NAMED = profile(
    "named",
    "Patient",
    [
        element("Patient.name", min=1),
        element("Patient.name.family", min=1),
        element("Patient.telecom", max="1"),
        element("Patient.photo", max="0"),
        element("Patient.birthDate", mustSupport=True),
    ],
)


def test_what_a_profile_wants_must_be_there() -> None:
    issues = found({"resourceType": "Patient"}, NAMED)

    assert rules(issues) == [("cardinality", "Patient.name")]
    assert issues[0].profile == URL + "named"
    assert issues[0].code == "required"


def test_a_child_is_wanted_of_each_parent_that_is_there() -> None:
    patient: Resource = {
        "resourceType": "Patient",
        "name": [{"family": "A"}, {"given": ["B"]}, {"_family": {"extension": [_why()]}}],
    }

    assert rules(found(patient, NAMED)) == [("cardinality", "Patient.name[1].family")]


def _why() -> Resource:
    url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    return {"url": url, "valueCode": "unknown"}


def test_too_many_are_told_at_the_first_that_is_too_many() -> None:
    patient: Resource = {
        "resourceType": "Patient",
        "name": [{"family": "A"}],
        "telecom": [{"system": "phone", "value": "1"}, {"system": "phone", "value": "2"}],
        "photo": [{"url": "http://a.org/p.png"}],
    }

    assert rules(found(patient, NAMED)) == [
        ("cardinality", "Patient.telecom[1]"),
        ("cardinality", "Patient.photo[0]"),
    ]


def test_absent_elements_to_be_supported_are_told_where_asked() -> None:
    patient: Resource = {"resourceType": "Patient", "name": [{"family": "A"}]}
    asked = validator(NAMED)

    def told(options: Options) -> list[Issue]:
        issues = asked.validate(patient, profiles=[URL + "named"], options=options)
        return [issue for issue in issues if issue.rule == "must-support"]

    assert told(Options()) == []
    assert rules(told(Options(must_support=True))) == [("must-support", "Patient.birthDate")]
    assert told(Options(must_support=True))[0].severity == "information"


def test_the_same_fault_by_several_profiles_is_told_once() -> None:
    again = {**NAMED, "id": "again", "url": URL + "again"}
    both = [URL + "named", URL + "again"]

    assert len(found({"resourceType": "Patient"}, NAMED, again, profiles=both)) == 1


def test_a_right_resource_has_no_error() -> None:
    patient: Resource = {"resourceType": "Patient", "name": [{"family": "A"}]}

    assert found(patient, NAMED) == []
    assert plain().validate({**patient, "id": "a"})[0].rule == "dom-6"

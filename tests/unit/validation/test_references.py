"""References: form, type, profile, aggregation, version, and whether there is such a thing."""

import pytest

from fhir_server.fhir.outcome import Issue
from fhir_server.fhir.resource import Json, Resource
from fhir_server.validation.profile.report import Options
from fhir_server.validation.resolution import NOWHERE, Outside
from tests.unit.validation.profile.making import (
    URL,
    element,
    found,
    plain,
    profile,
    rules,
    validator,
)

QUIET = Options(best_practice=None)
PATIENT = "http://hl7.org/fhir/StructureDefinition/Patient"
NAMED = profile("named", "Patient", [element("Patient.name", min=1)])


def observation(reference: str, **more: Json) -> Resource:
    return {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": reference},
        **more,
    }


def subject(**said: Json) -> Resource:
    """Return a profile that says something of the type of the subject."""
    kind = {"code": "Reference", "targetProfile": [PATIENT], **said}
    return profile("subject", "Observation", [element("Observation.subject", type=[kind])])


def a_bundle(*resources: Resource, type_: str = "collection") -> Resource:
    entries = [
        {
            "fullUrl": f"http://a.org/fhir/{each['resourceType']}/{each.get('id')}",
            "resource": each,
        }
        for each in resources
    ]
    return {"resourceType": "Bundle", "type": type_, "entry": entries}


def told(resource: Resource, outside: Outside = NOWHERE) -> list[Issue]:
    """Return what is said of references, by the specification alone."""
    issues = plain().validate(resource, outside=outside, options=QUIET)
    return [issue for issue in issues if (issue.rule or "").startswith("reference")]


class Server:
    """Holds some resources, and lacks all others."""

    def __init__(self, *resources: Resource) -> None:
        self._held = {f"{each['resourceType']}/{each['id']}": each for each in resources}

    def find(self, reference: str) -> Resource | None:
        return self._held.get(reference)

    def lacks(self, reference: str) -> bool:
        return reference not in self._held


@pytest.mark.parametrize(
    ("reference", "severity"),
    [
        ("Patient/a", None),
        ("Patient/a/_history/2", None),
        ("http://b.org/Patient/a", None),
        ("Patient?identifier=1", None),
        ("a", "error"),
        ("patient/a", "warning"),
        ("urn:uuid:3e2b1c62-5c6e-4d66-9b3b-0d4b8c9a1e2f", "warning"),
    ],
)
def test_the_form_of_a_reference_is_looked_at(reference: str, severity: str | None) -> None:
    assert [issue.severity for issue in told(observation(reference))] == (
        [severity] if severity else []
    )


def test_what_is_known_to_be_absent_is_told() -> None:
    (issue,) = told(observation("Patient/a"), Server())

    assert (issue.code, issue.expression) == ("not-found", "Observation.subject")
    assert not told(observation("Patient/a"), Server({"resourceType": "Patient", "id": "a"}))


def test_a_reference_leads_to_an_entry_by_its_full_url() -> None:
    wrong = {"resourceType": "Organization", "id": "a", "name": "x"}
    bundle = a_bundle(observation("Patient/a"), wrong)
    bundle["entry"][1]["fullUrl"] = "http://a.org/fhir/Patient/a"

    issues = told(bundle)

    assert {issue.expression for issue in issues} == {"Bundle.entry[0].resource.subject"}
    assert any("`Organization`" in issue.diagnostics for issue in issues)


def test_a_reference_must_not_be_ambiguous() -> None:
    patients = [
        {"resourceType": "Patient", "id": "a", "meta": {"versionId": version}} for version in "12"
    ]

    assert [issue.code for issue in told(a_bundle(observation("Patient/a"), *patients))] == [
        "multiple-matches"
    ]
    assert not told(a_bundle(observation("Patient/a/_history/2"), *patients))


@pytest.mark.parametrize(("type_", "wrong"), [("collection", True), ("transaction", False)])
def test_a_relative_reference_needs_a_full_url_to_be_below(type_: str, wrong: object) -> None:
    bundle = a_bundle(observation("Patient/a"), type_=type_)
    del bundle["entry"][0]["fullUrl"]
    bundle["entry"][0]["request"] = {"method": "POST", "url": "Observation"}

    assert bool(told(bundle)) is wrong


@pytest.mark.parametrize(
    ("reference", "contained", "wrong"),
    [
        ("#p", [{"resourceType": "Patient", "id": "p"}], True),
        ("#p", [{"resourceType": "Patient", "id": "p", "name": [{"text": "x"}]}], False),
        ("Patient/unknown", [], False),
        ("Patient/bare", [], True),
        ("Patient/named", [], False),
    ],
)
def test_a_target_that_can_be_had_must_fit_its_profile(
    reference: str, contained: list[Resource], wrong: object
) -> None:
    server = Server(
        {"resourceType": "Patient", "id": "bare"},
        {"resourceType": "Patient", "id": "named", "name": [{"text": "x"}]},
    )
    demanding = subject(targetProfile=[URL + "named"])
    resource = observation(reference, **({"contained": contained} if contained else {}))

    issues = validator(demanding, NAMED).validate(
        resource, profiles=[URL + "subject"], outside=server, options=QUIET
    )

    assert ("reference-profile" in {issue.rule for issue in issues}) is wrong


def test_one_of_several_target_profiles_is_enough() -> None:
    other = profile("other", "Patient", [element("Patient.birthDate", min=1)])
    demanding = subject(targetProfile=[URL + "named", URL + "other"])
    born = {"resourceType": "Patient", "id": "p", "birthDate": "1990-01-01"}

    assert not found(observation("#p", contained=[born]), demanding, NAMED, other)


def test_a_profile_may_narrow_the_types() -> None:
    assert not found(observation("Patient/a"), subject())
    assert rules(found(observation("Group/a"), subject())) == [
        ("reference-type", "Observation.subject")
    ]


@pytest.mark.parametrize(
    ("aggregation", "inside", "outside"),
    [
        (["contained"], False, True),
        (["referenced"], True, False),
        (["contained", "referenced"], False, False),
        (["bundled"], True, True),
    ],
)
def test_a_target_must_be_where_the_profile_allows_it(
    aggregation: list[str], inside: object, outside: object
) -> None:
    demanding = subject(aggregation=aggregation)
    contained = [{"resourceType": "Patient", "id": "p"}]

    assert bool(found(observation("#p", contained=contained), demanding)) is inside
    assert bool(found(observation("Patient/p"), demanding)) is outside


def test_a_bundled_target_is_in_the_bundle() -> None:
    claiming = observation("Patient/a", meta={"profile": [URL + "subject"]})
    asked = validator(subject(aggregation=["bundled"]))
    patient = {"resourceType": "Patient", "id": "a"}

    def errors(*resources: Resource) -> list[Issue]:
        issues = asked.validate(a_bundle(*resources))
        return [issue for issue in issues if issue.severity == "error"]

    assert not errors(claiming, patient)
    assert rules(errors(claiming)) == [
        ("reference-aggregation", "Bundle.entry[0].resource.subject")
    ]


@pytest.mark.parametrize(
    ("versioning", "reference", "wrong"),
    [
        ("specific", "Patient/a", True),
        ("specific", "Patient/a/_history/1", False),
        ("independent", "Patient/a/_history/1", True),
        ("independent", "Patient/a", False),
        ("either", "Patient/a/_history/1", False),
    ],
)
def test_a_profile_may_ask_for_a_version(versioning: str, reference: str, wrong: object) -> None:
    assert bool(found(observation(reference), subject(versioning=versioning))) is wrong


def test_a_reference_within_parameters_leads_to_another_of_them() -> None:
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "a", "resource": observation("Patient/p")},
            {
                "name": "b",
                "part": [{"name": "c", "resource": {"resourceType": "Patient", "id": "p"}}],
            },
        ],
    }

    assert not told(parameters, Server())
    parameters["parameter"].pop()  # type: ignore[attr-defined]  # it is a list
    assert told(parameters, Server())

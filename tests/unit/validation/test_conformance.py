"""What hinders a resource from being stored: its definition, claimed and required profiles."""

import pytest

from fhir_server.fhir.definitions import load
from fhir_server.fhir.outcome import UnknownProfileError
from fhir_server.fhir.resource import Json, Resource
from fhir_server.validation.conformance import Profiled, Structural
from tests.unit.validation.profile.making import NOW, URL, element, plain, profile, validator

NAMED = profile("named", "Patient", [element("Patient.name", min=1)])
BORN = profile(
    "born", "Patient", [element("Patient.birthDate", min=1), element("Patient.gender", min=1)]
)


def patient(*profiles: str, **more: Json) -> Resource:
    meta = {"meta": {"profile": list(profiles)}} if profiles else {}
    return {"resourceType": "Patient", **meta, **more}


def hindered(resource: Resource, *required: str) -> list[str | None]:
    """Return where errors are."""
    asked = Profiled(load(), validator(NAMED, BORN), required)
    return [issue.expression for issue in asked.issues(resource, NOW)]


def test_a_fault_of_the_structure_hinders() -> None:
    wrong = patient(gender="robot")

    assert hindered(wrong) == ["Patient.gender"]
    assert [i.expression for i in Structural(load()).issues(wrong, NOW)] == ["Patient.gender"]


def test_a_claimed_profile_must_be_met() -> None:
    assert hindered(patient(URL + "named")) == ["Patient.name"]
    assert not hindered(patient(URL + "named", name=[{"text": "x"}]))


def test_an_unknown_claim_hinders_nothing() -> None:
    assert not hindered(patient("http://b.org/unknown"))
    assert hindered(patient("http://b.org/unknown", URL + "named")) == ["Patient.name"]


def test_without_a_claim_only_the_structure_is_looked_at() -> None:
    """Else every write would pay for constraints; `$validate` and the command tell of them."""
    assert not hindered(patient(contact=[{"gender": "male"}]))


def test_warnings_hinder_nothing() -> None:
    coded = {"coding": [{"system": "http://b.org/unknown", "code": "x"}]}

    assert not hindered(patient(URL + "named", name=[{"text": "x"}], maritalStatus=coded))


def test_what_is_inside_claims_too() -> None:
    inside = patient(URL + "named") | {"id": "p"}
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": "urn:oid:1.2.3", "resource": inside}],
    }
    basic = {
        "resourceType": "Basic",
        "code": {"text": "x"},
        "contained": [inside],
        "subject": {"reference": "#p"},
    }

    assert hindered(bundle) == ["Bundle.entry[0].resource.name"]
    assert hindered(basic) == ["Basic.contained[0].name"]


def test_one_of_the_required_profiles_must_be_met() -> None:
    both = URL + "named", URL + "born"

    assert not hindered(patient(name=[{"text": "x"}]), *both)
    assert not hindered(patient(birthDate="1990-01-01", gender="male"), *both)
    # What is nearest is explained.
    assert hindered(patient(), *both) == ["Patient", "Patient.name"]
    assert hindered(patient(birthDate="1990-01-01"), URL + "born") == ["Patient", "Patient.gender"]


def test_other_types_are_not_concerned() -> None:
    assert not hindered({"resourceType": "Basic", "code": {"text": "x"}}, URL + "named")


def test_a_required_profile_must_be_known() -> None:
    with pytest.raises(UnknownProfileError, match="handoff package add"):
        Profiled(load(), plain(), ["http://b.org/unknown"])

"""Types and the profiles on them: elementdefinition-definitions.html#type."""

from fhir_server.fhir.resource import Json, Resource
from tests.unit.validation.profile.making import BASE, URL, element, found, profile, rules


def an_observation(**more: Json) -> Resource:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **more}


def test_a_choice_may_have_fewer_types() -> None:
    few = profile(
        "few",
        "Observation",
        [element("Observation.value[x]", type=[{"code": "Quantity"}, {"code": "string"}])],
    )

    assert found(an_observation(valueString="x"), few) == []
    issues = found(an_observation(valueBoolean=True), few)
    assert rules(issues) == [("type", "Observation.value.ofType(boolean)")]


def test_a_type_may_have_a_profile() -> None:
    local = profile(
        "local", "Identifier", [element("Identifier.system", min=1)], kind="complex-type"
    )
    asked = profile(
        "asked",
        "Patient",
        [element("Patient.identifier", type=[{"code": "Identifier", "profile": [URL + "local"]}])],
    )
    patient: Resource = {
        "resourceType": "Patient",
        "identifier": [{"system": "http://a.org", "value": "1"}, {"value": "2"}],
    }

    issues = found(patient, asked, local)

    assert rules(issues) == [("cardinality", "Patient.identifier[1].system")]
    assert issues[0].profile == URL + "local"


def test_of_several_profiles_one_must_be_met() -> None:
    needs = {
        name: profile(
            name, "Identifier", [element(f"Identifier.{name}", min=1)], kind="complex-type"
        )
        for name in ("system", "value")
    }
    kinds = [{"code": "Identifier", "profile": [URL + name for name in needs]}]
    asked = profile("asked", "Patient", [element("Patient.identifier", type=kinds)])
    patient: Resource = {"resourceType": "Patient", "identifier": [{"value": "1"}, {"use": "old"}]}

    issues = found(patient, asked, *needs.values())

    assert rules(issues) == [("profile", "Patient.identifier[1]")]


def test_a_resource_in_a_bundle_may_have_a_profile() -> None:
    named = profile("named", "Patient", [element("Patient.name", min=1)])
    asked = profile(
        "asked",
        "Bundle",
        [element("Bundle.entry.resource", type=[{"code": "Patient", "profile": [URL + "named"]}])],
    )
    bundle: Resource = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {
                "fullUrl": "http://a.org/Patient/a",
                "resource": {"resourceType": "Patient", "id": "a"},
            },
            {"fullUrl": "http://a.org/Basic/b", "resource": _basic("b")},
        ],
    }

    assert rules(found(bundle, asked, named)) == [
        ("cardinality", "Bundle.entry[0].resource.name"),
        ("type", "Bundle.entry[1].resource"),
    ]


def _basic(id_: str) -> Resource:
    return {"resourceType": "Basic", "id": id_, "code": {"text": "x"}}


def test_a_profile_reaches_below_a_content_reference() -> None:
    asked = profile(
        "asked",
        "Observation",
        [element("Observation.component.referenceRange.low", min=1)],
    )
    range_ = {"text": "some", "low": {"value": 1}}
    component = {"code": {"text": "x"}, "referenceRange": [range_, {"text": "none"}]}

    issues = found(an_observation(component=[component]), asked)

    assert rules(issues) == [("cardinality", "Observation.component[0].referenceRange[1].low")]


def test_a_profile_of_another_type_is_an_error() -> None:
    named = profile("named", "Patient", [element("Patient.name", min=1)])

    issues = found(an_observation(), named)

    assert rules(issues) == [("profile", "Observation")]
    assert "is for Patient" in issues[0].diagnostics


def test_the_definition_of_a_type_is_a_profile_that_its_resources_fit() -> None:
    assert found(an_observation(), profiles=[BASE + "Observation"]) == []
    assert found(an_observation(), profiles=[BASE + "DomainResource"]) == []
    assert rules(found(an_observation(), profiles=[BASE + "Patient"])) == [
        ("profile", "Observation")
    ]

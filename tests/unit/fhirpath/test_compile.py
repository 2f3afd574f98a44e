"""https://hl7.org/fhir/R4/fhirpath.html ."""

import pytest

from fhir_server.fhir.definitions import load
from fhir_server.fhir.resource import Json
from fhir_server.fhirpath.compile import (
    End,
    FhirPathError,
    Item,
    compile,  # noqa: A004 - FHIRPath's word
    ends,
)
from fhir_server.fhirpath.model import model_of

MODEL = model_of(load())


def found(expression: str, resource: Json, base: str | None = None) -> list[Item]:
    return compile(expression, base or resource["resourceType"], MODEL)(resource)


def test_path_gives_each_value_with_its_type() -> None:
    encounter = {
        "resourceType": "Encounter",
        "participant": [
            {"individual": {"reference": "Practitioner/1"}},
            {"type": [{"text": "no individual"}]},
            {"individual": {"reference": "Practitioner/2"}},
        ],
    }

    assert found("Encounter.participant.individual", encounter) == [
        ("Reference", {"reference": "Practitioner/1"}),
        ("Reference", {"reference": "Practitioner/2"}),
    ]


def test_absent_elements_give_nothing() -> None:
    assert found("Encounter.period.start", {"resourceType": "Encounter"}) == []


def test_placeholders_of_primitive_extensions_are_passed_over() -> None:
    patient = {"resourceType": "Patient", "name": [{"given": [None, "Ada"]}]}

    assert found("Patient.name.given", patient) == [("string", "Ada")]


def test_choice_element_is_found_under_the_name_of_its_type() -> None:
    observation = {"resourceType": "Observation", "valueQuantity": {"value": 3}}

    assert found("Observation.value", observation) == [("Quantity", {"value": 3})]
    assert found("(Observation.value as Quantity)", observation) == [("Quantity", {"value": 3})]
    assert found("Observation.value.ofType(string)", observation) == []


def test_type_name_of_the_wrong_case_is_understood() -> None:
    observation = {"resourceType": "Observation", "valueDateTime": "2026"}

    assert found("value.as(DateTime)", observation) == [("dateTime", "2026")]


def test_specialised_types_are_of_the_general_type_too() -> None:
    map_ = {"resourceType": "ConceptMap", "sourceCanonical": "http://x"}

    assert found("(ConceptMap.source as uri)", map_) == [("canonical", "http://x")]
    assert found("(ConceptMap.source as canonical)", map_) == [("canonical", "http://x")]
    assert found("(ConceptMap.source as string)", map_) == []


def test_whole_number_is_no_boolean() -> None:
    patient = {"resourceType": "Patient", "telecom": [{"rank": 1}, {"rank": 2}]}

    assert len(found("Patient.telecom.where(rank=1)", patient)) == 1
    assert found("Patient.telecom.where(rank=true)", patient) == []


def test_type_may_be_named_with_its_namespace() -> None:
    observation = {"resourceType": "Observation", "valueString": "x"}

    assert found("value as FHIR.string", observation) == [("string", "x")]


def test_union_keeps_only_what_starts_at_the_base() -> None:
    expression = "AllergyIntolerance.code | Condition.code"

    assert found(expression, {"resourceType": "Condition", "code": {"text": "x"}}) == [
        ("CodeableConcept", {"text": "x"})
    ]
    assert ends("AllergyIntolerance.code", "Condition", MODEL) == ()


def test_abstract_base_is_the_resource_itself() -> None:
    patient = {"resourceType": "Patient", "id": "1"}

    assert found("Resource.id", patient) == [("id", "1")]


def test_where_keeps_what_is_equal() -> None:
    patient = {
        "resourceType": "Patient",
        "telecom": [{"system": "email", "value": "a@b"}, {"system": "phone", "value": "1"}, {}],
    }

    assert found("Patient.telecom.where(system='email').value", patient) == [("string", "a@b")]


def test_where_with_and_and_or() -> None:
    patient = {
        "resourceType": "Patient",
        "telecom": [{"system": "email", "use": "home"}, {"system": "email"}, {"system": "fax"}],
    }

    both = found("Patient.telecom.where(system='email' and use='home')", patient)
    either = found("Patient.telecom.where(system='fax' or use='home')", patient)

    assert [value for _, value in both] == [{"system": "email", "use": "home"}]
    assert [value for _, value in either] == [{"system": "email", "use": "home"}, {"system": "fax"}]


@pytest.mark.parametrize(
    ("reference", "is_patient"),
    [
        ({"reference": "Patient/1"}, True),
        ({"reference": "Patient/1/_history/2"}, True),
        ({"reference": "http://elsewhere/fhir/Patient/1"}, True),
        ({"reference": "http://elsewhere/Patient/fhir/Group/1/_history/3"}, False),
        ({"reference": "Group/1"}, False),
        ({"reference": "PatientX/1"}, False),
        ({"reference": "urn:uuid:6d7a8f0e-0000-4000-8000-000000000000", "type": "Patient"}, True),
        ({"reference": "#p", "type": "Patient"}, True),
        ({"identifier": {"value": "1"}, "type": "Patient"}, True),
        ({"identifier": {"value": "1"}}, False),
    ],
)
def test_resolve_goes_by_what_the_reference_says(reference: Json, is_patient: bool) -> None:  # noqa: FBT001 - a parameter of the test
    encounter = {"resourceType": "Encounter", "subject": reference}

    assert bool(found("Encounter.subject.where(resolve() is Patient)", encounter)) is is_patient


def test_extension_goes_by_its_url() -> None:
    device = {
        "resourceType": "Device",
        "extension": [{"url": "http://a", "valueString": "1"}, {"url": "http://b"}],
    }

    assert found("Device.extension('http://a').value", device) == [("string", "1")]


def test_items_of_a_group_are_found_at_one_level_each() -> None:
    response = {
        "resourceType": "QuestionnaireResponse",
        "item": [
            {
                "extension": [{"url": "http://subject", "valueBoolean": True}],
                "answer": [{"valueReference": {"reference": "Patient/1"}}],
            },
            {"answer": [{"valueReference": {"reference": "Patient/2"}}]},
        ],
    }
    expression = (
        "QuestionnaireResponse.item.where(hasExtension('http://subject'))"
        ".answer.value.ofType(Reference)"
    )

    assert found(expression, response) == [("Reference", {"reference": "Patient/1"})]


@pytest.mark.parametrize(
    ("patient", "deceased"),
    [
        ({}, False),
        ({"deceasedBoolean": False}, False),
        ({"deceasedBoolean": True}, True),
        ({"deceasedDateTime": "2026-01-01"}, True),
    ],
)
def test_deceased_is_true_of_a_date_too(patient: Json, deceased: bool) -> None:  # noqa: FBT001 - a parameter of the test
    expression = "Patient.deceased.exists() and Patient.deceased != false"

    assert found(expression, {"resourceType": "Patient", **patient}) == [("boolean", deceased)]


def test_index_and_first_take_one_of_all() -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": {"id": "1"}}, {"fullUrl": "x"}]}

    assert found("Bundle.entry[0].resource", bundle) == [("Resource", {"id": "1"})]
    assert found("Bundle.entry.first().fullUrl", bundle) == []
    assert found("Bundle.entry[1].fullUrl", bundle) == [("uri", "x")]
    assert found("Bundle.entry[2]", bundle) == []


def test_base_may_be_a_backbone_element() -> None:
    component = {"code": {"text": "a"}, "valueBoolean": True}

    assert found("value.as(boolean)", component, "Observation.component") == [("boolean", True)]


def test_content_reference_is_followed() -> None:
    questionnaire = {"resourceType": "Questionnaire", "item": [{"item": [{"linkId": "1.1"}]}]}

    assert found("Questionnaire.item.item.linkId", questionnaire) == [("string", "1.1")]


def test_ends_tell_types_and_bindings_before_any_data() -> None:
    (status,) = ends("Encounter.status", "Encounter", MODEL)

    assert status.type == "code"
    assert (status.binding or "").startswith("http://hl7.org/fhir/ValueSet/encounter-status")
    assert ends("Encounter.class", "Encounter", MODEL) == (End(type="Coding", binding=None),)


@pytest.mark.parametrize(
    "expression",
    [
        "Encounter.nonsense",
        "Encounter.status.nonsense",
        "Encounter.repeat(partOf)",
        "Encounter.where(status)",
        "Encounter.where('x')",
        "Observation.value.first()",
        "Encounter.type[length]",
        "Encounter.status ~ 'x'",
        "Encounter.where(%resource = 1)",
        "Encounter.where(status is code)",
        "Encounter.where(-1)",
        "Encounter.where(length.value > 1.2)",
    ],
)
def test_what_cannot_be_compiled_is_refused_at_once(expression: str) -> None:
    with pytest.raises(FhirPathError):
        compile(expression, expression.partition(".")[0], MODEL)

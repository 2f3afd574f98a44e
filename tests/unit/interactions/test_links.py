"""https://hl7.org/fhir/R4/http.html#trules ."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.definitions import load
from fhir_server.fhir.outcome import InvalidRequestError
from fhir_server.fhir.resource import Json, Resource
from fhir_server.interactions.links import ConditionalReferenceError, Links, TypedWalk

PATIENT = "urn:uuid:0b3f8b6e-0000-4000-8000-000000000001"
ORGANIZATION = "urn:uuid:0b3f8b6e-0000-4000-8000-000000000002"
TARGETS = {PATIENT: "Patient/p", ORGANIZATION: "Organization/o"}


def replaced(resource: Resource, targets: dict[str, str] = TARGETS, full_url: str = "") -> Resource:
    return Links(targets, load()).replaced(resource, full_url)


def test_references_are_replaced_at_every_depth() -> None:
    encounter = {
        "resourceType": "Encounter",
        "subject": {"reference": PATIENT, "display": PATIENT[:8]},
        "participant": [{"individual": {"reference": "Practitioner/1"}}],
        "contained": [
            {"resourceType": "Location", "managingOrganization": {"reference": ORGANIZATION}}
        ],
    }

    linked = replaced(encounter)

    assert linked["subject"] == {"reference": "Patient/p", "display": PATIENT[:8]}
    assert linked["contained"][0]["managingOrganization"]["reference"] == "Organization/o"
    assert linked["participant"] is encounter["participant"]


def test_the_argument_is_not_changed() -> None:
    encounter = {"resourceType": "Encounter", "subject": {"reference": PATIENT}}
    before = deepcopy(encounter)

    replaced(encounter)

    assert encounter == before


def test_uris_are_links_and_canonicals_and_strings_are_not() -> None:
    resource = {
        "resourceType": "CarePlan",
        "instantiatesUri": [PATIENT, "urn:other"],
        "instantiatesCanonical": [PATIENT],
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": PATIENT}],
        "extension": [{"url": "http://x.example", "valueUri": PATIENT}],
        "description": PATIENT,
        "subject": {"reference": PATIENT},
    }

    linked = replaced(resource)

    assert linked["instantiatesUri"] == ["Patient/p", "urn:other"]
    assert linked["instantiatesCanonical"] == [PATIENT]
    assert linked["identifier"][0]["value"] == PATIENT
    assert linked["extension"][0]["valueUri"] == "Patient/p"
    assert linked["description"] == PATIENT
    assert linked["subject"]["reference"] == "Patient/p"


def test_attachment_url_is_a_link() -> None:
    resource = {"resourceType": "Media", "content": {"url": PATIENT}}

    assert replaced(resource)["content"]["url"] == "Patient/p"


def test_links_of_the_narrative_are_replaced() -> None:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{PATIENT}">{PATIENT}</a></div>'
    resource = {"resourceType": "Basic", "text": {"status": "generated", "div": div}}

    assert replaced(resource)["text"]["div"] == div.replace(f'"{PATIENT}"', '"Patient/p"')


def test_a_relative_reference_is_resolved_against_the_full_url() -> None:
    targets = {"http://a.example/fhir/Patient/1": "Patient/p"}
    resource = {"resourceType": "Encounter", "subject": {"reference": "Patient/1"}}

    near = replaced(resource, targets, "http://a.example/fhir/Encounter/2")
    far = replaced(resource, targets, "http://b.example/fhir/Encounter/2")

    assert near["subject"]["reference"] == "Patient/p"
    assert far["subject"]["reference"] == "Patient/1"


def test_extensions_of_primitives_are_links_too() -> None:
    resource = {
        "resourceType": "Patient",
        "birthDate": "1990-01-01",
        "_birthDate": {"extension": [{"url": "http://x.example", "valueUri": PATIENT}]},
    }

    assert replaced(resource)["_birthDate"]["extension"][0]["valueUri"] == "Patient/p"


@pytest.mark.parametrize("value", [None, 3, "text", [], {"resourceType": 3}, {"resourceType": "X"}])
def test_what_no_definition_knows_stays_as_it_is(value: Json) -> None:
    resource = {
        "resourceType": "Patient",
        "unknown": value,
        "contained": [value],
        "name": value,
        "instantiatesUri": [PATIENT],
    }

    assert replaced(resource) == resource


LEAVES = st.sampled_from([PATIENT, ORGANIZATION, "x", "Patient/1"])


@given(
    subject=LEAVES,
    uris=st.lists(LEAVES, max_size=2),
    value=LEAVES,
    with_uris=st.booleans(),
)
def test_the_short_way_and_the_typed_way_agree(
    subject: str, uris: list[str], value: str, *, with_uris: bool
) -> None:
    resource: Resource = {
        "resourceType": "ServiceRequest",
        "subject": {"reference": subject},
        "contained": [{"resourceType": "Basic", "subject": {"reference": value}}],
        "note": [{"text": value}],
    }
    if with_uris:
        resource["instantiatesUri"] = uris

    assert replaced(resource) == TypedWalk(TARGETS, load()).resource(resource)


def test_every_element_named_reference_is_a_link() -> None:
    """The short way looks at the name only; the definitions must bear that out."""
    definitions = load()

    types = {
        kind.code
        for name in definitions.structures()
        for elements in definitions.structure(name).elements.values()
        for element in elements
        for json_name, kind in element.json_names().items()
        if json_name == "reference" and kind.code in definitions.primitive_types
    }

    assert types <= {"uri", "string"}


@pytest.mark.parametrize(
    ("reference", "error"),
    [
        ("urn:uuid:1", InvalidRequestError),
        ("urn:oid:1.2", InvalidRequestError),
        ("Patient?identifier=http://x|1", ConditionalReferenceError),
    ],
)
@pytest.mark.parametrize("elsewhere", [[], [PATIENT]])
def test_references_that_lead_nowhere_are_refused(
    reference: str, error: type[Exception], elsewhere: list[str]
) -> None:
    resource = {
        "resourceType": "CarePlan",
        "instantiatesUri": elsewhere,
        "author": {"reference": reference},
    }

    with pytest.raises(error):
        replaced(resource)


def test_other_references_stay_as_they_are() -> None:
    resource = {
        "resourceType": "CarePlan",
        "subject": {"reference": "http://x.example/y?z"},
        "author": {"reference": "#contained"},
    }

    assert replaced(resource) is resource

"""The form of a resource for others."""

from fhir_server.consent.own_form import shared_form
from fhir_server.fhir.crisis import (
    IDENTIFIER_TYPE_SYSTEM,
    JAIL_DIVERSION,
    LAW_ENFORCEMENT,
    TRANSPORT,
    USE_OF_FORCE,
)
from fhir_server.fhir.json import encode
from fhir_server.fhir.resource import Element, Resource

RMS: Element = {
    "type": {"coding": [{"system": IDENTIFIER_TYPE_SYSTEM, "code": "rms"}]},
    "value": "77",
}
CAD: Element = {
    "type": {"coding": [{"system": IDENTIFIER_TYPE_SYSTEM, "code": "cad"}]},
    "value": "26",
}


def test_what_has_nothing_to_hide_is_the_same_object() -> None:
    resource: Resource = {"resourceType": "Encounter", "identifier": [CAD], "name": [None, "x"]}

    assert shared_form(resource) is resource


def test_own_elements_are_left_out_wherever_they_stand() -> None:
    force = {"url": USE_OF_FORCE, "valueCode": "x"}
    other = {"url": TRANSPORT, "valueCode": "x"}
    resource = {
        "resourceType": "Encounter",
        "extension": [force, other],
        "identifier": [RMS, CAD],
        "participant": [{"extension": [{"url": LAW_ENFORCEMENT}]}],
        "contained": [{"resourceType": "Basic", "extension": [{"url": JAIL_DIVERSION}]}],
    }

    assert shared_form(resource) == {
        "resourceType": "Encounter",
        "extension": [other],
        "identifier": [CAD],
        "contained": [{"resourceType": "Basic"}],
    }
    assert resource["extension"] == [force, other]


def test_what_stands_for_itself_in_a_list_keeps_its_place() -> None:
    own = {"extension": [{"url": USE_OF_FORCE}]}
    resource = {"resourceType": "Patient", "name": [{"given": ["a", "b"], "_given": [None, own]}]}

    assert shared_form(resource)["name"] == [{"given": ["a", "b"], "_given": [None]}]


def test_a_lone_identifier_goes_with_its_element() -> None:
    resource = {"resourceType": "Task", "groupIdentifier": RMS, "for": {"identifier": RMS}}

    assert shared_form(resource) == {"resourceType": "Task"}


def test_links_to_the_person_elsewhere_are_the_agencys_own() -> None:
    seealso = {"other": {"reference": "Patient/elsewhere"}, "type": "seealso"}
    replaces = {"other": {"reference": "Patient/before"}, "type": "replaces"}
    patient: Resource = {"resourceType": "Patient", "link": [seealso], "active": True}

    assert shared_form(patient) == {"resourceType": "Patient", "active": True}
    assert shared_form({**patient, "link": [seealso, replaces]})["link"] == [replaces]
    assert shared_form(patient | {"resourceType": "Person"})["link"] == [seealso]


def test_the_quick_look_at_the_body_finds_each_mark() -> None:
    for url in (USE_OF_FORCE, LAW_ENFORCEMENT, JAIL_DIVERSION):
        resource = {"resourceType": "Encounter", "extension": [{"url": url}]}

        assert shared_form(resource, encode(resource)) == {"resourceType": "Encounter"}
    linked = {"resourceType": "Patient", "link": [{"type": "seealso"}]}
    others: list[Resource] = [{"identifier": [RMS]}, {"resourceType": "Task"}, linked]
    for other in others:
        assert shared_form(other, encode(other)) == shared_form(other)

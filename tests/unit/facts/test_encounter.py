"""Facts of crisis encounters, from the extensions that intake writes."""

import pytest

from fhir_server.facts.encounter import EncounterFact, facts_of
from fhir_server.fhir import crisis, dates
from fhir_server.fhir.resource import Element, Json, Resource


def event(code: str, time: str) -> Element:
    parts = [{"url": "event", "valueCode": code}, {"url": "time", "valueDateTime": time}]
    return {"url": crisis.TIMELINE, "extension": parts}


def simple(url: str, code: str) -> Element:
    return {"url": url, "valueCodeableConcept": {"coding": [{"system": "x", "code": code}]}}


def parts(url: str, **values: Element) -> Element:
    return {"url": url, "extension": [{"url": name, **value} for name, value in values.items()]}


def concept(code: str) -> Element:
    return {"valueCodeableConcept": {"coding": [{"code": code}]}}


RECEIVED = event("received", "2026-03-04T13:41:05-06:00")


def crisis_encounter(*extensions: Element, **elements: Json) -> Resource:
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "subject": {"reference": "Patient/1"},
        "extension": [RECEIVED, *extensions],
        **elements,
    }


def fact(*extensions: Element, **elements: Json) -> EncounterFact:
    found = facts_of(crisis_encounter(*extensions, **elements))
    assert found is not None
    return found


def test_what_has_no_crisis_timeline_has_no_facts() -> None:
    assert facts_of({"resourceType": "Encounter", "status": "finished"}) is None
    assert facts_of({"resourceType": "Patient"}) is None


def test_the_worked_record() -> None:
    found = fact(
        event("on-scene", "2026-03-04T14:07:00-06:00"),
        event("at-patient", "2026-03-04T14:09:20-06:00"),
        event("cleared", "2026-03-04T15:00:40-06:00"),
        simple(crisis.DISPATCH_SOURCE, "911"),
        simple(crisis.RESPONDER_MODEL, "mobile-crisis-team"),
        parts(
            crisis.DISPOSITION,
            disposition=concept("resolved-on-scene"),
            voluntary={"valueBoolean": True},
        ),
        parts(
            crisis.JAIL_DIVERSION,
            arrestableOffense={"valueCode": "yes"},
            offenseLevel={"valueCode": "misdemeanor"},
            arrested={"valueBoolean": False},
        ),
    )

    assert found == EncounterFact(
        status="finished",
        received=dates.parse("2026-03-04T19:41:05Z").lo,
        on_scene=dates.parse("2026-03-04T20:07:00Z").lo,
        cleared=dates.parse("2026-03-04T21:00:40Z").lo,
        disposition="resolved-on-scene",
        responder_model="mobile-crisis-team",
        dispatch_source="911",
        offense_level="misdemeanor",
        voluntary=True,
        in_person=True,
        arrestable=True,
        arrested=False,
        known_person=True,
    )


def test_of_several_units_the_first_counts() -> None:
    found = fact(
        event("on-scene", "2026-03-04T20:20:00Z"), event("on-scene", "2026-03-04T20:10:00Z")
    )

    assert found.on_scene == dates.parse("2026-03-04T20:10:00Z").lo


@pytest.mark.parametrize(
    ("disposition", "reached"),
    [("unable-to-locate", "no"), ("resolved-on-scene", "yes")],
)
def test_who_came_and_found_nobody_met_nobody(disposition: str, reached: str) -> None:
    found = fact(
        event("on-scene", "2026-03-04T20:20:00Z"),
        parts(crisis.DISPOSITION, disposition=concept(disposition)),
    )

    assert found.in_person == (reached == "yes")


def test_a_call_is_not_in_person() -> None:
    assert not fact().in_person


def test_unknown_is_not_no() -> None:
    found = fact(parts(crisis.JAIL_DIVERSION, arrestableOffense={"valueCode": "unknown"}))

    assert found.arrestable is None
    assert found.cited is None


def test_a_time_that_is_absent_is_no_event() -> None:
    found = fact({"url": crisis.TIMELINE, "extension": [{"url": "event", "valueCode": "cleared"}]})

    assert found.cleared is None


def test_a_contact_without_subject_is_of_nobody_known() -> None:
    contact = crisis_encounter()
    del contact["subject"]

    found = facts_of(contact)

    assert found is not None
    assert not found.known_person


def test_codes_are_read_from_any_coded_value() -> None:
    assert crisis.code_of({"valueCoding": {"code": "a"}}) == "a"
    assert crisis.code_of({"valueString": "a"}) == "a"
    assert crisis.code_of({"valueCodeableConcept": {"text": "a"}}) == ""
    assert crisis.code_of({"valueBoolean": True}) == ""
    assert crisis.code_of(None) == ""

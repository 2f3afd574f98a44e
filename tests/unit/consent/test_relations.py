"""Treating relations from resources."""

import pytest

from fhir_server.consent.relations import (
    AFTER_AN_ENCOUNTER,
    Assertion,
    organizations,
    relations,
)
from fhir_server.fhir import dates
from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.search.labels import FOREVER, Relation

ANA, MCT, CLINIC, SOURCE, NOW = 1, 2, 3, 4, 1_000
KEYS = {"Organization/mct": MCT, "Organization/clinic": CLINIC}
ASSERTION = Assertion(source=SOURCE, custodian=MCT, patient=ANA, at=NOW)
TO_CLINIC: Element = {"reference": "Organization/clinic"}
JUNE: Element = {"start": "2025-06-01", "end": "2025-06-30"}


def found(resource: Resource) -> tuple[Relation, ...]:
    return relations(resource, ASSERTION, lambda element: KEYS.get(element.get("reference", "")))


def treats(resource: Resource) -> list[tuple[int, int, int]]:
    return [(one.organization, one.since, one.until) for one in found(resource)]


def of(type_: str, **elements: Json) -> Resource:
    return {"resourceType": type_, **elements}


def test_an_active_episode_names_who_treats() -> None:
    lo, hi = dates.parse("2025-06-01").lo, dates.parse("2025-06-30").hi
    episode = of("EpisodeOfCare", status="active", managingOrganization=TO_CLINIC, period=JUNE)

    assert found(episode) == (
        Relation(patient=ANA, organization=CLINIC, since=lo, until=hi, source=SOURCE),
    )
    assert organizations(episode) == [TO_CLINIC]
    assert treats({**episode, "status": "finished"}) == []


def test_a_care_team_names_its_members() -> None:
    team = of(
        "CareTeam",
        status="active",
        managingOrganization=[{"reference": "Organization/mct"}],
        participant=[{"member": TO_CLINIC}, {"onBehalfOf": TO_CLINIC}, {}],
    )

    assert treats(team) == [(MCT, 0, FOREVER), (CLINIC, 0, FOREVER)]


@pytest.mark.parametrize("status", ["accepted", "in-progress", "completed"])
def test_an_accepted_task_or_request_names_who_took_it(status: str) -> None:
    assert treats(of("Task", status=status, owner=TO_CLINIC)) == [(CLINIC, 0, FOREVER)]
    assert treats(of("ServiceRequest", status=status, performer=[TO_CLINIC])) == [
        (CLINIC, 0, FOREVER)
    ]


def test_what_was_only_asked_for_makes_nobody_treating() -> None:
    assert treats(of("Task", status="requested", owner=TO_CLINIC)) == []
    assert treats(of("ServiceRequest", status="active", performer=[TO_CLINIC])) == []


def test_a_general_practitioner_that_is_an_organization() -> None:
    patient = of("Patient", generalPractitioner=[TO_CLINIC, {"reference": "Practitioner/1"}])

    assert treats(patient) == [(CLINIC, 0, FOREVER)]


def test_what_an_organization_says_of_itself_is_marked() -> None:
    own = of(
        "EpisodeOfCare", status="active", managingOrganization={"reference": "Organization/mct"}
    )

    assert [one.asserted_by_self for one in found(own)] == [True]


def test_an_encounter_counts_until_thirty_days_after_its_end() -> None:
    lo, hi = dates.parse("2025-06-01").lo, dates.parse("2025-06-30").hi
    encounter = of("Encounter", status="finished", period=JUNE)

    assert treats(encounter) == [(MCT, lo, hi + AFTER_AN_ENCOUNTER)]
    assert found(encounter)[0].asserted_by_self
    assert organizations(encounter) == []


def test_an_encounter_that_goes_on_has_no_end() -> None:
    assert treats(of("Encounter", status="in-progress")) == [(MCT, 0, FOREVER)]


def test_an_encounter_that_ended_nobody_knows_when() -> None:
    lo = dates.parse("2025-06-01").lo

    assert treats(of("Encounter", status="finished", period={"start": "2025-06-01"})) == [
        (MCT, lo, lo + AFTER_AN_ENCOUNTER)
    ]
    assert treats(of("Encounter", status="finished")) == [(MCT, 0, NOW + AFTER_AN_ENCOUNTER)]


@pytest.mark.parametrize("status", ["planned", "cancelled", "entered-in-error", "unknown"])
def test_an_encounter_that_did_not_take_place_counts_for_nothing(status: str) -> None:
    assert treats(of("Encounter", status=status)) == []


def test_a_period_that_ends_before_it_begins_is_none() -> None:
    period = {"start": "2025-06-02", "end": "2025-06-01"}
    episode = of("EpisodeOfCare", status="active", managingOrganization=TO_CLINIC, period=period)

    assert treats(episode) == []


def test_other_types_say_nothing() -> None:
    assert treats(of("Observation", performer=[TO_CLINIC])) == []

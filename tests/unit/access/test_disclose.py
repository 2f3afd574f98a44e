"""Audit rows of an answer."""

from dataclasses import replace

from fhir_server.access.context import AccessContext
from fhir_server.access.disclose import (
    Interaction,
    Touched,
    audit_rows,
    must_survive,
    refused_row,
)
from fhir_server.audit.events import Flag, Outcome
from fhir_server.search.labels import Family, Purpose

MCT, PROGRAM, ANA, BEN = 1, 2, 10, 11
CONTEXT = AccessContext(
    client_id="ehr",
    organization=MCT,
    organization_id="mct",
    actors=frozenset({MCT}),
    purpose=Purpose.TREAT,
    scopes=(),
    at=0,
    request_id="r",
)
SEARCH = Interaction(code="search-type", type="Encounter")
OWN = Touched(owner=ANA, custodian=MCT, labels=int(Family.BASE))
PART2 = Touched(owner=BEN, custodian=PROGRAM, labels=int(Family.BASE | Family.PART2))
DIRECTORY = Touched(owner=0, custodian=MCT, labels=0)


def test_a_search_that_finds_nothing_is_written_down() -> None:
    (row,) = audit_rows(CONTEXT, SEARCH, 5)

    assert (row.patient, row.custodian, row.count, row.recorded) == (0, MCT, 0, 5)
    assert (row.interaction, row.purpose, row.outcome) == ("search-type", "TREAT", Outcome.SUCCESS)


def test_each_patient_and_agency_has_a_row() -> None:
    request, *each = audit_rows(CONTEXT, SEARCH, 5, [OWN, OWN, PART2, DIRECTORY])

    assert request.count == 4
    assert [(row.patient, row.custodian, row.count) for row in each] == [
        (ANA, MCT, 2),
        (BEN, PROGRAM, 1),
    ]
    assert [Flag(row.flags) for row in each] == [Flag.OWN_RECORDS, Flag.PART2]


def test_emergencies_and_the_system_are_flagged() -> None:
    emergency = replace(CONTEXT, purpose=Purpose.ETREAT, system=True)

    assert Flag(refused_row(emergency, SEARCH, 5, 404).flags) == Flag.EMERGENCY | Flag.SYSTEM


def test_a_refusal_has_its_status() -> None:
    row = refused_row(CONTEXT, SEARCH, 5, 403)

    assert (row.outcome, row.status) == (Outcome.REFUSED, 403)


def test_part_2_of_another_and_break_glass_have_to_survive() -> None:
    assert must_survive(CONTEXT, [OWN, PART2])
    assert not must_survive(CONTEXT, [OWN])
    assert not must_survive(replace(CONTEXT, organization=PROGRAM), [PART2])
    assert must_survive(replace(CONTEXT, purpose=Purpose.BTG), [])

"""The demo is written through intake, once, and its clients can show what the README promises."""

import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from fhir_server import bootstrap
from fhir_server.access.identity import identifier
from fhir_server.access.repository import Repository
from fhir_server.bootstrap import Server
from fhir_server.cli.demo import fill
from fhir_server.demo import region
from fhir_server.demo.clients import CLIENTS, EMERGENCY, key_file
from fhir_server.demo.history import messages
from fhir_server.demo.tour import tour_facts
from fhir_server.demo.write import SYNTHETIC, Desk
from fhir_server.fhir.dates import parse
from fhir_server.fhir.json import decode
from fhir_server.fhir.resource import Resource
from fhir_server.search.query import Query, Summary, Total
from fhir_server.settings import Settings
from fhir_server.smart.keys import private_key

PEOPLE = 12
UNTIL = date(2026, 11, 22)
TYPES = ("Patient", "Encounter", "EpisodeOfCare", "ServiceRequest", "Task", "Consent")


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    settings = Settings(database_url=database_url, demo_keys=str(tmp_path / "keys"))
    with closing(bootstrap.of(settings)) as server:
        yield server


def everything(server: Server, resource_type: str) -> list[Resource]:
    page = server.repository(server.system()).search(Query(type=resource_type, count=1000))
    return [decode(stored.body or b"{}") for stored in page.matches]


def counts(server: Server) -> dict[str, int | None]:
    repository = server.repository(server.system())
    return {
        name: repository.search(Query(type=name, total=Total.ACCURATE, summary=Summary.COUNT)).total
        for name in TYPES
    }


def test_the_demo_is_written_once_however_often_it_is_asked_for(server: Server) -> None:
    first = fill(server, PEOPLE, 1, UNTIL)
    before = counts(server)
    second = fill(server, PEOPLE, 1, UNTIL)

    assert all(before.values())
    assert counts(server) == before
    assert first.records == second.records
    assert (len(first.clients), len(second.clients)) == (len(CLIENTS), 0)


def test_a_demo_that_was_interrupted_goes_on(server: Server) -> None:
    def repositories(key: int, organization_id: str) -> Repository:
        context = server.system(organization=key, organization_id=organization_id)
        return server.repository(context)

    desk = Desk(
        records=server.records,
        repositories=repositories,
        identify=identifier(server.secret),
    )
    half = islice(messages(PEOPLE, 1, UNTIL), 40)
    assert len(list(desk.write(half))) == 40

    fill(server, PEOPLE, 1, UNTIL)

    encounters = everything(server, "Encounter")
    sent = [m for m in messages(PEOPLE, 1, UNTIL) if m.kind == "crisisEncounter"]
    assert len(encounters) == sum(message.records for message in sent)


def test_everybody_is_marked_as_synthetic(server: Server) -> None:
    fill(server, PEOPLE, 1, UNTIL)

    patients = everything(server, "Patient")

    assert patients
    assert all(SYNTHETIC in patient["meta"]["security"] for patient in patients)


def test_the_program_under_part_2_is_one(server: Server) -> None:
    fill(server, 0, 1, UNTIL)

    programs = [
        organization["name"]
        for organization in everything(server, "Organization")
        if "crisis-part2-program" in str(organization)
    ]

    assert programs == [region.BY_ID[region.PART2_PROGRAM].name]


def test_keys_are_the_owners_alone_and_sign(server: Server, tmp_path: Path) -> None:
    fill(server, 0, 1, UNTIL)

    for client in CLIENTS:
        path = key_file(tmp_path / "keys", client)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert private_key(path.read_bytes())[1] == "ES384"
        assert server.oauth.client(client.id) is not None


def test_the_emergency_department_is_medical_personnel(server: Server) -> None:
    fill(server, 0, 1, UNTIL)

    row = server.oauth.client(EMERGENCY.id)

    assert row is not None
    assert row.medical_personnel


def test_the_tour_has_something_to_show(server: Server) -> None:
    fill(server, 60, 1, UNTIL)
    # Sixty people are few: what is small is smaller here.
    ports = replace(server.ports, suppression_threshold=4)

    found = tour_facts(
        server.oauth, lambda context: Repository(context, ports), parse("2026-11-24").lo
    )

    patients = {patient["id"] for patient in everything(server, "Patient")}
    assert found.agency == region.MOBILE_CRISIS
    assert {found.emergency_patient, found.ehr_patient} <= patients
    assert found.measure is not None
    assert found.period is not None


def test_a_tour_without_a_demo_shows_nothing(server: Server) -> None:
    found = tour_facts(server.oauth, server.repository, server.clock())

    assert (found.emergency_patient, found.ehr_patient, found.measure) == (None, None, None)

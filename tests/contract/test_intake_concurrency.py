"""Intake by several writers at once, on both databases.

No version is lost, none overwrites a newer one, and a message that arrives twice is taken once.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fhir_server import bootstrap
from fhir_server.access.changes import Create
from fhir_server.access.identity import identifier
from fhir_server.access.repository import Repository
from fhir_server.bootstrap import Server
from fhir_server.fhir.json import decode
from fhir_server.intake.records.crisis_encounter import RECORD
from fhir_server.intake.submit import submit
from fhir_server.settings import Settings
from tests.intake_messages import AGENCY, crisis_encounter, message

Json = Any
WRITERS = 8


@pytest.fixture
def server(database_url: str) -> Iterator[Server]:
    made = bootstrap.of(Settings(database_url=database_url))
    yield made
    made.close()


@pytest.fixture
def repository(server: Server) -> Repository:
    system = server.repository(server.system())
    id_ = identifier(server.secret)("agency", "", AGENCY)
    agency = {"resourceType": "Organization", "name": AGENCY}
    system.commit((Create(type="Organization", id=id_, resource=agency),))
    key = system.read("Organization", id_).key
    return server.repository(server.system(organization=key, organization_id=id_))


def at_once(server: Server, repository: Repository, messages: list[Json]) -> list[Json]:
    identify = identifier(server.secret)

    def hand_in(body: Json) -> bytes:
        return submit(RECORD, json.dumps(body).encode(), repository, identify).body

    with ThreadPoolExecutor(len(messages)) as pool:
        return [decode(body)["results"] for body in pool.map(hand_in, messages)]


def resource(repository: Repository, result: Json, type_: str) -> Json:
    reference = next(
        each["reference"] for each in result["resources"] if each["reference"].startswith(type_)
    )
    return decode(repository.read(*reference.split("/")).body or b"")


def test_of_versions_that_arrive_at_once_the_newest_stands(
    server: Server, repository: Repository
) -> None:
    native = crisis_encounter()
    versions = [
        {**native, "recordVersion": version, "distress": {"before": version}}
        for version in range(1, WRITERS + 1)
    ]

    answers = at_once(server, repository, [message(crisisEncounter=each) for each in versions])

    results = [result for (result,) in answers]
    statuses = [result["status"] for result in results]
    assert set(statuses) <= {"created", "updated", "stale"}
    assert statuses.count("created") == 1
    newest = results[-1]
    assert newest["status"] in {"created", "updated"}
    assert resource(repository, newest, "Observation")["valueInteger"] == WRITERS


def test_message_that_arrives_twice_at_once_is_taken_once(
    server: Server, repository: Repository
) -> None:
    body = message(crisisEncounter=crisis_encounter())

    answers = at_once(server, repository, [body] * WRITERS)

    assert answers == [answers[0]] * WRITERS
    assert resource(repository, answers[0][0], "Encounter")["meta"]["versionId"] == "1"


def test_encounters_of_one_new_person_at_once_make_one_placeholder(
    server: Server, repository: Repository
) -> None:
    natives = [crisis_encounter(person="P-shared") for _ in range(WRITERS)]

    answers = at_once(server, repository, [message(crisisEncounter=each) for each in natives])

    references = [each["reference"] for (result,) in answers for each in result["resources"]]
    assert [result["status"] for (result,) in answers] == ["created"] * WRITERS
    assert sum(each.startswith("Patient/") for each in references) == 1

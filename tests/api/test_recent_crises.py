"""`Patient/$recent-crises`: https://hl7.org/fhir/R4/operations.html and documents.html ."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fhir_server.search.labels import Purpose
from tests.api.deployment import Deployment, Registration
from tests.api.senders import Sender, reference
from tests.intake_messages import crisis_encounter, next_number

Json = Any
INCOMPLETE = "This record may be incomplete by law or by the person's choice."
PART2 = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."


def at(days_ago: int, minutes: int = 0) -> str:
    moment = datetime.now(UTC) - timedelta(days=days_ago) + timedelta(minutes=minutes)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def a_crisis(days_ago: int, person: str, **fields: Json) -> Json:
    timeline = {
        "receivedAt": at(days_ago),
        "onSceneAt": at(days_ago, 20),
        "clearedAt": at(days_ago, 60),
    }
    return crisis_encounter(
        person=person,
        contact={"channel": "911", "receivedAt": at(days_ago)},
        timeline=timeline,
        callType={"normalized": "suicidal-ideation"},
        risk={"suicide": "moderate", "assessor": "R-18"},
        handoff={"to": "county-hospital", "at": at(days_ago, 55)},
        **fields,
    )


class Story:
    """A person with crises at a team, and the operation on what is known of them."""

    def __init__(self, deployment: Deployment, *days_ago: int, **fields: Json) -> None:
        self.team = Sender(deployment)
        self.person = f"P-{next_number()}"
        crises = [a_crisis(days, self.person, **fields) for days in days_ago]
        self.results = self.team.take("crisis-encounters", crisisEncounters=crises)
        self.patient = self.team.read(self.results[0], "Encounter")["subject"]["reference"]

    def ask(self, who: Sender | None = None, **parameters: str) -> Json:
        answer = (who or self.team).fhir.get(f"/{self.patient}/$recent-crises", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()


def resources(document: Json, type_: str) -> list[Json]:
    found = (entry["resource"] for entry in document["entry"])
    return [each for each in found if each["resourceType"] == type_]


def section(document: Json, code: str) -> Json:
    (composition,) = resources(document, "Composition")
    (found,) = (
        each for each in composition["section"] if each["code"]["coding"][0]["code"] == code
    )
    return found


def test_document_begins_with_its_composition(deployment: Deployment) -> None:
    document = Story(deployment, 3).ask()

    assert (document["resourceType"], document["type"]) == ("Bundle", "document")
    assert document["entry"][0]["resource"]["resourceType"] == "Composition"
    assert document["identifier"]["value"].startswith("urn:uuid:")
    assert "timestamp" in document


def test_crisis_tells_when_nature_risk_disposition_and_whom_to_call(
    deployment: Deployment,
) -> None:
    document = Story(deployment, 3).ask()

    (crisis,) = section(document, "crises")["section"]
    div = crisis["text"]["div"]
    for expected in (
        "suicidal ideation",
        "moderate",
        "resolved on scene, voluntary",
        "county-hospital",
    ):
        assert expected in div
    assert [entry["reference"].split("/")[0] for entry in crisis["entry"]] == [
        "Encounter",
        "Observation",
        "Communication",
    ]


def test_every_reference_of_the_composition_is_in_the_document(deployment: Deployment) -> None:
    document = Story(deployment, 3, 9).ask()

    (composition,) = resources(document, "Composition")
    present = {
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        for entry in document["entry"]
    }
    crises = section(document, "crises")["section"]
    named = {entry["reference"] for crisis in crises for entry in crisis["entry"]}
    assert named | {composition["subject"]["reference"]} <= present


def test_newest_crises_come_first_and_only_so_many(deployment: Deployment) -> None:
    story = Story(deployment, 40, 2, 20)

    document = story.ask(count="2")

    assert [each["id"] for each in resources(document, "Encounter")] == [
        reference(story.results[index], "Encounter").split("/")[1] for index in (1, 2)
    ]


def test_older_crises_are_left_out(deployment: Deployment) -> None:
    story = Story(deployment, 2, 200)

    assert len(resources(story.ask(days="30"), "Encounter")) == 1
    assert len(resources(story.ask(), "Encounter")) == 2


def test_cancelled_contacts_are_no_crises(deployment: Deployment) -> None:
    story = Story(deployment, 2, status="cancelled")

    assert resources(story.ask(), "Encounter") == []


def test_neutral_line_stands_whether_or_not_anything_is_withheld(deployment: Deployment) -> None:
    story = Story(deployment, 2)

    assert INCOMPLETE in section(story.ask(), "notices")["text"]["div"]
    assert INCOMPLETE in section(story.ask(days="1"), "notices")["text"]["div"]


def test_part_2_notice_stands_with_part_2_records_only(deployment: Deployment) -> None:
    plain = Story(deployment, 2)
    program = Story(deployment, 2, sensitivity={"programPart2": True})

    assert PART2 not in json.dumps(plain.ask())
    assert PART2 in json.dumps(program.ask())


def test_same_data_give_the_same_bytes(deployment: Deployment) -> None:
    story = Story(deployment, 2)
    url = f"/{story.patient}/$recent-crises"

    assert story.team.fhir.get(url).content == story.team.fhir.get(url).content


def test_who_does_not_treat_the_person_does_not_learn_that_there_is_one(
    deployment: Deployment,
) -> None:
    story = Story(deployment, 2)
    stranger = Sender(deployment)

    hidden = stranger.fhir.get(f"/{story.patient}/$recent-crises")
    absent = stranger.fhir.get("/Patient/nobody/$recent-crises")

    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert hidden.content == absent.content


def test_emergency_department_reads_it_in_an_emergency(deployment: Deployment) -> None:
    story = Story(deployment, 2)
    registration = Registration(purpose=Purpose.ETREAT, medical_personnel=True)
    hospital = Sender(deployment, registration)

    document = story.ask(hospital)

    assert len(resources(document, "Encounter")) == 1


def test_crises_at_another_agency_of_the_same_person_are_followed(deployment: Deployment) -> None:
    ssn = [{"type": "ssn", "value": str(next_number() + 601_330_000)}]
    one, other = Story(deployment, 2), Story(deployment, 5)
    for story in (one, other):
        person = {"id": story.person, "recordVersion": 1, "identifiers": ssn}
        story.team.take("persons", person=person)
    hospital = Sender(deployment, Registration(purpose=Purpose.ETREAT, medical_personnel=True))

    forward = resources(other.ask(hospital), "Encounter")
    alone = resources(one.ask(), "Encounter")

    assert len(forward) == 2
    assert len(alone) == 1  # the other agency's record is its own


def test_consents_are_named_with_their_effect(deployment: Deployment) -> None:
    story = Story(deployment, 2)
    story.team.take(
        "consents",
        consent={
            "id": f"CON-{next_number()}",
            "recordVersion": 1,
            "person": story.person,
            "kind": "general-disclosure",
            "decision": "deny",
            "recipients": [{"org": "somebody"}],
            "expires": {"at": "2099-01-01"},
        },
    )

    div = section(story.ask(), "consents")["text"]["div"]

    assert "deny, general disclosure, until 2099-01-01" in div


def test_text_of_a_record_cannot_become_markup(deployment: Deployment) -> None:
    story = Story(deployment, 2, presenting={"problem": [{"code": "x", "display": "<b>&"}]})

    (crisis,) = section(story.ask(), "crises")["section"]

    assert "<b>" not in crisis["text"]["div"]


@pytest.mark.parametrize(
    "query",
    ["days=0", "days=x", "days=99999", "count=21", "count=1&count=2", "day=3", "days=%D9%A3"],
)
def test_parameters_are_checked(deployment: Deployment, query: str) -> None:
    answer = Sender(deployment).fhir.get(f"/Patient/x/$recent-crises?{query}")

    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_client_without_a_scope_for_encounters_is_forbidden(deployment: Deployment) -> None:
    story = Story(deployment, 2)
    narrow = deployment.client(story.team.organization, Registration(scopes="system/Patient.rs"))

    assert narrow.get(f"/{story.patient}/$recent-crises").status_code == 403

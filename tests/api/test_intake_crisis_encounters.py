"""Native crisis encounters over HTTP: docs/guides/intake.md, flow by flow.

https://hl7.org/fhir/R4/encounter.html
"""

import copy
import json
from typing import Any

import httpx
import pytest

from fhir_server.search.labels import Purpose
from tests.api.deployment import Deployment, Registration
from tests.intake_messages import crisis_encounter, message, next_number, worked_record

Json = Any
URL = "crisis-encounters"


class Sender:
    """An agency that hands in native records and reads what became of them."""

    def __init__(self, deployment: Deployment, registration: Registration | None = None) -> None:
        self.agency = f"agency-{next_number()}"
        made = deployment.agency(self.agency, registration)
        self.organization = made.id
        self.fhir = made.http

    def post(self, body: Json, path: str = URL) -> httpx.Response:
        """Hand in a body."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = str(self.fhir.base_url).replace("/fhir/", f"/intake/{path}")
        return self.fhir.post(url, content=content, headers={"Content-Type": "application/json"})

    def take(self, path: str = URL, **records: Json) -> list[Json]:
        """Hand in a message of this agency; return the results."""
        answer = self.post(message(self.agency, **records), path)
        assert answer.status_code == 200, answer.text
        found: list[Json] = answer.json()["results"]
        return found

    def read(self, result: Json, type_: str = "Encounter") -> Json:
        """Return the first resource of a type that a record became."""
        reference = next(
            each["reference"]
            for each in result["resources"]
            if each["reference"].startswith(f"{type_}/")
        )
        return self.fhir.get(f"/{reference}").json()

    def found(self, type_: str, **parameters: str) -> list[Json]:
        """Return what a search finds."""
        answer = self.fhir.get(f"/{type_}", params={"_count": "100", **parameters})
        assert answer.status_code == 200, answer.text
        return [entry["resource"] for entry in answer.json().get("entry", ())]


@pytest.fixture(scope="session")
def sender(deployment: Deployment) -> Sender:
    return Sender(deployment)


def types(result: Json) -> list[str]:
    return sorted(each["reference"].split("/")[0] for each in result["resources"])


def test_worked_record_gives_its_twelve_resources(deployment: Deployment) -> None:
    sender = Sender(deployment)
    body = worked_record()
    body["source"]["agency"] = sender.agency

    answer = sender.post(body)

    (result,) = answer.json()["results"]
    assert answer.status_code == 200
    assert (result["index"], result["id"], result["status"]) == (0, "CE-2026-001187", "created")
    assert types(result) == (
        ["Encounter"]
        + ["Observation"] * 3
        + ["Patient"]
        + ["Procedure"] * 2
        + ["Provenance"]
        + ["Task"] * 4
    )
    assert {each["version"] for each in result["resources"]} == {1}
    assert result["warnings"] == result["errors"] == []
    for each in result["resources"]:
        assert sender.fhir.get(f"/{each['reference']}").status_code == 200


def test_encounter_is_found_by_patient_and_date(sender: Sender) -> None:
    (result,) = sender.take(crisisEncounter=crisis_encounter())
    encounter = sender.read(result)

    found = sender.found(
        "Encounter", patient=encounter["subject"]["reference"], date="ge2026-03-04", _sort="-date"
    )

    assert [each["id"] for each in found] == [encounter["id"]]
    assert {"R", "MH"} <= {label["code"] for label in encounter["meta"]["security"]}


def test_replayed_message_is_answered_byte_for_byte_as_the_first_time(sender: Sender) -> None:
    body = message(sender.agency, crisisEncounters=[crisis_encounter(), crisis_encounter()])

    first, second = sender.post(body), sender.post(body)

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    assert [each["status"] for each in second.json()["results"]] == ["created", "created"]


def test_replay_is_answered_as_the_first_time_even_after_newer_versions(sender: Sender) -> None:
    native = crisis_encounter()
    old = message(sender.agency, crisisEncounter=native)
    first = sender.post(old)
    sender.take(crisisEncounter={**native, "recordVersion": 2})

    assert sender.post(old).content == first.content


def test_newer_version_updates(sender: Sender) -> None:
    native = crisis_encounter(distress={"before": 8})
    (first,) = sender.take(crisisEncounter=native)

    (second,) = sender.take(
        crisisEncounter={**native, "recordVersion": 2, "distress": {"before": 7}}
    )

    assert (second["status"], sender.read(second)["meta"]["versionId"]) == ("updated", "2")
    assert sender.read(second, "Observation")["valueInteger"] == 7
    assert sender.read(first)["id"] == sender.read(second)["id"]


@pytest.mark.parametrize(("late", "status"), [(2, "stale"), (3, "unchanged")])
def test_version_that_is_not_above_the_last_overwrites_nothing(
    sender: Sender, late: int, status: str
) -> None:
    native = crisis_encounter(recordVersion=3)
    (first,) = sender.take(crisisEncounter=native)

    (second,) = sender.take(
        crisisEncounter={**native, "recordVersion": late, "status": "cancelled"}
    )

    assert second["status"] == status
    assert sender.read(first)["status"] == "finished"
    assert sender.read(first)["meta"]["versionId"] == "1"


def test_versions_out_of_order_within_one_message(sender: Sender) -> None:
    native = crisis_encounter(recordVersion=2)

    results = sender.take(crisisEncounters=[native, {**native, "recordVersion": 1}])

    assert [each["status"] for each in results] == ["created", "stale"]


def test_what_a_newer_version_does_not_tell_any_more_is_withdrawn(sender: Sender) -> None:
    native = crisis_encounter(distress={"before": 8, "after": 2})
    (first,) = sender.take(crisisEncounter=native)
    observations = [
        each["reference"]
        for each in first["resources"]
        if each["reference"].startswith("Observation/")
    ]

    sender.take(crisisEncounter={**native, "recordVersion": 2, "distress": {"before": 8}})

    assert [sender.fhir.get(f"/{each}").json()["status"] for each in observations] == [
        "final",
        "entered-in-error",
    ]


def test_task_that_somebody_has_begun_is_left_alone(sender: Sender) -> None:
    native = crisis_encounter()
    (first,) = sender.take(crisisEncounter=native)
    task = sender.read(first, "Task")
    task["status"] = "completed"
    assert sender.fhir.put(f"/Task/{task['id']}", json=task).status_code == 200

    sender.take(crisisEncounter={**native, "recordVersion": 2})

    assert sender.fhir.get(f"/Task/{task['id']}").json()["status"] == "completed"


def test_record_with_faults_is_refused_whole_and_the_others_stand(sender: Sender) -> None:
    wrong = crisis_encounter()
    wrong["timeline"]["onSceneAt"] = "2026-03-04T14:07:00"
    wrong["callerName"] = "J. Doe"
    wrong["disposition"] = {"code": "went-away"}

    results = sender.take(crisisEncounters=[crisis_encounter(), crisis_encounter(), wrong])

    assert [each["status"] for each in results] == ["created", "created", "refused"]
    assert results[2]["resources"] == []
    faults = {each["path"]: each["message"] for each in results[2]["errors"]}
    assert faults.keys() == {
        "crisisEncounters[2].timeline.onSceneAt",
        "crisisEncounters[2].callerName",
        "crisisEncounters[2].disposition.code",
    }
    assert "offset" in faults["crisisEncounters[2].timeline.onSceneAt"]


def test_all_refused_is_unprocessable(sender: Sender) -> None:
    answer = sender.post(message(sender.agency, crisisEncounter={"id": "CE-x"}))

    (result,) = answer.json()["results"]
    assert answer.status_code == 422
    assert (result["id"], result["status"]) == ("CE-x", "refused")
    assert "crisisEncounter.status" in {each["path"] for each in result["errors"]}


@pytest.mark.parametrize(
    ("name", "value"),
    [("criminalHistory", []), ("warrantNumber", "W-1"), ("ncicId", "1"), ("charges", ["x"])],
)
def test_criminal_justice_information_is_refused_with_the_reason(
    sender: Sender, name: str, value: Json
) -> None:
    native = crisis_encounter(diversion={"arrestableOffense": "yes", name: value})

    answer = sender.post(message(sender.agency, crisisEncounter=native))

    ((error,),) = (each["errors"] for each in answer.json()["results"])
    assert error["path"] == f"crisisEncounter.diversion.{name}"
    assert "CJIS" in error["message"]


def test_code_of_an_open_list_is_kept_with_a_warning(sender: Sender) -> None:
    native = crisis_encounter(callType={"normalized": {"code": "goat-on-roof", "display": "Goat"}})

    (result,) = sender.take(crisisEncounter=native)

    assert result["status"] == "created"
    assert [each["path"] for each in result["warnings"]] == ["crisisEncounter.callType.normalized"]
    assert "goat-on-roof" in json.dumps(sender.read(result)["reasonCode"])


def test_batch_of_messages(sender: Sender) -> None:
    bodies = [message(sender.agency, crisisEncounter=crisis_encounter()) for _ in range(3)]
    bodies[1]["crisisEncounter"]["status"] = "??"

    answer = sender.post(bodies)

    found = [(each["index"], each["status"]) for each in answer.json()["results"]]
    assert found == [(0, "created"), (1, "refused"), (2, "created")]
    (error,) = answer.json()["results"][1]["errors"]
    assert error["path"] == "[1].crisisEncounter.status"


def test_fifty_records_of_one_person(sender: Sender) -> None:
    person = {"id": f"P-{next_number()}"}
    natives = [crisis_encounter(person=person) for _ in range(50)]

    results = sender.take(crisisEncounters=natives)

    assert {each["status"] for each in results} == {"created"}
    assert sum(types(each).count("Patient") for each in results) == 1


def test_agency_that_is_not_the_clients_is_forbidden(sender: Sender) -> None:
    answer = sender.post(message("another-agency", crisisEncounter=crisis_encounter()))

    assert answer.status_code == 403
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_agency_may_be_named_by_its_organizations_id(sender: Sender) -> None:
    answer = sender.post(message(sender.organization, crisisEncounter=crisis_encounter()))

    assert answer.status_code == 200


def test_without_a_token_is_unauthorized(deployment: Deployment) -> None:
    answer = httpx.post(f"{deployment.url}/intake/{URL}", json=message())

    assert answer.status_code == 401


def test_token_that_may_not_write_is_forbidden(deployment: Deployment) -> None:
    reader = Sender(deployment, Registration(scopes="system/*.rs"))

    answer = reader.post(message(reader.agency, crisisEncounter=crisis_encounter()))

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[1]", 400), (b'{"schema":"crisis-native/1","schema":"x"}', 400)],
)
def test_what_is_no_message_is_refused_as_a_whole(sender: Sender, body: bytes, status: int) -> None:
    answer = sender.post(body)

    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"schema": "crisis-native/9"}, "schema"),
        ({"source": {}}, "source.agency"),
        ({"episode": {}}, "episode"),
    ],
)
def test_fault_of_the_envelope_is_named(sender: Sender, change: Json, path: str) -> None:
    body = {**message(sender.agency, crisisEncounter=crisis_encounter()), **change}

    answer = sender.post(body)

    assert answer.status_code == 422
    (result,) = answer.json()["results"]
    assert path in {each["path"] for each in result["errors"]}


def test_other_media_types_are_not_read(sender: Sender) -> None:
    url = str(sender.fhir.base_url).replace("/fhir/", f"/intake/{URL}")

    assert sender.fhir.post(url, content=b"<x/>").status_code == 415


def test_anonymous_contact_is_nobody_elses(deployment: Deployment) -> None:
    centre = Sender(deployment)
    native = crisis_encounter(
        person=None,
        contact={"channel": "988", "mode": "voice", "receivedAt": "2026-03-04T13:41:05-06:00"},
        caller={"relationship": "self", "anonymous": True},
        status="resolved-by-phone",
        responderModel=None,
        timeline={"receivedAt": "2026-03-04T13:41:05-06:00"},
        disposition={"code": "resolved-by-phone"},
    )

    (result,) = centre.take(crisisEncounter=native)

    assert types(result) == ["Encounter", "Provenance"]
    other = deployment.agency("Other", Registration(purpose=Purpose.TREAT)).http
    reference = result["resources"][0]["reference"]
    assert other.get(f"/{reference}").status_code == 404


def test_anonymous_contact_with_988_may_not_be_linked_to_a_person(sender: Sender) -> None:
    native = crisis_encounter(
        contact={"channel": "988", "receivedAt": "2026-03-04T13:41:05-06:00"},
        caller={"relationship": "self", "anonymous": True},
    )

    answer = sender.post(message(sender.agency, crisisEncounter=native))

    ((error,),) = (each["errors"] for each in answer.json()["results"])
    assert (answer.status_code, error["path"]) == (422, "crisisEncounter.person")


def test_law_enforcement_details_stay_with_the_agency(deployment: Deployment) -> None:
    team = Sender(deployment)
    clinic = Sender(deployment)
    body = copy.deepcopy(worked_record())
    body["source"]["agency"] = team.agency
    body["crisisEncounter"]["units"] = [{"unitId": "MC-2"}]
    (result,) = team.post(body).json()["results"]
    encounter = team.read(result)
    # The clinic is asked to follow up, so that it treats the person.
    team.take(
        "episodes",
        episode={
            "id": f"E-{next_number()}",
            "recordVersion": 1,
            "person": "P-5521",
            "openedAt": "2026-03-04T15:00:40-06:00",
            "status": "open",
            "managingAgency": clinic.organization,
        },
    )

    seen = clinic.fhir.get(f"/Encounter/{encounter['id']}")

    assert seen.status_code == 200
    for name in ("crisis-law-enforcement", "crisis-jail-diversion"):
        assert name in json.dumps(encounter)
        assert name not in seen.text

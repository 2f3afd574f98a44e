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
from tests.api.senders import Sender, types
from tests.intake_messages import crisis_encounter, message, next_number, worked_record

Json = Any
URL = "crisis-encounters"


@pytest.fixture(scope="session")
def sender(deployment: Deployment) -> Sender:
    return Sender(deployment)


def test_worked_record_gives_its_twelve_resources(deployment: Deployment) -> None:
    sender = Sender(deployment)
    body = worked_record()
    body["source"]["agency"] = sender.agency

    answer = sender.post(body, URL)

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
    (result,) = sender.take(URL, crisisEncounter=crisis_encounter())
    encounter = sender.read(result, "Encounter")

    found = sender.found(
        "Encounter", patient=encounter["subject"]["reference"], date="ge2026-03-04", _sort="-date"
    )

    assert [each["id"] for each in found] == [encounter["id"]]
    assert {"R", "MH"} <= {label["code"] for label in encounter["meta"]["security"]}


def test_replayed_message_is_answered_byte_for_byte_as_the_first_time(sender: Sender) -> None:
    body = message(sender.agency, crisisEncounters=[crisis_encounter(), crisis_encounter()])

    first, second = sender.post(body, URL), sender.post(body, URL)

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    assert [each["status"] for each in second.json()["results"]] == ["created", "created"]


def test_replay_is_answered_as_the_first_time_even_after_newer_versions(sender: Sender) -> None:
    native = crisis_encounter()
    old = message(sender.agency, crisisEncounter=native)
    first = sender.post(old, URL)
    sender.take(URL, crisisEncounter={**native, "recordVersion": 2})

    assert sender.post(old, URL).content == first.content


def test_newer_version_updates(sender: Sender) -> None:
    native = crisis_encounter(distress={"before": 8})
    (first,) = sender.take(URL, crisisEncounter=native)

    (second,) = sender.take(
        URL, crisisEncounter={**native, "recordVersion": 2, "distress": {"before": 7}}
    )

    assert (second["status"], sender.read(second, "Encounter")["meta"]["versionId"]) == (
        "updated",
        "2",
    )
    assert sender.read(second, "Observation")["valueInteger"] == 7
    assert sender.read(first, "Encounter")["id"] == sender.read(second, "Encounter")["id"]


@pytest.mark.parametrize(("late", "status"), [(2, "stale"), (3, "unchanged")])
def test_version_that_is_not_above_the_last_overwrites_nothing(
    sender: Sender, late: int, status: str
) -> None:
    native = crisis_encounter(recordVersion=3)
    (first,) = sender.take(URL, crisisEncounter=native)

    (second,) = sender.take(
        URL, crisisEncounter={**native, "recordVersion": late, "status": "cancelled"}
    )

    assert second["status"] == status
    assert sender.read(first, "Encounter")["status"] == "finished"
    assert sender.read(first, "Encounter")["meta"]["versionId"] == "1"


def test_versions_out_of_order_within_one_message(sender: Sender) -> None:
    native = crisis_encounter(recordVersion=2)

    results = sender.take(URL, crisisEncounters=[native, {**native, "recordVersion": 1}])

    assert [each["status"] for each in results] == ["created", "stale"]


def test_what_a_newer_version_does_not_tell_any_more_is_withdrawn(sender: Sender) -> None:
    native = crisis_encounter(distress={"before": 8, "after": 2})
    (first,) = sender.take(URL, crisisEncounter=native)
    observations = [
        each["reference"]
        for each in first["resources"]
        if each["reference"].startswith("Observation/")
    ]

    sender.take(URL, crisisEncounter={**native, "recordVersion": 2, "distress": {"before": 8}})

    assert [sender.fhir.get(f"/{each}").json()["status"] for each in observations] == [
        "final",
        "entered-in-error",
    ]


def test_task_that_somebody_has_begun_is_left_alone(sender: Sender) -> None:
    native = crisis_encounter()
    (first,) = sender.take(URL, crisisEncounter=native)
    task = sender.read(first, "Task")
    task["status"] = "in-progress"
    assert sender.fhir.put(f"/Task/{task['id']}", json=task).status_code == 200

    sender.take(URL, crisisEncounter={**native, "recordVersion": 2})

    assert sender.fhir.get(f"/Task/{task['id']}").json()["status"] == "in-progress"


def test_record_with_faults_is_refused_whole_and_the_others_stand(sender: Sender) -> None:
    wrong = crisis_encounter()
    wrong["timeline"]["onSceneAt"] = "2026-03-04T14:07:00"
    wrong["callerName"] = "J. Doe"
    wrong["disposition"] = {"code": "went-away"}

    results = sender.take(URL, crisisEncounters=[crisis_encounter(), crisis_encounter(), wrong])

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
    answer = sender.post(message(sender.agency, crisisEncounter={"id": "CE-x"}), URL)

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

    answer = sender.post(message(sender.agency, crisisEncounter=native), URL)

    ((error,),) = (each["errors"] for each in answer.json()["results"])
    assert error["path"] == f"crisisEncounter.diversion.{name}"
    assert "CJIS" in error["message"]


def test_code_of_an_open_list_is_kept_with_a_warning(sender: Sender) -> None:
    native = crisis_encounter(callType={"normalized": {"code": "goat-on-roof", "display": "Goat"}})

    (result,) = sender.take(URL, crisisEncounter=native)

    assert result["status"] == "created"
    assert [each["path"] for each in result["warnings"]] == ["crisisEncounter.callType.normalized"]
    assert "goat-on-roof" in json.dumps(sender.read(result, "Encounter")["reasonCode"])


def test_batch_of_messages(sender: Sender) -> None:
    bodies = [message(sender.agency, crisisEncounter=crisis_encounter()) for _ in range(3)]
    bodies[1]["crisisEncounter"]["status"] = "??"

    answer = sender.post(bodies, URL)

    found = [(each["index"], each["status"]) for each in answer.json()["results"]]
    assert found == [(0, "created"), (1, "refused"), (2, "created")]
    (error,) = answer.json()["results"][1]["errors"]
    assert error["path"] == "[1].crisisEncounter.status"


def test_fifty_records_of_one_person(sender: Sender) -> None:
    person = {"id": f"P-{next_number()}"}
    natives = [crisis_encounter(person=person) for _ in range(50)]

    results = sender.take(URL, crisisEncounters=natives)

    assert {each["status"] for each in results} == {"created"}
    assert sum(types(each).count("Patient") for each in results) == 1


def test_agency_that_is_not_the_clients_is_forbidden(sender: Sender) -> None:
    answer = sender.post(message("another-agency", crisisEncounter=crisis_encounter()), URL)

    assert answer.status_code == 403
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_agency_may_be_named_by_its_organizations_id(sender: Sender) -> None:
    answer = sender.post(message(sender.organization, crisisEncounter=crisis_encounter()), URL)

    assert answer.status_code == 200


def test_who_hands_in_for_an_agency_makes_it_the_custodian(deployment: Deployment) -> None:
    team = Sender(deployment)
    exchange = Sender(deployment, Registration(submits_for=(team.organization,)))
    body = message(team.organization, crisisEncounter=crisis_encounter())

    (result,) = exchange.post(body, URL).json()["results"]

    assert result["status"] == "created"
    assert team.read(result, "Encounter")["status"] == "finished"
    reference = result["resources"][0]["reference"]
    assert exchange.fhir.get(f"/{reference}").status_code == 404


def test_without_a_token_is_unauthorized(deployment: Deployment) -> None:
    answer = httpx.post(f"{deployment.url}/intake/{URL}", json=message())

    assert answer.status_code == 401


def test_token_that_may_not_write_is_forbidden(deployment: Deployment) -> None:
    reader = Sender(deployment, Registration(scopes="system/*.rs"))

    answer = reader.post(message(reader.agency, crisisEncounter=crisis_encounter()), URL)

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[1]", 400), (b'{"schema":"crisis-native/1","schema":"x"}', 400)],
)
def test_what_is_no_message_is_refused_as_a_whole(sender: Sender, body: bytes, status: int) -> None:
    answer = sender.post(body, URL)

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

    answer = sender.post(body, URL)

    assert answer.status_code == 422
    (result,) = answer.json()["results"]
    assert path in {each["path"] for each in result["errors"]}


def test_other_media_types_are_not_read(sender: Sender) -> None:
    assert sender.fhir.post(sender.url(URL), content=b"<x/>").status_code == 415


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

    (result,) = centre.take(URL, crisisEncounter=native)

    assert types(result) == ["Encounter", "Provenance"]
    other = deployment.agency("Other", Registration(purpose=Purpose.TREAT)).http
    reference = result["resources"][0]["reference"]
    assert other.get(f"/{reference}").status_code == 404


def test_anonymous_contact_with_988_may_not_be_linked_to_a_person(sender: Sender) -> None:
    native = crisis_encounter(
        contact={"channel": "988", "receivedAt": "2026-03-04T13:41:05-06:00"},
        caller={"relationship": "self", "anonymous": True},
    )

    answer = sender.post(message(sender.agency, crisisEncounter=native), URL)

    ((error,),) = (each["errors"] for each in answer.json()["results"])
    assert (answer.status_code, error["path"]) == (422, "crisisEncounter.person")


def test_law_enforcement_details_stay_with_the_agency(deployment: Deployment) -> None:
    team = Sender(deployment)
    clinic = Sender(deployment)
    body = copy.deepcopy(worked_record())
    body["source"]["agency"] = team.agency
    body["crisisEncounter"]["units"] = [{"unitId": "MC-2"}]
    (result,) = team.post(body, URL).json()["results"]
    encounter = team.read(result, "Encounter")
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

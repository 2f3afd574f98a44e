"""The cases of conformance/suites/consent, asked at the gate; and how a file stays in step."""

import json
from pathlib import Path
from typing import Any

import pytest

from fhir_server.fhir import crisis
from fhir_server.fhir.outcome import NotFoundError
from fhir_server.fhir.resource import Element, Resource
from fhir_server.search.labels import Purpose
from fhir_server.storage.engine import Database
from tests.gate import Caller, Gate, consent, episode, observation, patient

CASES = Path(__file__).parents[2] / "conformance" / "suites" / "consent" / "cases.json"
PART2: list[Element] = [
    {"url": crisis.PART2_PROGRAM, "extension": [{"url": "is", "valueBoolean": True}]}
]


@pytest.fixture
def gate(database: Database) -> Gate:
    found = Gate(database)
    for id_ in ("mct", "ehr-1", "ehr-2", "ed", "pd", "ph", "court"):
        found.organization(id_)
    found.organization("sudp", extension=PART2)
    return found


def gives(caller: Caller, type_: str, id_: str) -> bool:
    """Return whether a read and a search give the resource; both give it or neither."""
    try:
        caller.read(type_, id_)
        read = True
    except NotFoundError:
        read = False
    assert (caller.ids(type_, _id=id_) == [id_]) is read
    return read


def settled(case: dict[str, Any], resources: dict[str, Any], gate: Gate) -> tuple[str, str]:
    """File what the case names, as Ana's alone; return the address of what is asked for."""
    suffix = f"-{case['id']}"

    def filled(name: str, resource: Resource) -> Resource:
        text = json.dumps(resource).replace("{case}", suffix).replace("{name}", name)
        found: Resource = json.loads(text)
        return found

    gate.caller("mct").assigning().put(patient(id=f"ana{suffix}"))
    for custodian in ("mct", "sudp"):
        gate.caller(custodian).post(episode(f"ana{suffix}", "ehr-1"))
    for name, found in resources.items():
        gate.caller(found["by"]).assigning().put(filled(name, found["resource"]))
    for found in case["on_file"]:
        filer = gate.caller(found["by"])
        filed = filer.post(filled("", found["resource"]))
        if found.get("deleted"):
            filer.remove("Consent", filed)
    asked = filled(case["asked"], resources[case["asked"]]["resource"])
    return asked["resourceType"], asked["id"]


def test_each_case_is_decided_as_expected(gate: Gate) -> None:
    suite = json.loads(CASES.read_text("utf-8"))
    wrong = []
    for case in suite["cases"]:
        type_, id_ = settled(case, suite["resources"], gate)
        asks = case["request"]
        caller = gate.caller(
            asks["organization"],
            Purpose[asks["purpose"]],
            medical_personnel=asks.get("medical_personnel", False),
        )
        if not _is_as_expected(case, caller, type_, id_):
            wrong.append(f"{case['id']} {case['title']}")

    assert wrong == []


def _is_as_expected(case: dict[str, Any], caller: Caller, type_: str, id_: str) -> bool:
    if case["request"]["purpose"] == "ETREAT":  # searches of emergencies name the patient
        try:
            caller.read(type_, id_)
        except NotFoundError:
            return bool(case["expected"] == "deny")
        return bool(case["expected"] == "permit")
    return gives(caller, type_, id_) is (case["expected"] == "permit")


def coded(person: str, code: str, **elements: Any) -> Resource:  # noqa: ANN401
    concept = {"coding": [{"system": "http://loinc.org", "code": code}]}
    return observation(person, code=concept, **elements)


def test_a_file_stays_in_step_with_directives_about_some_of_it(gate: Gate) -> None:
    mct, clinic = gate.caller("mct"), gate.caller("ehr-1")
    person = mct.post(patient())
    mct.post(episode(person, "ehr-1"))
    secret = {"coding": [{"system": "http://loinc.org", "code": "1-1"}]}
    mct.post(consent(person, "deny", provision={"type": "deny", "code": [secret]}))

    filed = mct.post(coded(person, "1-1"))
    open_ = mct.post(coded(person, "2-2"))
    assert clinic.ids("Observation") == [open_]

    mct.put({**coded(person, "2-2"), "id": filed})
    mct.put({**coded(person, "1-1"), "id": open_})
    assert clinic.ids("Observation") == [filed]
    assert clinic.ids("Patient") == [person]


def test_what_a_directive_would_say_of_an_older_version_is_a_denial(gate: Gate) -> None:
    mct, clinic = gate.caller("mct"), gate.caller("ehr-1")
    person = mct.post(patient())
    mct.post(episode(person, "ehr-1"))
    found = mct.post(coded(person, "1-1"))
    mct.put({**coded(person, "2-2"), "id": found})
    assert len(clinic.history_of("Observation")) == 2

    secret = {"coding": [{"system": "http://loinc.org", "code": "1-1"}]}
    mct.post(consent(person, "deny", provision={"type": "deny", "code": [secret]}))

    assert clinic.history_of("Observation") == [f"Observation/{found}/2"]
    with pytest.raises(NotFoundError):
        clinic.vread("Observation", found, 1)

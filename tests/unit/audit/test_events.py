"""AuditEvents, which must pass the server's own structural check."""

import pytest

from fhir_server.audit.events import Event, Flag, audit_event
from fhir_server.fhir import definitions
from fhir_server.validation.structure import check

READ = Event(
    id="1",
    recorded=1_772_625_600_000_000,
    request_id="r",
    client_id="ehr",
    organization="clinic",
    purpose="TREAT",
    interaction="read",
    type="Encounter",
    resource_id="e1",
    version=2,
    patient="ana",
    count=1,
    flags=int(Flag.PART2 | Flag.EMERGENCY),
)
BARE = Event(
    id="2",
    recorded=0,
    request_id="r",
    client_id="police",
    organization="",
    purpose="LEFIELD",
    interaction="search-type",
    type="Encounter",
    outcome=4,
)


@pytest.mark.parametrize("event", [READ, BARE])
def test_it_is_an_audit_event(event: Event) -> None:
    assert check(audit_event(event), definitions.load()) == ()


def test_it_says_who_did_what_to_whom() -> None:
    found = audit_event(READ)

    assert [entity["what"].get("reference") for entity in found["entity"]] == [
        "Patient/ana",
        "Encounter/e1/_history/2",
        None,
    ]
    flags = [x["valueString"] for x in found["entity"][2]["detail"] if x["type"] == "flag"]
    assert flags == ["PART2", "EMERGENCY"]
    assert found["action"] == "R"


def test_a_local_purpose_has_its_own_system() -> None:
    purpose = audit_event(BARE)["purposeOfEvent"][0]["coding"][0]

    assert purpose["system"].endswith("crisis-purpose")
    assert audit_event(BARE)["outcome"] == "4"
    assert len(audit_event(BARE)["agent"]) == 1

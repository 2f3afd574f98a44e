"""The envelope: one message or several, one record or several, each fault by its path."""

import json

import pytest

from fhir_server.fhir.outcome import FhirError
from fhir_server.fhir.resource import Json
from fhir_server.intake.envelope import Message, read
from fhir_server.intake.records.crisis_encounter import RECORD
from fhir_server.intake.records.directory import RECORD as DIRECTORY
from tests.intake_messages import message


def messages(body: Json) -> tuple[Message, ...]:
    return read(json.dumps(body).encode(), RECORD)


def test_one_record() -> None:
    (found,) = messages(message(crisisEncounter={"id": "1"}))

    assert [(each.path, each.number) for each in found.records] == [("crisisEncounter", 0)]
    assert found.source["agency"] == "springfield-mct"


def test_array_of_records_under_either_name() -> None:
    (plural,) = messages(message(crisisEncounters=[{"id": "1"}, {"id": "2"}]))
    (singular,) = messages(message(crisisEncounter=[{"id": "1"}]))

    assert [each.path for each in plural.records] == ["crisisEncounters[0]", "crisisEncounters[1]"]
    assert [each.path for each in singular.records] == ["crisisEncounter[0]"]


def test_array_of_messages() -> None:
    found = messages([message(crisisEncounter={}), message(crisisEncounters=[{}])])

    assert [each.path for one in found for each in one.records] == [
        "[0].crisisEncounter",
        "[1].crisisEncounters[0]",
    ]


def test_kinds_of_one_address_are_numbered_through() -> None:
    body = message(agency={"id": "a"}, units=[{"id": "u"}, {"id": "v"}])
    (found,) = read(json.dumps(body).encode(), DIRECTORY)

    assert [(each.kind.name, each.number) for each in found.records] == [
        ("agency", 0),
        ("unit", 1),
        ("unit", 2),
    ]


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"schema": "crisis-native/2"}, {"schema"}),
        ({"schema": None}, {"schema"}),
        ({"source": {"agency": "a"}}, {"source.system", "source.messageId", "source.sentAt"}),
        ({"source": 1}, {"source"}),
        ({"crisisEncounter": None}, {""}),
        ({"colour": "red"}, {"colour"}),
    ],
)
def test_fault_of_the_envelope_is_named(change: dict[str, Json], paths: set[str]) -> None:
    (found,) = messages({**message(crisisEncounter={"id": "1"}), **change})

    assert {fault.path for fault in found.faults} == paths


def test_fault_in_an_array_of_messages_is_named_by_its_place() -> None:
    (_, second) = messages([message(crisisEncounter={}), {**message(), "schema": "x"}])

    assert {fault.path for fault in second.faults} == {"[1].schema"}


@pytest.mark.parametrize("body", [b"", b"{", b"5", b"[1]", b'{"a":1,"a":2}', b"[[]]"])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(FhirError) as refused:
        read(body, RECORD)

    assert refused.value.status == 400

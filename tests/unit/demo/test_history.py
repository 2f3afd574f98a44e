"""The demo's messages: the same for the same seed, coherent, and such as intake takes."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import islice

import pytest

from fhir_server.demo import region
from fhir_server.demo.history import Message, messages
from fhir_server.fhir.crisis_codes import REFERRAL_STATUSES
from fhir_server.fhir.dates import parse
from fhir_server.fhir.resource import Element
from fhir_server.intake import records
from fhir_server.intake.record import Kind, Record
from fhir_server.registry import discover

UNTIL = date(2026, 11, 23)
KINDS = {kind.name: kind for record in discover(records, "RECORD", Record) for kind in record.kinds}


def sent(people: int = 120, seed: int = 1, until: date = UNTIL) -> list[Message]:
    return list(messages(people, seed, until))


def of_kind(kind: str, found: list[Message]) -> Iterator[tuple[Message, Element]]:
    for message in found:
        if message.kind == kind:
            (listed,) = (value for value in message.body.values() if isinstance(value, list))
            yield from ((message, record) for record in listed)


def all_records(found: list[Message]) -> Iterator[tuple[Message, Element]]:
    for kind in {message.kind for message in found}:
        yield from of_kind(kind, found)


def test_the_same_seed_people_and_day_give_the_same_messages() -> None:
    assert sent() == sent()


def test_another_seed_gives_other_people() -> None:
    first, second = (dict(of(sent(30, seed))) for seed in (1, 2))

    assert first.keys() == second.keys()
    assert first != second


def of(found: list[Message]) -> Iterator[tuple[str, str]]:
    yield from ((record["id"], json.dumps(record)) for _, record in of_kind("person", found))


def test_a_person_is_the_same_whoever_else_there_is() -> None:
    few, many = (
        {record["id"]: record for _, record in of_kind("crisisEncounter", sent(people))}
        for people in (30, 60)
    )

    assert few.items() <= many.items()


def test_message_ids_are_unique_and_the_people_add_up() -> None:
    found = sent()

    keys = [(m.agency, m.body["source"]["messageId"]) for m in found]
    assert len(set(keys)) == len(keys)
    assert sum(message.people for message in found) == 120


def test_the_stream_needs_no_more_than_one_batch() -> None:
    endless = messages(10**9, 1, UNTIL)

    assert sum(message.people for message in islice(endless, 100)) > 0


def test_the_region_is_complete() -> None:
    types = Counter(agency.type for agency in region.AGENCIES)

    assert types["hospital-ed"] == 2
    assert types["bh-clinic"] + types["ccbhc"] == 3
    assert types.keys() >= {
        "psap-911",
        "crisis-line-988",
        "mobile-crisis",
        "co-responder-program",
        "law-enforcement",
        "ems",
        "crisis-stabilization",
        "sud-program",
    }
    assert [agency.type for agency in region.AGENCIES if agency.part2] == ["sud-program"]


def test_referrals_are_in_all_their_states() -> None:
    statuses = {record["status"] for _, record in of_kind("referral", sent())}

    assert statuses == REFERRAL_STATUSES


def test_about_a_third_say_something_and_some_opt_out() -> None:
    forms = Counter(record["form"]["id"] for _, record in of_kind("consent", sent(1000)))

    assert 250 <= forms.total() <= 350
    assert 30 <= forms["demo-opt-out"] <= 70
    assert forms.keys() >= {"demo-permit", "demo-denial", "demo-part2"}


def test_some_people_are_in_crisis_again_and_again() -> None:
    times = Counter(
        record["person"]["id"]
        for _, record in of_kind("crisisEncounter", sent(1000))
        if "person" in record
    )

    assert max(times.values()) >= 7
    assert 0.7 <= sum(count == 1 for count in times.values()) / len(times) <= 0.9


def test_an_anonymous_caller_is_linked_to_nobody() -> None:
    anonymous = [
        record for _, record in of_kind("crisisEncounter", sent()) if record["caller"]["anonymous"]
    ]

    assert anonymous
    assert not any({"person", "social"} & record.keys() for record in anonymous)


def test_nothing_happens_after_the_last_day() -> None:
    end = parse("2026-11-24T00:00:00-06:00").lo

    for _, record in all_records(sent()):
        for text in re.findall(r"\d{4}-\d\d-\d\dT[\d:]+-06:00", json.dumps(record)):
            ahead = json.dumps([record.get("hold"), record.get("expires")])
            assert text in ahead or parse(text).lo <= end, record["id"]


def test_whoever_is_named_in_a_record_is_known_to_its_agency() -> None:
    found = sent()
    known = {(message.agency, record["id"]) for message, record in of_kind("person", found)}
    responders = {(message.agency, record["id"]) for message, record in of_kind("responder", found)}

    for kind in ("crisisEncounter", "episode", "referral", "consent"):
        for message, record in of_kind(kind, found):
            person = record.get("person")
            person_id = person["id"] if isinstance(person, dict) else person
            assert person_id is None or (message.agency, person_id) in known
            if "recordedBy" in record:
                assert (message.agency, record["recordedBy"]) in responders


def test_names_and_numbers_are_obviously_invented() -> None:
    for _, record in of_kind("person", sent()):
        for identifier in record.get("identifiers", []):
            assert identifier["value"].startswith("DEMO")
        for phone in record.get("phones", []):
            assert re.fullmatch(r"555-01\d\d", phone["value"])


@pytest.mark.parametrize("name", sorted(KINDS))
def test_intake_takes_every_record_without_a_remark(name: str) -> None:
    kind: Kind = KINDS[name]

    for _, record in of_kind(name, sent()):
        normal = kind.load(record)
        assert [warning.message for warning in kind.warnings(normal)] == []


def test_intake_knows_every_kind_of_record() -> None:
    assert {message.kind for message in sent(30)} <= KINDS.keys()

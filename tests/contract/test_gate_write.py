"""The one entrance: who may change what, what is stored, what is audited; on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import TypeVar

import pytest
from typing_extensions import override

from fhir_server.access.changes import Create, Update
from fhir_server.access.stamp import PART2_NOTICE
from fhir_server.facts.query import FactQuery, FactTest, Population
from fhir_server.fhir import crisis
from fhir_server.fhir.outcome import (
    CollisionError,
    ConflictError,
    FhirError,
    ForbiddenError,
    InvalidRequestError,
    MethodNotAllowedError,
    NotFoundError,
    ReplayedError,
    StaleError,
    UnprocessableError,
    VersionConflictError,
)
from fhir_server.fhir.resource import Element, Resource
from fhir_server.search.labels import Purpose
from fhir_server.search.query import HistoryQuery
from fhir_server.storage.audit_log import AuditQuery
from fhir_server.storage.engine import Database
from fhir_server.storage.resources import ResourceStore
from fhir_server.storage.rows import Receipt
from tests.gate import (
    NOW,
    Caller,
    Gate,
    consent,
    encounter,
    episode,
    observation,
    patient,
    reference,
)

T = TypeVar("T")
PART2: Element = {
    "url": crisis.PART2_PROGRAM,
    "extension": [{"url": "is", "valueBoolean": True}],
}


@pytest.fixture
def gate(database: Database) -> Gate:
    found = Gate(database)
    for id_ in ("mct", "clinic", "stranger"):
        found.organization(id_)
    return found


def shared_person(gate: Gate) -> str:
    """A patient of mct whom the clinic treats."""
    person = gate.caller("mct").post(patient())
    gate.caller("mct").post(episode(person, "clinic"))
    return person


def codes(resource: Resource) -> list[str]:
    return [label["code"] for label in resource["meta"]["security"]]


def test_meta_is_the_servers(gate: Gate) -> None:
    sent = patient(
        id="mine", meta={"versionId": "9", "lastUpdated": "1999-01-01T00:00:00Z", "source": "urn:x"}
    )

    made = gate.caller("mct").change(Create(type="Patient", resource=sent))
    stored = gate.caller("mct").body("Patient", made.id)

    assert made.id != "mine"
    assert stored["id"] == made.id
    assert stored["meta"]["versionId"] == "1"
    assert stored["meta"]["lastUpdated"].startswith("2026-03-04T12:00:00")
    assert stored["meta"]["source"] == "urn:x"
    assert codes(stored) == ["R"]
    assert list(stored)[:3] == ["resourceType", "id", "meta"]


def test_every_fault_of_every_resource_is_named(gate: Gate) -> None:
    wrong = {"resourceType": "Patient", "active": "yes", "nonsense": 1}

    with pytest.raises(UnprocessableError) as refused:
        gate.caller("mct").commit(
            [Create(type="Patient", resource=patient()), Create(type="Patient", resource=wrong)]
        )

    assert {issue.change for issue in refused.value.issues} == {1}
    assert len(refused.value.issues) == 2
    assert gate.caller("mct").ids("Patient") == []


def test_an_update_makes_the_next_version(gate: Gate) -> None:
    person = gate.caller("mct").post(patient())

    made = gate.caller("mct").put({**patient(gender="female"), "id": person}, if_match=1)

    assert (made.version, made.created, made.method) == (2, False, "PUT")
    assert gate.caller("mct").body("Patient", person)["gender"] == "female"


def test_a_version_that_is_not_current_is_refused(gate: Gate) -> None:
    person = gate.caller("mct").post(patient())

    with pytest.raises(VersionConflictError):
        gate.caller("mct").put({**patient(), "id": person}, if_match=2)
    with pytest.raises(VersionConflictError):
        gate.caller("mct").remove("Patient", person, if_match=2)


def test_a_put_to_what_is_absent_and_to_what_is_withheld_is_the_same_405(gate: Gate) -> None:
    person = gate.caller("mct").post(patient())
    stranger = gate.caller("stranger")

    with pytest.raises(MethodNotAllowedError) as withheld:
        stranger.put({**patient(), "id": person})
    with pytest.raises(MethodNotAllowedError) as absent:
        stranger.put({**patient(), "id": "absent"})

    assert withheld.value.issues == absent.value.issues


def test_a_caller_who_assigns_ids_creates_by_put_and_is_told_of_a_taken_id(gate: Gate) -> None:
    person = gate.caller("mct").post(patient())
    migrating = gate.caller("stranger", assign_ids=True)

    made = migrating.put({**patient(), "id": "chosen"})

    assert (made.version, made.created) == (1, True)
    with pytest.raises(ConflictError):
        migrating.put({**patient(), "id": person})
    with pytest.raises(VersionConflictError):
        migrating.put({**patient(), "id": "other"}, if_match=1)


def test_only_the_custodian_changes_what_others_see(gate: Gate) -> None:
    person = shared_person(gate)
    clinic = gate.caller("clinic", assign_ids=True)

    with pytest.raises(ForbiddenError):
        clinic.put({**patient(), "id": person})
    with pytest.raises(ForbiddenError):
        clinic.remove("Patient", person)


def test_who_may_write_but_not_read_learns_nothing(gate: Gate) -> None:
    person = shared_person(gate)

    with pytest.raises(MethodNotAllowedError):
        gate.caller("clinic", scope="system/Patient.u").put({**patient(), "id": person})


def test_a_created_id_cannot_be_taken_twice(gate: Gate) -> None:
    person = gate.caller("mct").post(patient())

    with pytest.raises(ConflictError):
        gate.caller("mct").change(Create(type="Patient", resource=patient(), id=person))


def test_deleting_what_is_absent_or_withheld_changes_nothing(gate: Gate) -> None:
    person = gate.caller("mct").post(patient())
    stranger = gate.caller("stranger")

    withheld = stranger.remove("Patient", person)
    absent = stranger.remove("Patient", "absent")

    assert (withheld.version, absent.version) == (0, 0)
    assert gate.caller("mct").read("Patient", person) is not None
    for id_ in (person, "absent"):
        with pytest.raises(VersionConflictError):
            stranger.remove("Patient", id_, if_match=1)


def test_deleting_twice_is_deleting_once(gate: Gate) -> None:
    person = shared_person(gate)
    mct = gate.caller("mct")

    assert mct.remove("Patient", person).version == 2
    assert mct.remove("Patient", person).version == 0
    assert gate.caller("clinic").remove("Patient", person).version == 0


def test_a_custodian_brings_back_what_it_deleted(gate: Gate) -> None:
    mct = gate.caller("mct")
    person = mct.post(patient())
    mct.remove("Patient", person)

    made = mct.put({**patient(), "id": person})

    assert (made.version, made.created) == (3, True)


def test_public_health_does_not_change_records_of_its_own_agency(gate: Gate) -> None:
    person = gate.caller("mct").post(patient())

    with pytest.raises(MethodNotAllowedError):
        gate.caller("mct", Purpose.PUBHLTH).put({**patient(), "id": person})


def test_an_agency_changes_its_directory_for_any_purpose(gate: Gate) -> None:
    made = gate.caller("mct", Purpose.PUBHLTH).put(
        {"resourceType": "Organization", "id": "mct", "name": "Mobile Crisis"}
    )

    assert made.version == 2


def test_two_changes_of_one_resource_are_refused(gate: Gate) -> None:
    person = gate.caller("mct").post(patient())
    update = Update(type="Patient", id=person, resource=patient())

    with pytest.raises(InvalidRequestError):
        gate.caller("mct").commit([update, update])


def test_a_fault_in_one_change_undoes_all(gate: Gate) -> None:
    mct = gate.caller("mct")
    create = Create(type="Patient", resource=patient())

    with pytest.raises(MethodNotAllowedError) as refused:
        mct.commit([create, Update(type="Patient", id="absent", resource=patient())])

    assert refused.value.issues[0].change == 1
    assert mct.ids("Patient") == []


def test_audit_events_are_written_by_the_server_alone(gate: Gate) -> None:
    with pytest.raises(MethodNotAllowedError):
        gate.caller("mct").post({"resourceType": "AuditEvent"})


class TestLabels:
    """What the server knows of a resource's content."""

    def test_clinical_content_is_labelled(self, gate: Gate) -> None:
        mct = gate.caller("mct")
        person = mct.post(patient())
        icd = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F11.20"}

        found = mct.post(observation(person, code={"coding": [icd]}))

        assert codes(mct.body("Observation", found)) == ["R", "MH", "SUD"]
        assert mct.ids("Observation", _security="SUD") == [found]

    def test_directory_data_has_no_label(self, gate: Gate) -> None:
        assert "security" not in gate.caller("mct").body("Organization", "mct")["meta"]

    def test_the_notice_stands_once_on_part_2_records_and_goes_with_them(self, gate: Gate) -> None:
        gate.organization("program", extension=[PART2])
        program = gate.caller("program")
        person = program.post(patient())
        body = program.body("Patient", person)

        program.put(body)

        notices = [
            part["valueString"]
            for found in program.body("Patient", person)["extension"]
            for part in found["extension"]
        ]
        assert notices == [PART2_NOTICE]

    def test_the_notice_of_another_program_is_not_kept(self, gate: Gate) -> None:
        notice = {"url": crisis.REDISCLOSURE_NOTICE, "extension": [{"url": "text"}]}
        notice["extension"] = [{"url": "text", "valueString": "x"}]
        mct = gate.caller("mct")

        person = mct.post(patient(extension=[notice]))

        assert "extension" not in mct.body("Patient", person)

    def test_an_organization_that_becomes_a_program_in_the_same_commit_is_one(
        self, gate: Gate
    ) -> None:
        organization = {
            "resourceType": "Organization",
            "id": "mct",
            "name": "mct",
            "extension": [PART2],
        }
        mct = gate.caller("mct")

        _, made = mct.commit(
            [
                Update(type="Organization", id="mct", resource=organization),
                Create(type="Patient", resource=patient()),
            ]
        )

        assert "42CFRPart2" in codes(mct.body("Patient", made.id))

    def test_the_system_labels_by_the_custodian(self, gate: Gate) -> None:
        gate.organization("program", extension=[PART2])
        person = gate.caller("program").post(patient())
        other = gate.caller("mct").post(patient())

        gate.system("mct").put({**patient(), "id": person})
        gate.system("program").put({**patient(), "id": other})

        assert "42CFRPart2" in codes(gate.caller("program").body("Patient", person))
        assert "42CFRPart2" not in codes(gate.caller("mct").body("Patient", other))


class TestReceipts:
    """A message is taken once."""

    def test_a_replay_changes_nothing(self, gate: Gate) -> None:
        mct = gate.caller("mct")
        create = Create(type="Patient", resource=patient())
        mct.commit([create], Receipt(key="m1", result=b"first"))

        with pytest.raises(ReplayedError) as replayed:
            mct.commit([create], Receipt(key="m1", result=b"second"))

        assert replayed.value.result == b"first"
        assert len(mct.ids("Patient")) == 1

    def test_a_receipt_may_tell_what_was_written(self, gate: Gate) -> None:
        mct = gate.caller("mct")
        create = Create(type="Patient", resource=patient())
        mct.commit([create], lambda done: Receipt(key="m1", result=done[0].id.encode()))

        with pytest.raises(ReplayedError) as replayed:
            mct.commit([create], lambda _: Receipt(key="m1", result=b""))

        assert replayed.value.result.decode() in mct.ids("Patient")

    def test_an_older_record_changes_nothing(self, gate: Gate) -> None:
        mct = gate.caller("mct")
        receipt = Receipt(key="m2", result=b"", record="r", record_version=2)
        mct.commit([], receipt)

        with pytest.raises(StaleError):
            mct.commit(
                [Create(type="Patient", resource=patient())],
                replace(receipt, key="m1", record_version=1),
            )

        assert mct.ids("Patient") == []


class TestPlacement:
    """Whose a resource is."""

    def test_a_task_lies_with_whom_it_is_for(self, gate: Gate) -> None:
        person = shared_person(gate)
        task = {
            "resourceType": "Task",
            "status": "requested",
            "intent": "order",
            "for": reference(f"Patient/{person}"),
        }

        made = gate.caller("mct").post(task)

        assert gate.caller("clinic").ids("Task") == [made]

    def test_every_patient_that_is_named_has_a_say(self, gate: Gate) -> None:
        ana, ben = shared_person(gate), gate.caller("mct").post(patient())
        group = {
            "resourceType": "Group",
            "type": "person",
            "actual": True,
            "member": [{"entity": reference(f"Patient/{id_}")} for id_ in (ana, ben)],
        }

        made = gate.caller("mct").post(group)

        assert gate.caller("clinic").ids("Group") == []
        gate.caller("mct").post(episode(ben, "clinic"))
        assert gate.caller("clinic").ids("Group") == [made]

    def test_where_somebody_lives_is_no_directory_data(self, gate: Gate) -> None:
        role = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
        home = {
            "resourceType": "Location",
            "type": [{"coding": [{"system": role, "code": "PTRES"}]}],
        }
        office = {"resourceType": "Location", "name": "Office"}
        gate.caller("mct").post(home)

        open_to_all = gate.caller("mct").post(office)

        assert gate.caller("stranger").ids("Location") == [open_to_all]

    def test_a_patient_may_arrive_after_what_refers_to_it(self, gate: Gate) -> None:
        mct = gate.caller("mct", assign_ids=True)
        made = mct.post(observation("later"))
        mct.post(episode("later", "clinic"))

        mct.put({**patient(), "id": "later"})

        assert gate.caller("clinic").ids("Patient") == ["later"]
        assert gate.caller("clinic").ids("Observation") == [made]

    def test_another_subject_is_another_owner(self, gate: Gate) -> None:
        ana, ben = shared_person(gate), gate.caller("mct").post(patient())
        made = gate.caller("mct").post(observation(ben))

        gate.caller("mct").put({**observation(ana), "id": made})

        assert gate.caller("clinic").ids("Observation") == [made]


def test_an_accepted_task_makes_treating(gate: Gate) -> None:
    mct = gate.caller("mct")
    person = mct.post(patient())
    task = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "for": reference(f"Patient/{person}"),
        "owner": reference("Organization/clinic"),
    }
    made = mct.post(task)
    assert gate.caller("clinic").ids("Patient") == []

    mct.put({**task, "id": made, "status": "accepted"})

    assert gate.caller("clinic").ids("Patient") == [person]


class TestSubmitting:
    """A vendor's client hands in for agencies."""

    def test_the_agency_is_the_custodian(self, gate: Gate) -> None:
        vendor = gate.caller("stranger", submits_for=frozenset({"mct"}))

        (made,) = vendor.submitting_for("mct").commit([Create(type="Patient", resource=patient())])

        assert gate.caller("mct").ids("Patient") == [made.id]
        assert gate.caller("stranger").ids("Patient") == []

    def test_nobody_submits_for_whom_it_is_not_registered(self, gate: Gate) -> None:
        with pytest.raises(ForbiddenError):
            gate.caller("stranger").submitting_for("mct")
        with pytest.raises(ForbiddenError):
            gate.system("mct").submitting_for("not-on-file")

    def test_an_agency_submits_for_itself(self, gate: Gate) -> None:
        mct = gate.caller("mct")

        assert mct.submitting_for("mct") is mct


def test_intake_assigns_ids(gate: Gate) -> None:
    update = Update(type="Patient", id="made-of-a-secret", resource=patient())

    (made,) = gate.caller("mct").assigning_ids().commit([update])

    assert made.created


def test_candidates_are_found_wherever_they_are(gate: Gate) -> None:
    ssn = [{"system": "http://hl7.org/fhir/sid/us-ssn", "value": "123"}]
    person = gate.caller("mct").post(patient(identifier=ssn))
    stranger = gate.caller("stranger")

    assert stranger.candidates([("http://hl7.org/fhir/sid/us-ssn", "123")]) == (person,)
    assert stranger.candidates([]) == ()


class TestAudit:
    """Who saw what."""

    def test_a_disclosure_is_told_to_the_agency_whose_record_it_was(self, gate: Gate) -> None:
        person = shared_person(gate)
        gate.caller("clinic").read("Patient", person)
        officer = gate.caller("mct", Purpose.HOPERAT, privacy_officer=True)

        found = officer.page("AuditEvent", patient=person, altid="client-of-clinic").matches
        event = officer.body("AuditEvent", found[0].id)

        assert len(found) == 1
        assert event["agent"][0]["altId"] == "client-of-clinic"
        assert event["agent"][1]["who"] == reference("Organization/clinic")
        assert event["entity"][0]["what"] == reference(f"Patient/{person}")
        assert event["subtype"][0]["code"] == "read"
        assert event["purposeOfEvent"][0]["coding"][0]["code"] == "TREAT"
        assert officer.vread("AuditEvent", found[0].id, 1).body == found[0].body

    def test_fishing_is_told_to_the_agency_that_fishes(self, gate: Gate) -> None:
        person = gate.caller("mct").post(patient())
        with pytest.raises(NotFoundError):
            gate.caller("stranger").read("Patient", person)
        stranger = gate.caller("stranger", privacy_officer=True)
        mct = gate.caller("mct", privacy_officer=True)

        fished = stranger.page("AuditEvent", entity=f"Patient/{person}").matches

        assert len(fished) == 1
        assert mct.page("AuditEvent", altid="client-of-stranger").matches == ()

    def test_an_unknown_patient_is_in_no_event(self, gate: Gate) -> None:
        officer = gate.caller("mct", privacy_officer=True)

        assert officer.page("AuditEvent", patient="nobody").matches == ()

    def test_pages_partition_the_log(self, gate: Gate) -> None:
        for _ in range(5):
            gate.caller("mct").post(patient())
        officer = gate.caller("mct", privacy_officer=True)

        first = officer.page(
            "AuditEvent", _count="4", _sort="-date", _total="accurate", date="le2026-03-04"
        )

        assert len(first.matches) == 4
        assert first.total is not None
        assert first.total > 4
        assert first.after is not None

    def test_others_see_no_event(self, gate: Gate) -> None:
        with pytest.raises(ForbiddenError):
            gate.caller("mct").page("AuditEvent")
        with pytest.raises(ForbiddenError):
            gate.caller("mct").read("AuditEvent", "1")

    def test_an_event_of_another_agency_is_absent(self, gate: Gate) -> None:
        gate.caller("mct").post(patient())
        mct = gate.caller("mct", privacy_officer=True)
        clinic = gate.caller("clinic", privacy_officer=True)
        (event,) = mct.page("AuditEvent", _count="1").matches

        for id_ in (event.id, "not-a-number"):
            with pytest.raises(NotFoundError):
                clinic.read("AuditEvent", id_)
        with pytest.raises(NotFoundError):
            mct.vread("AuditEvent", event.id, 2)

    def test_writes_are_audited_in_their_transaction(self, gate: Gate) -> None:
        mct = gate.caller("mct")
        mct.commit([Create(type="Patient", resource=patient()) for _ in range(2)])

        rows = gate.ports().audit.search(AuditQuery(custodians=frozenset({gate.keys["mct"]}))).rows

        assert {row.row.interaction for row in rows} >= {"transaction"}
        assert sum(row.row.interaction == "transaction" for row in rows) == 3


def a_crisis(person: str, disposition: str) -> Resource:
    def event(code: str, time: str) -> Element:
        parts = [{"url": "event", "valueCode": code}, {"url": "time", "valueDateTime": time}]
        return {"url": crisis.TIMELINE, "extension": parts}

    concept = {"coding": [{"code": disposition}]}
    return encounter(
        person,
        extension=[
            event("received", "2026-03-01T10:00:00Z"),
            {
                "url": crisis.DISPOSITION,
                "extension": [{"url": "disposition", "valueCodeableConcept": concept}],
            },
        ],
    )


class TestAggregates:
    """Counts, for public health and for an agency's own operations."""

    QUERY = FactQuery(
        since=0,
        until=2 * NOW,
        populations=(
            Population(code="all", tests=()),
            Population(
                code="home", tests=(FactTest(field="disposition", values=("transported-home",)),)
            ),
        ),
    )

    @pytest.fixture
    def counted(self, gate: Gate) -> Gate:
        for agency, disposition in (
            ("mct", "transported-home"),
            ("mct", "transported-ed"),
            ("clinic", "transported-home"),
        ):
            caller = gate.caller(agency)
            caller.post(a_crisis(caller.post(patient()), disposition))
        return gate

    def test_public_health_counts_everybody(self, counted: Gate) -> None:
        counts = counted.caller("stranger", Purpose.PUBHLTH).aggregate(self.QUERY)

        assert counts == {"all": 3, "home": 2}
        assert counted.system("mct").aggregate(self.QUERY) == counts

    def test_an_agency_counts_its_own(self, counted: Gate) -> None:
        counts = counted.caller("mct", Purpose.HOPERAT).aggregate(self.QUERY)

        assert counts == {"all": 2, "home": 1}

    def test_nobody_else_counts(self, counted: Gate) -> None:
        with pytest.raises(ForbiddenError):
            counted.caller("mct").aggregate(self.QUERY)
        with pytest.raises(ForbiddenError):
            counted.caller("mct", Purpose.PUBHLTH, scope="system/Measure.rs").aggregate(self.QUERY)


def test_a_directive_of_a_stranger_about_a_patient_unknown_to_it_binds_nobody_else(
    gate: Gate,
) -> None:
    person = shared_person(gate)

    gate.caller("stranger").post(consent(person, "deny"))

    assert gate.caller("clinic").ids("Patient") == [person]


def test_of_two_writers_with_the_same_if_match_one_wins(gate: Gate) -> None:
    person = gate.caller("mct").post(patient())
    outcomes = at_once(
        lambda: gate.caller("mct").put({**patient(), "id": person}, if_match=1).version
    )

    assert outcomes == ["2", *["VersionConflictError"] * 3]


def test_writers_of_one_new_id_follow_each_other(gate: Gate) -> None:
    """As intake's do, when several records of one person arrive at once."""
    outcomes = at_once(
        lambda: gate.caller("mct", assign_ids=True).put({**patient(), "id": "new"}).version
    )

    assert outcomes == ["1", "2", "3", "4"]


def test_writers_who_create_one_id_collide(gate: Gate) -> None:
    create = Create(type="Patient", resource=patient(), id="new")
    outcomes = at_once(lambda: gate.caller("mct").change(create).version)

    assert outcomes == ["1", *["ConflictError"] * 3]


def at_once(work: Callable[[], int], writers: int = 4) -> list[str]:
    """Return what came of so many threads that did `work` together."""
    barrier = Barrier(writers)

    def attempt(_: int) -> str:
        barrier.wait()
        try:
            return str(work())
        except FhirError as error:
            return type(error).__name__

    with ThreadPoolExecutor(writers) as pool:
        return sorted(pool.map(attempt, range(writers)))


def test_what_cannot_have_extensions_has_no_notice(gate: Gate) -> None:
    gate.organization("program", extension=[PART2])
    binary = {"resourceType": "Binary", "contentType": "text/plain", "data": "eA=="}

    made = gate.caller("program").post(binary)

    assert "extension" not in gate.caller("program").body("Binary", made)


def test_who_is_no_organization_neither_treats_nor_is_permitted(gate: Gate) -> None:
    mct = gate.caller("mct")
    practitioner = reference("Practitioner/1")
    by_identifier = {"identifier": {"value": "1"}}
    person = mct.post(patient(generalPractitioner=[practitioner, by_identifier]))
    actors = [
        {"role": {"coding": [{"code": "IRCP"}]}, "reference": one}
        for one in (practitioner, by_identifier)
    ]

    mct.post(consent(person, "permit", provision={"type": "permit", "actor": actors}))

    assert gate.caller("clinic").ids("Patient") == []


def test_audit_events_have_no_history(gate: Gate) -> None:
    with pytest.raises(MethodNotAllowedError):
        gate.caller("mct", privacy_officer=True).history(HistoryQuery(type="AuditEvent"))


class Colliding(ResourceStore):
    """A store in which other writers come first so many times."""

    times = 0

    @override
    def retrying(self, work: Callable[[], T]) -> T:
        if self.times:
            self.times -= 1
            raise CollisionError("Another writer was first.")
        return super().retrying(work)


@pytest.mark.parametrize("times", [2, 3])
def test_a_collision_is_tried_again_a_bounded_number_of_times(gate: Gate, times: int) -> None:
    store = Colliding(gate.database)
    store.times = times
    mct = gate.caller("mct")
    colliding = Caller(mct.context, replace(mct.ports, store=store))

    if times > 2:
        with pytest.raises(CollisionError):
            colliding.post(patient())
    else:
        assert colliding.post(patient()) in mct.ids("Patient")

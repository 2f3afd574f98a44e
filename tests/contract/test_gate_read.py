"""What a caller may read: relations, matrix, directives, scopes, emergencies; on both databases."""

import pytest

from fhir_server.fhir import crisis
from fhir_server.fhir.outcome import ForbiddenError, GoneError, NotFoundError
from fhir_server.fhir.resource import Element
from fhir_server.search.labels import Purpose
from fhir_server.search.parse import parse
from fhir_server.search.query import HistoryQuery
from fhir_server.storage.engine import Database
from tests.gate import (
    BASE,
    NOW,
    Gate,
    consent,
    encounter,
    episode,
    observation,
    patient,
    reference,
)

DAY = 24 * 3600 * 1_000_000
PART2: list[Element] = [
    {"url": crisis.PART2_PROGRAM, "extension": [{"url": "is", "valueBoolean": True}]}
]


@pytest.fixture
def gate(database: Database) -> Gate:
    found = Gate(database)
    for id_ in ("mct", "clinic", "ed", "stranger", "health"):
        found.organization(id_)
    found.organization("program", extension=PART2)
    return found


def ana(gate: Gate, agency: str = "mct") -> str:
    return gate.caller(agency).post(patient(name=[{"family": "Reyes"}], birthDate="1990-01-01"))


def test_an_agency_reads_its_own(gate: Gate) -> None:
    person = ana(gate)

    assert gate.caller("mct").body("Patient", person)["name"] == [{"family": "Reyes"}]


def test_absent_and_withheld_look_the_same(gate: Gate) -> None:
    person = ana(gate)
    stranger = gate.caller("stranger")

    with pytest.raises(NotFoundError) as withheld:
        stranger.read("Patient", person)
    with pytest.raises(NotFoundError) as absent:
        stranger.read("Patient", "absent")

    assert withheld.value.issues == absent.value.issues
    assert stranger.ids("Patient") == []


def test_a_clinic_that_an_episode_names_reads_for_treatment_and_coordination(gate: Gate) -> None:
    person = ana(gate)
    gate.caller("mct").post(episode(person, "clinic"))

    assert gate.caller("clinic").ids("Patient") == [person]
    assert gate.caller("clinic", Purpose.COC).ids("Patient") == [person]
    assert gate.caller("clinic", Purpose.HOPERAT).ids("Patient") == []
    assert gate.caller("stranger").ids("Patient") == []


def test_an_episode_that_ended_treats_nobody(gate: Gate) -> None:
    person = ana(gate)
    made = gate.caller("mct").post(episode(person, "clinic"))

    gate.caller("mct").put({**episode(person, "clinic", status="finished"), "id": made})

    assert gate.caller("clinic").ids("Patient") == []


def test_an_own_encounter_counts_for_treatment_until_thirty_days_after(gate: Gate) -> None:
    person = ana(gate)
    ended = {"start": "2026-02-01T10:00:00Z", "end": "2026-02-03T12:00:00Z"}
    gate.caller("clinic").post(encounter(person, period=ended))

    assert gate.caller("clinic").ids("Patient") == [person]
    assert gate.caller("clinic", Purpose.COC).ids("Patient") == []
    gate.time = NOW + 2 * DAY
    assert gate.caller("clinic").ids("Patient") == []


def test_a_denial_binds_at_once_and_only_records_of_its_agency(gate: Gate) -> None:
    person = ana(gate)
    gate.caller("mct").post(episode(person, "clinic"))
    gate.caller("clinic").post(observation(person))
    clinic = gate.caller("clinic")

    filed = gate.caller("mct").post(consent(person, "deny", "clinic"))

    assert clinic.ids("Patient") == []
    assert len(clinic.ids("Observation")) == 1
    gate.caller("mct").remove("Consent", filed)
    assert clinic.ids("Patient") == [person]


def test_a_permit_opens_to_whom_it_names(gate: Gate) -> None:
    person = ana(gate)

    gate.caller("mct").post(consent(person, "permit", "stranger"))

    assert gate.caller("stranger", Purpose.HOPERAT).ids("Patient") == [person]
    assert gate.caller("clinic").ids("Patient") == []


def test_an_agency_cannot_permit_itself_what_another_holds(gate: Gate) -> None:
    person = ana(gate)

    gate.caller("stranger").post(consent(person, "permit", "stranger"))

    assert gate.caller("stranger").ids("Patient") == []


def test_a_consent_that_moves_to_another_patient_moves_its_rules(gate: Gate) -> None:
    ana_, ben = ana(gate), ana(gate)
    mct = gate.caller("mct")
    filed = mct.post(consent(ana_, "permit", "clinic"))

    mct.put({**consent(ben, "permit", "clinic"), "id": filed})

    assert gate.caller("clinic").ids("Patient") == [ben]


def test_a_part_2_program_discloses_by_part_2_consent_only(gate: Gate) -> None:
    person = ana(gate, "program")
    program = gate.caller("program")
    program.post(episode(person, "clinic"))
    clinic = gate.caller("clinic")
    assert clinic.ids("Patient") == []

    treating = {"identifier": {"system": crisis.ACTOR_CLASS, "value": crisis.TREATING_CLASS}}
    program.post(
        consent(
            person,
            "permit",
            policyRule={"coding": [{"code": "42CFRPart2CD"}]},
            organization=[reference("Organization/program")],
            performer=[reference(f"Patient/{person}")],
            provision={
                "type": "permit",
                "period": {"end": "2030-01-01"},
                "actor": [{"role": {"coding": [{"code": "IRCP"}]}, "reference": treating}],
                "purpose": [{"code": "TREAT"}],
            },
        )
    )

    found = clinic.body("Patient", person)
    assert gate.caller("stranger").ids("Patient") == []
    assert found["extension"][0]["extension"][0]["valueString"].startswith("42 CFR part 2")
    assert {"42CFRPart2", "R"} <= {label["code"] for label in found["meta"]["security"]}


def test_what_police_did_is_for_the_agency_alone_and_found_by_nobody(gate: Gate) -> None:
    person = ana(gate)
    force = {"url": crisis.USE_OF_FORCE, "extension": [{"url": "kind", "valueCode": "handcuffs"}]}
    rms = {
        "system": "http://example.org/rms",
        "value": "77",
        "type": {"coding": [{"system": crisis.IDENTIFIER_TYPE_SYSTEM, "code": "rms"}]},
    }
    mct = gate.caller("mct")
    made = mct.post(encounter(person, extension=[force], identifier=[rms]))
    mct.post(episode(person, "clinic"))

    own, shared = mct.body("Encounter", made), gate.caller("clinic").body("Encounter", made)

    assert own["extension"] == [force]
    assert "extension" not in shared
    assert "identifier" not in shared
    assert own["meta"]["versionId"] == shared["meta"]["versionId"]
    assert mct.ids("Encounter", identifier="77") == []


def test_an_anonymous_contact_is_shared_with_nobody(gate: Gate) -> None:
    contact = encounter("nobody")
    del contact["subject"]
    made = gate.caller("mct").post(contact)

    assert gate.caller("mct").ids("Encounter") == [made]
    assert (
        gate.caller("ed", Purpose.ETREAT, medical_personnel=True).read("Encounter", made)
        is not None
    )
    assert gate.caller("clinic").ids("Encounter") == []


def test_an_anonymous_line_contact_is_not_shared_even_in_an_emergency(gate: Gate) -> None:
    contact = encounter("nobody", meta={"profile": [crisis.profile("crisis-anonymous-contact")]})
    del contact["subject"]
    made = gate.caller("mct").post(contact)

    with pytest.raises(NotFoundError):
        gate.caller("ed", Purpose.ETREAT, medical_personnel=True).read("Encounter", made)


class TestEmergency:
    """An emergency department's client, which treats nobody yet."""

    def test_a_person_is_found_by_name_and_birth_date(self, gate: Gate) -> None:
        person = ana(gate)
        ed = gate.caller("ed", Purpose.ETREAT, medical_personnel=True)

        assert ed.ids("Patient", family="reyes", birthdate="1990-01-01") == [person]
        for pairs in ({"family": "reyes"}, {"birthdate": "1990-01-01"}, {"_id": person}, {}):
            with pytest.raises(ForbiddenError):
                ed.page("Patient", **pairs)
        with pytest.raises(ForbiddenError):
            ed.page("Patient", family="reyes", birthdate="ge1990-01-01")

    def test_everything_else_is_found_for_one_patient(self, gate: Gate) -> None:
        person, other = ana(gate), ana(gate)
        made = gate.caller("mct").post(encounter(person))
        gate.caller("mct").post(encounter(other))
        ed = gate.caller("ed", Purpose.ETREAT, medical_personnel=True)

        assert ed.ids("Encounter", patient=person) == [made]
        assert ed.ids("Organization") != []
        for pairs in ({}, {"patient": f"{person},{other}"}, {"status": "finished"}):
            with pytest.raises(ForbiddenError):
                ed.page("Encounter", **pairs)
        with pytest.raises(ForbiddenError):
            ed.pairs("Encounter", [("patient", person), ("subject", f"Patient/{other}")])
        with pytest.raises(ForbiddenError):
            ed.history(HistoryQuery(type="Encounter"))
        assert len(ed.history(HistoryQuery(type="Encounter", id=made)).versions) == 1

    def test_an_include_brings_nobody_else_along(self, gate: Gate) -> None:
        person, other = ana(gate), ana(gate)
        foreign = gate.caller("mct").post(episode(other, "clinic"))
        own = gate.caller("mct").post(episode(person, "clinic"))
        gate.caller("mct").post(
            encounter(
                person,
                episodeOfCare=[
                    reference(f"EpisodeOfCare/{own}"),
                    reference(f"EpisodeOfCare/{foreign}"),
                ],
                serviceProvider=reference("Organization/mct"),
            )
        )
        ed = gate.caller("ed", Purpose.ETREAT, medical_personnel=True)

        page = ed.pairs(
            "Encounter",
            [
                ("patient", person),
                ("_include", "Encounter:episode-of-care"),
                ("_include", "Encounter:service-provider"),
            ],
        )

        assert sorted(found.id for found in page.includes) == sorted([own, "mct"])

    def test_an_include_of_a_patient_search_brings_directory_data(self, gate: Gate) -> None:
        other = ana(gate)
        gate.caller("mct").post(
            patient(
                identifier=[{"system": "urn:x", "value": "1"}],
                managingOrganization=reference("Organization/mct"),
                link=[{"other": reference(f"Patient/{other}"), "type": "seealso"}],
            )
        )
        ed = gate.caller("ed", Purpose.ETREAT, medical_personnel=True)

        page = ed.pairs(
            "Patient",
            [
                ("identifier", "urn:x|1"),
                ("_include", "Patient:organization"),
                ("_include", "Patient:link"),
            ],
        )

        assert [found.id for found in page.includes] == ["mct"]

    def test_a_general_denial_does_not_bind_it(self, gate: Gate) -> None:
        person = ana(gate)
        gate.caller("mct").post(consent(person, "deny"))

        assert (
            gate.caller("ed", Purpose.ETREAT, medical_personnel=True).read("Patient", person)
            is not None
        )

    def test_police_are_no_medical_personnel(self, gate: Gate) -> None:
        person = ana(gate)

        with pytest.raises(NotFoundError):
            gate.caller("ed", Purpose.ETREAT).read("Patient", person)

    def test_part_2_stays_out_of_reach(self, gate: Gate) -> None:
        person = ana(gate, "program")

        with pytest.raises(NotFoundError):
            gate.caller("ed", Purpose.ETREAT, medical_personnel=True).read("Patient", person)


def test_public_health_sees_the_directory_and_no_record(gate: Gate) -> None:
    ana(gate, "health")
    health = gate.caller("health", Purpose.PUBHLTH)

    assert health.ids("Patient") == []
    assert "mct" in health.ids("Organization")


class TestScopes:
    """The token's scopes, before anything is looked up."""

    def test_no_scope_no_look(self, gate: Gate) -> None:
        person = ana(gate)
        limited = gate.caller("mct", scope="system/Encounter.rs user/Patient.rs")

        for look in (
            lambda: limited.read("Patient", person),
            lambda: limited.read("Patient", "absent"),
            lambda: limited.vread("Patient", person, 1),
            lambda: limited.page("Patient"),
            lambda: limited.history(HistoryQuery(type="Patient")),
            lambda: limited.history(HistoryQuery(type="Patient", id=person)),
            lambda: limited.remove("Patient", person),
            lambda: limited.put({**patient(), "id": person}),
            lambda: limited.post(patient()),
        ):
            with pytest.raises(ForbiddenError):
                look()

    def test_reading_is_not_searching(self, gate: Gate) -> None:
        person = ana(gate)
        reader = gate.caller("mct", scope="system/Patient.r")

        assert reader.read("Patient", person) is not None
        with pytest.raises(ForbiddenError):
            reader.page("Patient")

    def test_a_scope_with_a_query_narrows_what_is_read(self, gate: Gate) -> None:
        person = ana(gate)
        mct = gate.caller("mct")
        done = mct.post(encounter(person))
        mct.post(encounter(person, status="planned"))
        narrow = gate.caller("mct", scope="system/Encounter.cruds?status=finished")

        assert narrow.ids("Encounter") == [done]

    def test_a_scope_that_cannot_be_read_grants_nothing(self, gate: Gate) -> None:
        ana(gate)

        with pytest.raises(ForbiddenError):
            gate.caller("mct", scope="system/Patient.rs?nonsense=1").page("Patient")

    def test_an_include_needs_a_scope_too(self, gate: Gate) -> None:
        person = ana(gate)
        gate.caller("mct").post(encounter(person))
        narrow = gate.caller("mct", scope="system/Encounter.rs")

        page = narrow.page("Encounter", _include="Encounter:patient")

        assert len(page.matches) == 1
        assert page.includes == ()


def test_an_include_may_lead_to_any_type(gate: Gate) -> None:
    person = ana(gate)
    contact = gate.caller("mct").post(encounter(person))
    gate.caller("mct").post(observation(person, focus=[reference(f"Encounter/{contact}")]))

    page = gate.caller("mct").page("Observation", _include="Observation:focus")

    assert [found.id for found in page.includes] == [contact]


def test_an_include_is_confined(gate: Gate) -> None:
    person = ana(gate)
    gate.caller("mct").post(episode(person, "clinic"))
    hidden = gate.caller("program").post(observation(person))
    gate.caller("mct").post(observation(person, focus=[reference(f"Observation/{hidden}")]))

    page = gate.caller("clinic").page("Observation", _include="Observation:focus:Observation")

    assert len(page.matches) == 1
    assert page.includes == ()


def test_what_was_deleted_is_gone_for_who_might_have_seen_it(gate: Gate) -> None:
    person = ana(gate)
    gate.caller("mct").remove("Patient", person)

    with pytest.raises(GoneError):
        gate.caller("mct").read("Patient", person)
    with pytest.raises(NotFoundError):
        gate.caller("stranger").read("Patient", person)
    assert gate.caller("mct").vread("Patient", person, 2).deleted
    assert gate.caller("mct").vread("Patient", person, 1).body


def test_histories_are_confined(gate: Gate) -> None:
    person = ana(gate)
    gate.caller("mct").put({**patient(), "id": person})

    own = gate.caller("mct").history(HistoryQuery(type="Patient", id=person))
    everybody = gate.caller("stranger").history(HistoryQuery(type="Patient"))

    assert [found.version for found in own.versions] == [2, 1]
    assert everybody.versions == ()
    with pytest.raises(NotFoundError):
        gate.caller("stranger").history(HistoryQuery(type="Patient", id=person))


def test_totals_count_what_the_caller_may_have(gate: Gate) -> None:
    person = ana(gate)
    ana(gate)
    gate.caller("mct").post(episode(person, "clinic"))

    page = gate.caller("clinic").page("Patient", _total="accurate")

    assert page.total == 1


class TestSamePerson:
    """One Patient per agency and person."""

    SSN = "http://hl7.org/fhir/sid/us-ssn"

    def test_patients_elsewhere_are_found_as_far_as_the_caller_may_have_them(
        self, gate: Gate
    ) -> None:
        number = [{"system": self.SSN, "value": "458217703"}]
        here = gate.caller("mct").post(patient(identifier=number))
        elsewhere = gate.caller("clinic").post(patient(identifier=number))
        gate.caller("program").post(patient(identifier=number))
        gate.caller("mct").remove("Patient", gate.caller("mct").post(patient(identifier=number)))

        emergency = gate.caller("ed", Purpose.ETREAT, medical_personnel=True)

        assert [one.id for one in emergency.same_person(here)] == [here, elsewhere]
        assert [one.id for one in gate.caller("mct").same_person(here)] == [here]

    def test_links_are_followed_both_ways(self, gate: Gate) -> None:
        mct = gate.caller("mct")
        first = mct.post(patient())
        link = {"other": reference(f"Patient/{first}"), "type": "seealso"}
        second = mct.post(patient(link=[link, {**link, "type": "replaces"}]))

        assert [one.id for one in mct.same_person(first)] == [first, second]
        assert [one.id for one in mct.same_person(second)] == [second, first]

    def test_a_link_is_followed_for_others_and_not_told_to_them(self, gate: Gate) -> None:
        first = ana(gate)
        link = {"other": reference(f"Patient/{first}"), "type": "seealso"}
        second = gate.caller("mct").post(patient(link=[link]))
        ed = gate.caller("ed", Purpose.ETREAT, medical_personnel=True)

        assert [one.id for one in ed.same_person(second)] == [second, first]
        assert b"seealso" not in (ed.read("Patient", second).body or b"")
        assert b"seealso" in (gate.caller("mct").read("Patient", second).body or b"")

    def test_nobody_learns_of_a_patient_by_asking_who_is_the_same(self, gate: Gate) -> None:
        with pytest.raises(NotFoundError):
            gate.caller("stranger").same_person(ana(gate))


def test_a_chain_does_not_go_through_what_is_withheld(gate: Gate) -> None:
    person = ana(gate)
    hidden = gate.caller("program").post(observation(person, status="amended"))
    gate.caller("mct").post(observation(person, focus=[reference(f"Observation/{hidden}")]))

    def found(agency: str) -> int:
        page = gate.caller(agency).page("Observation", **{"focus:Observation.status": "amended"})
        return len(page.matches)

    assert found("clinic") == 0
    assert found("mct") == 0


def test_has_does_not_tell_of_what_is_withheld(gate: Gate) -> None:
    person = ana(gate)
    gate.caller("program").post(observation(person, status="amended"))
    name = "_has:Observation:patient:status"

    assert gate.caller("clinic").ids("Patient", **{name: "amended", "_id": person}) == []
    assert gate.caller("clinic").ids("Patient", **{f"{name}:not": "amended"}) == []


def test_a_chain_needs_the_scope_to_search_what_it_goes_through(gate: Gate) -> None:
    narrow = gate.caller("mct", scope="system/Encounter.rs")

    with pytest.raises(ForbiddenError):
        narrow.page("Encounter", **{"subject:Patient.family": "x"})


def test_what_refers_to_a_match_comes_along_only_where_it_is_permitted(gate: Gate) -> None:
    person = ana(gate)
    seen = gate.caller("mct").post(observation(person))
    gate.caller("program").post(observation(person))

    page = gate.caller("mct").page("Patient", _id=person, _revinclude="Observation:patient")

    assert [found.id for found in page.includes] == [seen]


def test_the_latest_are_looked_for_on_all_pages(gate: Gate) -> None:
    mct = gate.caller("mct")
    posted = {mct.post(patient()) for _ in range(3)}
    query = parse(
        "Patient",
        [("_count", "1")],
        mct.ports.definitions,
        base=BASE,
        lenient=False,
        default_count=1,
        max_count=1,
        at=NOW,
    )

    everybody = mct.latest(query, lambda _: True)
    nobody = mct.latest(query, lambda _: False)

    assert ({found.id for found in everybody.matches}, everybody.total) == (posted, 3)
    assert (nobody.matches, nobody.cut) == ((), False)


def test_a_history_of_types_that_are_out_of_reach_is_refused(gate: Gate) -> None:
    nobody = gate.caller("mct", scope="system/Patient.c")

    with pytest.raises(ForbiddenError):
        nobody.history_of_several([HistoryQuery(type="Patient", count=1)], named=False)

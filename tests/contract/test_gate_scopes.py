"""Tokens of people at the gate: `patient/` and `user/` scopes bind every way in and out.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from fhir_server.access.changes import Create
from fhir_server.fhir.outcome import (
    ForbiddenError,
    MethodNotAllowedError,
    NotFoundError,
)
from fhir_server.search.query import HistoryQuery
from fhir_server.smart.scopes import parse_scopes
from fhir_server.storage.engine import Database
from tests.gate import Caller, Gate, encounter, observation, patient, reference


@pytest.fixture
def gate(database: Database) -> Gate:
    found = Gate(database)
    found.organization("mct")
    return found


@pytest.fixture
def people(gate: Gate) -> tuple[str, str]:
    mct = gate.caller("mct")
    return mct.post(patient(name=[{"family": "Reyes"}])), mct.post(patient())


@pytest.fixture
def app(gate: Gate, people: tuple[str, str]) -> Callable[[str], Caller]:
    """An app of a person at the mobile crisis team, launched for the first of `people`."""

    def with_scopes(scopes: str) -> Caller:
        context = replace(
            gate.caller("mct").context,
            scopes=parse_scopes(scopes),
            user_id="somebody",
            launch_patient=people[0],
            assign_ids=False,
        )
        return Caller(context, gate.caller("mct").ports)

    return with_scopes


App = Callable[[str], Caller]
People = tuple[str, str]


class TestReading:
    def test_the_launch_patient_and_nobody_else(self, app: App, people: People) -> None:
        caller = app("patient/Patient.rs")

        assert caller.read("Patient", people[0]).id == people[0]
        assert caller.ids("Patient") == [people[0]]
        with pytest.raises(NotFoundError):
            caller.read("Patient", people[1])

    def test_what_is_in_the_compartment_by_any_of_its_parameters(
        self, gate: Gate, app: App, people: People
    ) -> None:
        mct = gate.caller("mct")
        own = mct.post(observation(people[0]))
        performed = mct.post(observation(people[1], performer=[reference(f"Patient/{people[0]}")]))
        focused = mct.post(observation(people[1], focus=[reference(f"Patient/{people[0]}")]))
        caller = app("patient/Observation.rs")

        assert sorted(caller.ids("Observation")) == sorted([own, performed])
        with pytest.raises(NotFoundError):
            caller.read("Observation", focused)

    def test_tasks_for_the_patient(self, gate: Gate, app: App, people: People) -> None:
        mct = gate.caller("mct")
        tasks = [
            mct.post(
                {
                    "resourceType": "Task",
                    "status": "requested",
                    "intent": "order",
                    "for": reference(f"Patient/{person}"),
                }
            )
            for person in people
        ]

        assert app("patient/Task.rs").ids("Task") == [tasks[0]]

    def test_directory_data_can_be_read_and_not_written(self, app: App) -> None:
        caller = app("patient/*.cruds")

        assert caller.ids("Organization")
        with pytest.raises(ForbiddenError):
            caller.post({"resourceType": "Organization", "name": "Mine"})

    def test_includes_bring_nobody_else_along(self, gate: Gate, app: App, people: People) -> None:
        gate.caller("mct").post(
            observation(people[0], performer=[reference(f"Patient/{people[1]}")])
        )
        caller = app("patient/Observation.rs patient/Patient.rs")

        page = caller.page("Observation", _include="Observation:performer:Patient")

        assert len(page.matches) == 1
        assert page.includes == ()

    def test_totals_count_the_compartment(self, gate: Gate, app: App, people: People) -> None:
        for person in people:
            gate.caller("mct").post(observation(person))

        assert app("patient/Observation.rs").page("Observation", _total="accurate").total == 1

    def test_histories_show_the_compartment(self, gate: Gate, app: App, people: People) -> None:
        mct = gate.caller("mct")
        mine, moved = mct.post(observation(people[0])), mct.post(observation(people[1]))
        mct.put({**observation(people[0]), "id": moved})
        caller = app("patient/Observation.rs")

        versions = caller.history(HistoryQuery(type="Observation")).versions

        # The version that was about somebody else stays out, though it is the same resource.
        assert {(row.id, row.version) for row in versions} == {(mine, 1), (moved, 2)}

    def test_granular_scopes_of_a_type_are_joined_by_or(
        self, gate: Gate, app: App, people: People
    ) -> None:
        mct = gate.caller("mct")
        statuses = ("final", "amended", "preliminary")
        ids = {
            status: mct.post({**observation(people[0]), "status": status}) for status in statuses
        }
        caller = app("patient/Observation.rs?status=final patient/Observation.rs?status=amended")

        assert set(caller.ids("Observation")) == {ids["final"], ids["amended"]}

    def test_scopes_of_users_reach_what_the_user_may_see(self, app: App, people: People) -> None:
        assert sorted(app("user/Patient.rs").ids("Patient")) == sorted(people)

    def test_system_scopes_are_worth_nothing_to_a_person(self, app: App) -> None:
        with pytest.raises(ForbiddenError):
            app("system/*.cruds").page("Patient")

    def test_scopes_of_people_are_worth_nothing_to_a_system(self, gate: Gate) -> None:
        for scope in ("patient/*.cruds", "user/*.cruds"):
            with pytest.raises(ForbiddenError):
                gate.caller("mct", scope=scope).page("Patient")

    def test_without_a_launch_patient_there_is_nothing(self, app: App) -> None:
        caller = app("patient/*.rs")
        nobody = Caller(replace(caller.context, launch_patient=""), caller.ports)

        with pytest.raises(ForbiddenError):
            nobody.page("Patient")


class TestChains:
    def test_a_chain_through_a_type_that_may_not_be_read_is_refused(
        self, gate: Gate, app: App, people: People
    ) -> None:
        gate.caller("mct").post(observation(people[0]))
        caller = app("patient/Observation.rs")

        with pytest.raises(ForbiddenError):
            caller.pairs("Observation", [("subject:Patient.family", "reyes")])
        with pytest.raises(ForbiddenError):
            caller.pairs("Observation", [("subject:Patient._id", people[0])])

    def test_a_chain_ends_at_the_compartment(self, gate: Gate, app: App, people: People) -> None:
        mct = gate.caller("mct")
        mct.post(observation(people[0], performer=[reference(f"Patient/{people[1]}")]))
        caller = app("patient/Observation.rs patient/Patient.rs")

        own = caller.pairs("Observation", [("subject:Patient.family", "reyes")])
        other = caller.pairs("Observation", [("performer:Patient._id", people[1])])

        assert len(own.matches) == 1
        assert other.matches == ()

    @pytest.mark.parametrize(
        "query", ["subject:Patient.family=reyes", "_has:Provenance:target:recorded=gt2000"]
    )
    def test_a_scope_does_not_ask_of_what_it_does_not_reach(
        self, gate: Gate, app: App, people: People, query: str
    ) -> None:
        gate.caller("mct").post(observation(people[0]))

        with pytest.raises(ForbiddenError):
            app(f"user/Observation.cruds?{query}").page("Observation")


class TestWriting:
    def test_what_is_created_is_about_the_launch_patient(self, app: App, people: People) -> None:
        caller = app("patient/Observation.cruds")

        assert caller.post(observation(people[0]))
        for other in (observation(people[1]), _about_nobody()):
            with pytest.raises(ForbiddenError):
                caller.post(other)

    def test_nobody_else_can_be_created(self, app: App) -> None:
        with pytest.raises(ForbiddenError):
            app("patient/Patient.cruds").post(patient())

    def test_an_update_takes_nothing_out_of_the_compartment_or_into_it(
        self, gate: Gate, app: App, people: People
    ) -> None:
        mct = gate.caller("mct")
        mine, other = mct.post(observation(people[0])), mct.post(observation(people[1]))
        caller = app("patient/Observation.cruds")

        assert caller.put({**observation(people[0]), "id": mine}).version == 2
        with pytest.raises(ForbiddenError):
            caller.put({**observation(people[1]), "id": mine})
        with pytest.raises(MethodNotAllowedError):
            caller.put({**observation(people[0]), "id": other})

    def test_others_are_not_deleted(self, gate: Gate, app: App, people: People) -> None:
        mct = gate.caller("mct")
        mine, other = mct.post(observation(people[0])), mct.post(observation(people[1]))
        caller = app("patient/Observation.cruds")

        caller.remove("Observation", mine)
        # As with what is not there: nothing happens, and nothing is told.
        assert caller.remove("Observation", other).version == 0

        assert mct.ids("Observation") == [other]

    def test_queries_bind_what_is_written_and_what_is_there(
        self, gate: Gate, app: App, people: People
    ) -> None:
        planned = gate.caller("mct").post(encounter(people[0], status="planned"))
        caller = app("user/Encounter.cruds?status=finished")

        assert caller.post(encounter(people[0]))
        with pytest.raises(ForbiddenError):
            caller.post(encounter(people[0], status="planned"))
        with pytest.raises(MethodNotAllowedError):
            caller.put(encounter(people[0], id=planned))

    def test_a_transaction_is_bound_as_a_whole(self, app: App, people: People) -> None:
        caller = app("patient/Observation.cruds")
        changes = [Create(type="Observation", resource=observation(person)) for person in people]

        with pytest.raises(ForbiddenError):
            caller.commit(changes)

        assert caller.ids("Observation") == []

    def test_native_records_are_not_for_apps_of_one_patient(self, app: App) -> None:
        with pytest.raises(ForbiddenError):
            app("patient/*.cruds").assigning_ids()


def _about_nobody() -> dict[str, object]:
    return {key: value for key, value in observation("x").items() if key != "subject"}

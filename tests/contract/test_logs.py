"""The audit log, facts, and what the deployment keeps."""

from dataclasses import replace

import pytest

from fhir_server.facts.encounter import EncounterFact
from fhir_server.facts.query import FactQuery, FactTest, Population
from fhir_server.storage import deployment
from fhir_server.storage.audit_log import AuditLog, AuditQuery
from fhir_server.storage.engine import Database
from fhir_server.storage.facts import FactStore
from fhir_server.storage.resources import ResourceStore
from fhir_server.storage.rows import AuditRow
from tests.builders import NOW, Draft, delete, put


def logged(number: int, *, custodian: int = 1, patient: int = 0) -> AuditRow:
    return AuditRow(
        recorded=NOW + number // 2,
        request_id=f"r{number}",
        client_id="ehr",
        organization=7,
        purpose="TREAT",
        interaction="read",
        type="Encounter",
        id=f"e{number}",
        custodian=custodian,
        patient=patient,
    )


def test_audit_log_is_confined_to_custodians_and_paged_newest_first(database: Database) -> None:
    log = AuditLog(database)
    log.append([logged(number) for number in range(5)], durable=True)
    log.append([logged(9, custodian=2)], durable=False)

    query = AuditQuery(custodians=frozenset({1}), count=2)
    seen: list[str] = []
    while True:
        page = log.search(query, total=True)
        seen += [row.row.request_id for row in page.rows]
        assert page.total == 5
        if page.after is None:
            break
        query = replace(query, after=page.after)

    assert seen == ["r4", "r3", "r2", "r1", "r0"]


def test_audit_row_comes_back_as_it_went_in(database: Database) -> None:
    log = AuditLog(database)
    row = replace(logged(1, patient=12), version=3, outcome=4, status=404, count=2, flags=1)
    log.append([row, logged(2)], durable=True)

    query = AuditQuery(
        custodians=frozenset({1}), patient=12, type="Encounter", entity_id="e1", client_id="ehr"
    )

    assert [found.row for found in log.search(query).rows] == [row]
    assert log.search(replace(query, since=NOW + 1)).rows == ()
    assert log.search(replace(query, until=NOW)).rows == ()


def test_audit_rows_of_a_write_stand_or_fall_with_it(database: Database) -> None:
    store, log = ResourceStore(database), AuditLog(database)
    with store.transaction(now=NOW) as transaction:
        transaction.audit([logged(1)])

    class StopError(Exception):
        pass

    def fail() -> None:
        with store.transaction(now=NOW) as transaction:
            transaction.audit([logged(2)])
            raise StopError

    with pytest.raises(StopError):
        fail()
    found = log.search(AuditQuery(custodians=frozenset({1}))).rows
    assert [row.row.request_id for row in found] == ["r1"]


def fact(number: int, **changed: object) -> Draft:
    told = EncounterFact(status="finished", received=NOW + number)
    return Draft(id=f"e{number}", fact=replace(told, **changed))  # type: ignore[arg-type]


def test_facts_are_counted_by_population(database: Database) -> None:
    store, facts = ResourceStore(database), FactStore(database)
    _, keys = put(
        store,
        fact(0, arrestable=True, arrested=False),
        fact(1, arrestable=True, arrested=True),
        fact(2, arrestable=True),
        fact(3, status="cancelled", arrestable=True),
        replace(fact(4, arrestable=True), custodian=("Organization", "ed")),
        fact(50, arrestable=True),
    )
    finished = FactTest(field="status", values=("finished",))
    arrestable = FactTest(field="arrestable", values=(True,))
    query = FactQuery(
        since=NOW,
        until=NOW + 50,
        custodians=frozenset({keys["Organization", "mct"]}),
        populations=(
            Population(code="all", tests=()),
            Population(code="denominator", tests=(finished, arrestable)),
            Population(
                code="free", tests=(finished, FactTest(field="arrested", values=(False, None)))
            ),
            Population(code="none", tests=(FactTest(field="arrested", values=()),)),
        ),
    )

    assert facts.counts(query) == {"all": 4, "denominator": 3, "free": 2, "none": 0}
    assert facts.counts(replace(query, custodians=None))["all"] == 5
    delete(store, "Encounter", "e0")
    assert facts.counts(query)["all"] == 3


def test_secret_is_made_once(database: Database) -> None:
    first = deployment.secret(database)

    assert len(first) == 32
    assert deployment.secret(database) == first

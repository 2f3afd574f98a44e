"""No search reads an index table from end to end: each finds its rows from a value, or a resource.

https://www.sqlite.org/eqp.html and https://www.postgresql.org/docs/15/using-explain.html ; what the
planners choose for small tables says nothing, so PostgreSQL is asked what it does where it avoids
to scan: what it scans nevertheless, it has no index for.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from fhir_server.fhir.definitions import load
from fhir_server.storage import session as sessions
from fhir_server.storage.engine import Database
from tests.gate import Caller, Gate, encounter, observation, patient, reference

SEARCHES = {
    "Encounter": [
        "patient={ana}&date=ge2026-01-01&status=finished&_sort=-date",
        "class=FLD&date=ge2026-01-01&date=lt2026-02-01&_sort=-date",
        "subject:Patient.identifier=http://x|1&_include=*",
        "subject:Patient.family=reyes&_total=accurate",
        "subject.name:contains=rey",
        "patient._has:Observation:patient:code=a",
        "_has:Observation:encounter:value-quantity=gt5",
        "length=gt5|http://unitsofmeasure.org|min",
        "length=5",
        "part-of:missing=true&_sort=date",
        "status:not=finished",
        "identifier:of-type=http://x|MR|1",
        "type:text=crisis",
        "service-provider:identifier=1",
        "_sort=class,-length",
        "_revinclude=Observation:encounter&_include:iterate=Patient:organization",
    ],
    "Observation": [
        "code-value-quantity=a$gt5",
        "combo-code-value-quantity=a$5||mg&_sort=-date",
        "value-quantity=5&_total=accurate",
        "focus:Encounter.patient={ana}",
        "_list=1",
    ],
    "Patient": [
        "_has:Encounter:patient:class=FLD&_sort=family",
        "name:exact=Ana",
        "_id={ana}&_revinclude=*",
    ],
    "ValueSet": ["url:below=http://a/b", "url:above=http://a/b", "url=http://a"],
    "RiskAssessment": ["probability=lt0.5", "probability=ap0.5"],
}
CASES = [(type_, asked) for type_, searches in SEARCHES.items() for asked in searches]
# A read of the whole type is a walk in the order of `last_updated`; of an index it is a mistake.
_SQLITE = re.compile(r"^SCAN (?!CONSTANT|json_each)(\w+)")


@pytest.fixture
def caller(database: Database) -> Caller:
    gate = Gate(database)
    gate.organization("mct")
    found = gate.caller("mct").assigning()
    found.put(patient(id="ana", name=[{"family": "Reyes"}]))
    found.put(encounter("ana", id="e", period={"start": "2026-01-02", "end": "2026-01-03"}))
    found.put(observation("ana", id="o", encounter=reference("Encounter/e")))
    return found


@contextmanager
def watched(database: Database) -> Iterator[list[tuple[str, Sequence[Any]]]]:
    """Give the list of the statements that are fetched within the block."""
    kind = sessions.SqliteSession if database.dialect == "sqlite" else sessions.PostgresqlSession
    seen: list[tuple[str, Sequence[Any]]] = []
    plain = kind.fetch

    def fetch(self: Any, sql: str, values: Sequence[Any] = ()) -> list[sessions.Row]:  # noqa: ANN401
        seen.append((sql, values))
        found: list[sessions.Row] = plain(self, sql, values)
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kind, "fetch", fetch)
        yield seen


@pytest.mark.parametrize(("type_", "asked"), CASES)
def test_no_index_table_is_read_from_end_to_end(
    database: Database, caller: Caller, type_: str, asked: str
) -> None:
    pairs = [
        (name, value)
        for pair in asked.format(ana="ana").split("&")
        for name, _, value in [pair.partition("=")]
    ]
    assert load().is_resource_type(type_)
    with watched(database) as seen:
        caller.pairs(type_, pairs)

    assert seen
    scanned = {table for sql, values in seen for table in _scanned(database, sql, values)}
    assert {table for table in scanned if table.startswith("ix_")} == set()


def test_a_scan_would_be_seen(database: Database) -> None:
    found = _scanned(database, "SELECT t.rid FROM ix_token AS t WHERE t.system = 5", ())

    assert [name.startswith("ix_token") for name in found] == [True]


def _scanned(database: Database, sql: str, values: Sequence[Any]) -> Iterator[str]:
    with database.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        if database.dialect == "sqlite":
            tables = {alias: table for table, alias in re.findall(r"(\w+) AS (\w+)", sql)}
            for row in driver.execute(f"EXPLAIN QUERY PLAN {sql}", values):
                if found := _SQLITE.match(row[-1]):
                    yield str(tables.get(found[1], found[1]))
            return
        raw = psycopg.RawCursor(driver)
        raw.execute("SET enable_seqscan = off")
        try:
            (plan,) = raw.execute(f"EXPLAIN (FORMAT JSON) {sql}", values).fetchone() or ("[]",)
        finally:
            raw.execute("RESET enable_seqscan")
        yield from _sequential(plan if isinstance(plan, list) else json.loads(plan))


def _sequential(node: Any) -> Iterator[str]:  # noqa: ANN401 - a plan
    if isinstance(node, list):
        for part in node:
            yield from _sequential(part)
    elif isinstance(node, dict):
        kind = str(node.get("Node Type"))
        bound = re.search(r"\b(param_id|rid)\b", str(node.get("Index Cond", "")))
        if kind == "Seq Scan" or ("Index" in kind and not bound):
            # A bitmap names the index alone, which begins with its table's name.
            yield str(node.get("Relation Name") or node.get("Index Name"))
        for part in node.values():
            yield from _sequential(part)

"""Several writers and readers at once, and writers that die."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from fhir_server.fhir.outcome import CollisionError, UnavailableError
from fhir_server.search.expression import Comparison, Expression, UpdatedIn
from fhir_server.search.query import HistoryQuery, Query, SortKey
from fhir_server.storage.engine import Database
from fhir_server.storage.resources import ResourceStore
from fhir_server.storage.rows import Receipt, Stored
from fhir_server.storage.schema import metadata
from tests import builders
from tests.builders import NOW, Draft, confined, confined_history, put, read
from tests.databases import opened

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(database: Database) -> ResourceStore:
    return ResourceStore(database)


def after(stamp: int) -> Expression:
    return UpdatedIn(comparison=Comparison.GT, lo=stamp, hi=stamp + 1)


def in_threads(*works: Callable[[], None]) -> list[Exception]:
    """Run all `works` at once; return what they raised."""
    raised: list[Exception] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - handed to the test
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_reader_by_time_misses_and_repeats_nothing(store: ResourceStore) -> None:
    writers, each = 4, 12
    done = threading.Event()
    seen: list[str] = []

    def write(writer: int) -> Callable[[], None]:
        def work() -> None:
            for number in range(each):
                with store.transaction(now=NOW, durable=False) as transaction:
                    # The stamp is taken, the commit is yet to come: others overtake.
                    time.sleep(0.001 * ((writer * 7 + number * 3) % 5))
                    builders.write(transaction, Draft(id=f"w{writer}-{number}"))

        return work

    def follow() -> None:
        last = NOW - 1
        while True:
            ended = done.is_set()
            query = Query(type="Encounter", where=after(last), sort=(SortKey(),), count=3)
            page = store.search(confined(query))
            seen.extend(row.id for row in page.matches)
            last = page.matches[-1].last_updated if page.matches else last
            if ended and not page.matches:
                return

    reader = threading.Thread(target=follow)
    reader.start()
    raised = in_threads(*(write(writer) for writer in range(writers)))
    done.set()
    reader.join()

    assert raised == []
    assert len(seen) == len(set(seen))
    assert set(seen) == {
        f"w{writer}-{number}" for writer in range(writers) for number in range(each)
    }


def test_change_that_is_not_committed_holds_back_later_ones(
    database: Database, store: ResourceStore
) -> None:
    if database.dialect == "sqlite":
        return  # one writer: there is nothing later
    put(store, Draft(id="before"))
    query = confined(Query(type="Encounter", sort=(SortKey(),)))
    history = confined_history(HistoryQuery(type="Encounter"))

    with store.transaction(now=NOW) as slow:
        builders.write(slow, Draft(id="slow", owner=("Patient", "bob")))
        put(store, Draft(id="quick", owner=("Patient", "cy"), custodian=("Organization", "ed")))
        during = [row.id for row in store.search(query).matches]
        past = [row.id for row in store.history(history).versions]  # type: ignore[union-attr]
        unsorted = {row.id for row in store.search(confined(Query(type="Encounter"))).matches}

    assert during == ["before"]
    assert past == ["before"]
    assert unsorted == {"before", "quick"}
    assert [row.id for row in store.search(query).matches] == ["before", "slow", "quick"]


def test_two_writers_of_one_version_never_both_win(store: ResourceStore) -> None:
    put(store, Draft(id="e1"))
    wins: list[int] = []

    def update(writer: int) -> Callable[[], None]:
        def work() -> None:
            with store.transaction(now=NOW, durable=False) as transaction:
                found = transaction.current([("Encounter", "e1")])["Encounter", "e1"]
                if found.version == 1:
                    builders.write(transaction, Draft(id="e1", body=b"%d" % writer))
                    wins.append(writer)

        return work

    raised = in_threads(*(update(writer) for writer in range(6)))

    assert raised == []
    assert len(wins) == 1
    assert read(store, "Encounter", "e1").body == b"%d" % wins[0]  # type: ignore[union-attr]
    assert read(store, "Encounter", "e1").version == 2  # type: ignore[union-attr]


def test_two_creations_of_one_address_make_one(store: ResourceStore) -> None:
    start = threading.Barrier(4)

    def create() -> None:
        start.wait()
        with store.transaction(now=NOW, durable=False) as transaction:
            keys = transaction.keys(
                [("Encounter", "e1"), ("Patient", "ann"), ("Organization", "mct")]
            )
            transaction.write([builders._version(Draft(id="e1"), keys, 1)])

    raised = in_threads(*[create] * 4)

    assert len(raised) == 3
    assert all(isinstance(error, CollisionError) for error in raised)


def test_one_message_is_taken_by_one_of_many(store: ResourceStore) -> None:
    taken: list[int] = []

    def take(writer: int) -> Callable[[], None]:
        def work() -> None:
            with store.transaction(now=NOW, durable=False) as transaction:
                transaction.receipt(Receipt(key="m", result=b"%d" % writer))
                builders.write(transaction, Draft(id=f"e{writer}"))
                taken.append(writer)

        return work

    raised = in_threads(*(take(writer) for writer in range(5)))

    assert len(taken) == 1
    assert {error.result for error in raised} == {b"%d" % taken[0]}  # type: ignore[attr-defined]


def test_rules_of_two_consents_written_at_once_are_both_seen(store: ResourceStore) -> None:
    _, keys = put(store, Draft(id="e1"))
    owner = keys["Patient", "ann"]
    counts: list[int] = []

    def consent(number: int) -> Callable[[], None]:
        def work() -> None:
            with store.transaction(now=NOW, durable=False) as transaction:
                builders.write(transaction, Draft(type="Consent", id=f"c{number}"))
                counts.append(len(transaction.consents_of(owner)))
                time.sleep(0.01)

        return work

    raised = in_threads(*(consent(number) for number in range(4)))

    assert raised == []
    assert sorted(counts) == [1, 2, 3, 4]


def test_reads_and_writes_work_again_after_the_connections_were_cut(
    database: Database, store: ResourceStore, database_url: str
) -> None:
    put(store, Draft(id="e1"))
    if database.dialect == "postgresql":
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    assert read(store, "Encounter", "e1") is not None
    put(store, Draft(id="e2"))
    assert read(store, "Encounter", "e2") is not None


def test_writer_waits_no_longer_than_told(database_url: str) -> None:
    with opened(database_url) as first, opened(database_url) as second:
        if first.dialect == "postgresql":
            return  # writers of different rows do not wait
        second._lock._wait_seconds = 0.05  # type: ignore[union-attr]
        with first.begin(), pytest.raises(UnavailableError), second.begin():
            pass
        with second.begin():
            pass


# Writes pairs of resources, one transaction each, and says so after the commit.
WRITER = """
import sys
from fhir_server.storage import engine
from fhir_server.storage.resources import ResourceStore
from tests.builders import Draft, put

database = engine.open(sys.argv[1])
store = ResourceStore(database)
for number in range(int(sys.argv[2]), 100000):
    drafts = [Draft(id=f"{side}{number}", body=b"x" * 5000) for side in "ab"]
    put(store, *drafts)
    print(number, flush=True)
"""


def test_killed_writer_leaves_all_or_nothing(database_url: str) -> None:
    acknowledged: list[int] = []
    for attempt in range(4):
        command = [sys.executable, "-c", WRITER, database_url, str(attempt * 1000)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            acknowledged.append(int(line))
            if len(acknowledged) % 5 == 4 - attempt % 3:
                break
        process.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in process.stdout]
        process.wait()
        process.stdout.close()

    with opened(database_url) as database:
        found = {row.id for row in all_encounters(ResourceStore(database))}
        with database.connect() as connection:
            keys = {row.rid for row in connection.execute(metadata.tables["resource"].select())}
    numbers = {int(id_[1:]) for id_ in found}
    assert found == {f"{side}{number}" for side in "ab" for number in numbers}
    assert len(keys) == len(found)
    assert set(acknowledged) <= numbers
    assert len(acknowledged) >= 4


def all_encounters(store: ResourceStore) -> list[Stored]:
    asked = confined(Query(type="Encounter", count=1000))
    rows: list[Stored] = []
    while True:
        page = store.search(asked)
        rows += page.matches
        if page.after is None:
            return rows
        asked = replace(asked, query=replace(asked.query, after=page.after))

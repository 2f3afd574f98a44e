"""Audit rows of reads on SQLite: durable where they were written, and in the log exactly once."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fhir_server.fhir.outcome import UnavailableError
from fhir_server.storage.audit_log import AuditLog, AuditQuery
from fhir_server.storage.engine import Database
from fhir_server.storage.rows import AuditRow
from tests.builders import NOW
from tests.databases import Sqlite, opened
from tests.gate import Gate, patient

EVERYTHING = AuditQuery(custodians=frozenset({1}), count=10_000)


def logged(number: int) -> AuditRow:
    return AuditRow(
        recorded=NOW + number,
        request_id=f"r{number}",
        client_id="ehr",
        organization=7,
        purpose="TREAT",
        interaction="read",
        type="Encounter",
        custodian=1,
    )


def requests(log: AuditLog) -> list[str]:
    return sorted(found.row.request_id for found in log.search(EVERYTHING).rows)


def in_the_log(database: Database) -> int:
    with database.connect() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM audit_log").scalar_one())


def journal_of(database: Database) -> Path:
    return Path(f"{file_of(database)}.audit-0.db")


def file_of(database: Database) -> str:
    with database.connect() as connection:
        row = connection.exec_driver_sql("PRAGMA database_list").one()
    return str(row[2])


@pytest.fixture
def url(sqlite_files: Sqlite) -> Iterator[str]:
    with sqlite_files.fresh() as found:
        yield found


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with opened(url) as found:
        yield found


def test_a_search_sees_what_every_process_has_written(database: Database, url: str) -> None:
    with opened(url) as other:
        AuditLog(database).append([logged(1)], durable=False)
        AuditLog(other).append([logged(2), logged(3)], durable=True)

        assert requests(AuditLog(database)) == ["r1", "r2", "r3"]
        assert requests(AuditLog(other)) == ["r1", "r2", "r3"]


def test_rows_are_taken_over_once_by_however_many(database: Database, url: str) -> None:
    log = AuditLog(database)
    for number in range(300):
        log.append([logged(number)], durable=False)

    with opened(url) as other, ThreadPoolExecutor(4) as pool:
        for log_ in (log, AuditLog(other)) * 4:
            pool.submit(log_.settle)

    assert requests(log) == sorted(f"r{number}" for number in range(300))


def test_rows_that_were_taken_over_but_not_forgotten_are_told_once(
    database: Database, tmp_path: Path
) -> None:
    """What a process leaves behind that is killed between the two."""
    log = AuditLog(database)
    log.append([logged(1)], durable=True)
    log.append([logged(2)], durable=True)
    journal = journal_of(database)
    before = [path for path in journal.parent.glob(f"{journal.name}*") if path.suffix != ".lock"]
    for path in before:
        shutil.copy(path, tmp_path)
    log.settle()
    database.close()
    for path in before:
        shutil.copy(tmp_path / path.name, path)

    assert requests(log) == ["r1", "r2"]
    log.append([logged(3)], durable=False)
    assert requests(log) == ["r1", "r2", "r3"]


def test_entries_are_never_numbered_twice(database: Database) -> None:
    log = AuditLog(database)
    for number in range(5):
        log.append([logged(number)], durable=False)
        log.settle()
        database.close()

    assert requests(log) == [f"r{number}" for number in range(5)]


KILLED = """
import os, signal, sys
from tests.databases import opened
from tests.unit.storage.test_audit_journal import logged
from fhir_server.storage.audit_log import AuditLog
with opened(sys.argv[1]) as database:
    AuditLog(database).append([logged(1)], durable=False)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_wrote_is_found(database: Database, url: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, url], check=False)

    assert done.returncode == -signal.SIGKILL
    assert requests(AuditLog(database)) == ["r1"]
    # Its file is free again, and is not mistaken for a new one.
    AuditLog(database).append([logged(2)], durable=False)
    assert requests(AuditLog(database)) == ["r1", "r2"]


def test_a_long_journal_is_taken_over_without_being_asked(database: Database) -> None:
    log = AuditLog(database)
    for number in range(512):
        log.append([logged(number)], durable=False)

    assert in_the_log(database) == 512


def test_a_read_waits_for_no_writer(database: Database) -> None:
    log = AuditLog(database)
    with database.begin():
        started = time.monotonic()
        for number in range(600):
            log.append([logged(number)], durable=False)
        assert time.monotonic() - started < 5

    assert len(requests(log)) == 600


def test_what_cannot_be_audited_is_not_read(database: Database) -> None:
    gate = Gate(database)
    gate.organization("mct")
    found = gate.caller("mct").post(patient())
    database.close()
    journal = journal_of(database)
    for path in journal.parent.glob(f"{journal.name}*"):
        path.unlink()
    journal.mkdir()

    with pytest.raises(UnavailableError):
        gate.caller("mct").read("Patient", found)

    journal.rmdir()
    assert gate.caller("mct").read("Patient", found).id == found


def test_a_forked_child_has_a_journal_of_its_own(database: Database) -> None:
    log = AuditLog(database)
    log.append([logged(1)], durable=False)
    child = os.fork()
    if child == 0:
        log.append([logged(2)], durable=False)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    log.append([logged(3)], durable=False)

    assert requests(log) == ["r1", "r2", "r3"]
    assert Path(f"{file_of(database)}.audit-1.db").exists()

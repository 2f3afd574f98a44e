"""Audit rows of reads on SQLite, in a file of the process's own until they join the log.

SQLite has one writer. If each read had to take its turn, two processes that only read would wait
for each other, and for every load that is running. Here each process appends to a file that nobody
else writes; the rows move to the log set by set (docs/decisions/0027).

No row is lost or told twice: the log notes, in the transaction in which it takes rows over, up to
which entry it has those of a file; only what it has on disk is removed from the file.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import msgspec

from fhir_server.storage.failures import translated
from fhir_server.storage.rows import AuditRow

# An entry has the rows of one answer, their fields by name: those of another version fit too.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, rows BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS identity (only_one INTEGER PRIMARY KEY, value TEXT NOT NULL);
INSERT OR IGNORE INTO identity VALUES (1, lower(hex(randomblob(16))));
"""
# wal_autocheckpoint in pages of 4 KiB: each one waits for the disk.
_PRAGMAS = ("PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=4000")
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[AuditRow])
_MOST_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The rows of some entries, one after the other; `last` is the number of the last entry."""

    rows: tuple[AuditRow, ...]
    last: int


class File:
    """A journal's file, of this process or of another that may be writing to it or gone."""

    def __init__(self, path: Path, wait_seconds: float) -> None:
        self._driver = sqlite3.connect(
            path, timeout=wait_seconds, isolation_level=None, check_same_thread=False
        )
        for statement in _PRAGMAS:
            self._driver.execute(statement)
        self._driver.executescript(_SCHEMA)
        self._durable: bool | None = None
        ((self.identity,),) = self._driver.execute("SELECT value FROM identity")

    def append(self, rows: Sequence[AuditRow], *, durable: bool) -> int:
        """Append an entry and return its number; `durable` waits for the disk."""
        if durable is not self._durable:
            self._driver.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._durable = durable
        entry = (_ENCODER.encode(rows),)
        # One statement is a transaction of its own.
        added = self._driver.execute("INSERT INTO entry (rows) VALUES (?)", entry)
        return added.lastrowid or 0

    def last(self) -> int:
        """Return the number of the last entry, 0 before the first."""
        ((found,),) = self._driver.execute("SELECT coalesce(max(id), 0) FROM entry")
        return int(found)

    def after(self, entry: int) -> Batch | None:
        """Return entries after `entry`, the oldest first, None where there are none."""
        found = self._driver.execute(
            "SELECT id, rows FROM entry WHERE id > ? ORDER BY id LIMIT ?", (entry, _MOST_AT_ONCE)
        ).fetchall()
        if not found:
            return None
        rows = tuple(row for _, encoded in found for row in _DECODER.decode(encoded))
        return Batch(rows=rows, last=found[-1][0])

    def forget(self, entry: int) -> None:
        """Remove all entries before `entry`; it stays, so that no number is given twice."""
        self._driver.execute("DELETE FROM entry WHERE id < ?", (entry,))

    def close(self) -> None:
        """Close the file."""
        self._driver.close()


class AuditJournal:
    """The journals beside the database file `database`, one of them this process's own."""

    def __init__(self, database: str, wait_seconds: float) -> None:
        self._database = Path(database)
        self._wait_seconds = wait_seconds
        self._guard = threading.Lock()
        self._own: File | None = None
        self._held: int | None = None
        self._opened_by = 0
        self._path = self._database

    def append(self, rows: Sequence[AuditRow], *, durable: bool) -> int:
        """Append the rows of one answer; return the number of their entry in this file.

        Raises:
            UnavailableError: They could not be written, so nothing may be disclosed.
        """
        with self._guard, translated():
            own = self._own
            if own is None or self._opened_by != os.getpid():
                own = self._opened()
            return own.append(rows, durable=durable)

    def files(self, *, own: bool = False) -> Iterator[File]:
        """Yield the journal of every process, also of those that are gone, or this one's `own`.

        Raises:
            UnavailableError: One cannot be read.
        """
        all_ = sorted(self._database.parent.glob(f"{self._database.name}.audit-*.db"))
        for path in [self._path] if own else all_:
            with translated(), closing(File(path, self._wait_seconds)) as file:
                yield file

    def _opened(self) -> File:
        """Open the first file that no living process holds."""
        held = None
        for number in count():
            path = self._database.with_name(f"{self._database.name}.audit-{number}.db")
            held = _taken(f"{path}.lock")
            if held is not None:
                break
        own = File(path, self._wait_seconds)
        self._own, self._held, self._opened_by, self._path = own, held, os.getpid(), path
        return own

    def close(self) -> None:
        """Let this process's file go."""
        with self._guard:
            if self._own is not None and self._held is not None and self._opened_by == os.getpid():
                self._own.close()
                os.close(self._held)
            self._own = None


def _taken(path: str) -> int | None:
    """Return a descriptor that holds the lock file at `path`, None where another process does."""
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    return held

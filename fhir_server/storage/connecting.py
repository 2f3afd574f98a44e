"""What each connection of either database is set to, and how a transaction starts on it."""

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa

from fhir_server.storage.consent_terms import add_function
from fhir_server.storage.session import Session, prepare_psycopg

T = TypeVar("T")

# generic plans: planning the consent leaf at each execution costs more than the search; jit: the
# statements are short. A writer that waits for a row is told so rather than left hanging, and a
# transaction whose process died silently does not hold back the fence of `_lastUpdated` for long.
_POSTGRESQL = (
    "-c plan_cache_mode=force_generic_plan -c jit=off -c timezone=UTC -c client_encoding=UTF8 "
    "-c idle_in_transaction_session_timeout=60s -c lock_timeout={wait}s"
)
# What a reader writes, the log of reads, need not be on disk before the answer leaves.
_READER = " -c synchronous_commit=off"
_CONNECT_SECONDS = 5

# cache_size in KiB (negative), mmap_size in bytes, wal_autocheckpoint in pages of 4 KiB.
_SQLITE = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=OFF",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-32000",
    "PRAGMA mmap_size=2147483648",
    "PRAGMA wal_autocheckpoint=16000",
    "PRAGMA journal_size_limit=67108864",
)
_CACHED_STATEMENTS = 512


def options(url: sa.URL, lock_wait_seconds: int, *, reader: bool) -> dict[str, Any]:
    """Return the driver's arguments for a connection."""
    if url.get_backend_name() == "sqlite":
        return {
            "check_same_thread": False,
            "isolation_level": None,
            "timeout": lock_wait_seconds,
            "cached_statements": _CACHED_STATEMENTS,
        }
    return {
        "options": _POSTGRESQL.format(wait=lock_wait_seconds) + (_READER if reader else ""),
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "handoff",
    }


def prepare(writer: sa.Engine, reader: sa.Engine) -> None:
    """Set up each new connection of both engines."""
    for engine in (writer, reader):
        sa.event.listen(engine, "connect", _connected)
    if reader.dialect.name == "sqlite":
        sa.event.listen(reader, "connect", _read_only)


def _connected(driver: Any, _record: object) -> None:  # noqa: ANN401 - either driver
    if isinstance(driver, sqlite3.Connection):
        for pragma in _SQLITE:
            driver.execute(pragma)
        add_function(driver)
    else:
        prepare_psycopg(driver)


def _read_only(driver: sqlite3.Connection, _record: object) -> None:
    driver.execute("PRAGMA query_only=ON")


def start(connection: sa.Connection, *, durable: bool) -> None:
    """Begin a write transaction on `connection`."""
    driver: Any = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        # Cannot be changed inside a transaction.
        driver.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        driver.execute("BEGIN IMMEDIATE")
    else:
        driver.execute("BEGIN" if durable else "BEGIN; SET LOCAL synchronous_commit = off")


def end(connection: sa.Connection, how: str) -> bool:
    """COMMIT or ROLLBACK; return whether a rollback succeeded.

    Raises:
        Exception: The commit failed, as the driver says it.
    """
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute(how)
    except (sqlite3.Error, psycopg.Error):
        if how == "COMMIT":
            raise
        return isinstance(driver, sqlite3.Connection)
    return True


def snapshot(driver: Any, session: Session, work: Callable[[Session], T]) -> T:  # noqa: ANN401
    """Return `work(session)`, all of whose statements see one state of the database."""
    sqlite = isinstance(driver, sqlite3.Connection)
    driver.execute("BEGIN" if sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        return work(session)
    finally:
        driver.execute("ROLLBACK")

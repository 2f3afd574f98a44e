"""The database: SQLite or PostgreSQL, how it is opened, read, written and brought up to date.

A statement's failure never carries health data: parameters are hidden, and what the driver says
is not passed on. A database that went away gives UnavailableError, and is used again as soon as
it is back.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.pool import QueuePool

from fhir_server.fhir.outcome import RetryError, UnavailableError
from fhir_server.settings import SettingError
from fhir_server.storage import connecting, migrate
from fhir_server.storage.audit_journal import AuditJournal
from fhir_server.storage.failures import is_lost, translated
from fhir_server.storage.lock import WriterLock
from fhir_server.storage.session import PostgresqlSession, Session, SqliteSession

T = TypeVar("T")

# A transaction that collided with another is tried this often, after rising pauses of seconds.
_TRIES = 6
_PAUSE = 0.005
_KINDS = "DATABASE_URL must be sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME."


class Database:
    """One database. `dialect` is `sqlite` or `postgresql`; `journal` only SQLite has."""

    def __init__(self, url: sa.URL, *, lock_wait_seconds: int) -> None:
        self.dialect = url.get_backend_name()
        shared: dict[str, Any] = {
            "hide_parameters": True,
            "poolclass": QueuePool,
            "pool_size": 16,
            "max_overflow": -1,
            # Transactions are begun and ended by connecting.py, in as few round trips as can be.
            "isolation_level": "AUTOCOMMIT",
            "pool_reset_on_return": None,
        }
        self._writer, self._reader = (
            sa.create_engine(
                url,
                connect_args=connecting.options(url, lock_wait_seconds, reader=reader),
                **shared,
            )
            for reader in (False, True)
        )
        connecting.prepare(self._writer, self._reader)
        self._lock: WriterLock | None = None
        self.journal: AuditJournal | None = None
        if self.dialect == "sqlite":
            self._lock = WriterLock(f"{url.database}.lock", lock_wait_seconds)
            self.journal = AuditJournal(str(url.database), lock_wait_seconds)

    def migrate(self) -> None:
        """Bring the schema up to date; safe when several processes start at once.

        Raises:
            UnavailableError: The database cannot be reached.
        """
        with self.begin() as connection:
            migrate.upgrade(connection)

    @contextmanager
    def begin(
        self, *, durable: bool = True, wait_seconds: float | None = None
    ) -> Iterator[sa.Connection]:
        """Run the block in one write transaction; SQLite's writer lock is held meanwhile.

        `durable` False gives up the last commits, never the consistency, at a power failure.
        `wait_seconds` is for that lock, in place of the setting.

        Raises:
            UnavailableError: The database is away, or busy for longer than the wait.
            CollisionError: A unique key is taken.
            RetryError: It collided with another transaction; `retrying` tries again.
        """
        if self._lock is None:
            with self._begun(durable=durable) as connection:
                yield connection
        else:
            with self._lock.held(wait_seconds), self._begun(durable=durable) as connection:
                yield connection

    @contextmanager
    def _begun(self, *, durable: bool) -> Iterator[sa.Connection]:
        with translated():
            connection = self._started(durable=durable)
            try:
                yield connection
                connecting.end(connection, "COMMIT")
            except BaseException as error:
                self._abandon(connection, error)
                raise
            finally:
                connection.close()

    def _started(self, *, durable: bool) -> sa.Connection:
        """Return a connection inside a transaction; one from the pool may have been cut."""
        connection = self._writer.connect()
        try:
            connecting.start(connection, durable=durable)
        except Exception as error:
            self._abandon(connection, error)
            connection.close()
            if not is_lost(error):
                raise
            self._writer.dispose()
            connection = self._writer.connect()
            connecting.start(connection, durable=durable)
        return connection

    def _abandon(self, connection: sa.Connection, error: BaseException) -> None:
        if is_lost(error) or not connecting.end(connection, "ROLLBACK"):
            connection.invalidate()

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """Give a connection for reading, each statement by itself.

        Raises:
            UnavailableError: The database is away.
        """
        with translated(), self._reader.connect() as connection:
            yield connection

    def read(self, work: Callable[[Session], T], *, snapshot: bool = False) -> T:
        """Return `work(session)`; with `snapshot`, its statements see one state.

        It is run a second time when the connection turns out to be dead.

        Raises:
            UnavailableError: The database is away.
        """
        try:
            return self._read(work, snapshot=snapshot)
        except UnavailableError:
            self._reader.dispose()
            return self._read(work, snapshot=snapshot)

    def _read(self, work: Callable[[Session], T], *, snapshot: bool) -> T:
        with translated():
            pooled = self._reader.raw_connection()
            try:
                driver: Any = pooled.driver_connection
                session = self.session(driver)
                return connecting.snapshot(driver, session, work) if snapshot else work(session)
            except BaseException as error:
                if is_lost(error):
                    pooled.invalidate()
                raise
            finally:
                pooled.close()

    def session(self, driver: Any) -> Session:  # noqa: ANN401 - a connection of either driver
        """Return a Session on a driver's connection."""
        return SqliteSession(driver) if self.dialect == "sqlite" else PostgresqlSession(driver)

    def retrying(self, work: Callable[[], T]) -> T:
        """Return `work()`, tried again a few times when it collides with another transaction.

        Raises:
            UnavailableError: It collided every time.
        """
        for attempt in range(_TRIES):
            try:
                return work()
            except RetryError:
                time.sleep(_PAUSE * 2**attempt)
        raise UnavailableError("Too many others write the same resources; try again.")

    def close(self) -> None:
        """Close all connections."""
        self._reader.dispose()
        self._writer.dispose()
        if self._lock is not None:
            self._lock.close()
        if self.journal is not None:
            self.journal.close()


def open(url: str, *, lock_wait_seconds: int = 10) -> Database:  # noqa: A001 - engine.open
    """Return the database at `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST:PORT/NAME`.

    Nothing is connected yet, but a missing folder of a SQLite file is made.

    Raises:
        SettingError: The URL is of another kind.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    elif parsed.get_backend_name() == "sqlite" and parsed.database not in {None, "", ":memory:"}:
        Path(str(parsed.database)).absolute().parent.mkdir(parents=True, exist_ok=True)
    else:
        raise SettingError(_KINDS)
    return Database(parsed, lock_wait_seconds=lock_wait_seconds)


def _parsed(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except sa.exc.ArgumentError:
        # SQLAlchemy's message repeats the URL, which may hold a password.
        raise SettingError(_KINDS) from None

"""Login sessions, known by a hash of their cookie, and failures to log in.

A session ends when nobody has used it for a while, and in any case after a working day. Failures
are counted by a hash of what was tried, whether there is such an account or not.
"""

from dataclasses import asdict, dataclass

import sqlalchemy as sa

from fhir_server.storage.engine import Database
from fhir_server.storage.schema_accounts import account, login_failure, login_session

_SWEEP_EVERY = 16
# One statement, so that guesses that are sent at once are counted each.
_FAILED = sa.text(
    "INSERT INTO login_failure (key_hash, failures, locked_until, expires_at)"
    " VALUES (:key_hash, 1, 0, :expires_at) ON CONFLICT (key_hash) DO UPDATE SET"
    " failures = CASE WHEN login_failure.expires_at <= :at THEN 1"
    " ELSE login_failure.failures + 1 END, expires_at = :expires_at RETURNING failures"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """`stage` is "password" or "full"; `role_id` the role in which the person acts.

    Instants are microseconds.
    """

    session_hash: bytes
    session_id: str
    account_id: str
    role_id: str
    stage: str
    authenticated_at: int
    seen_at: int
    expires_at: int


class SessionStore:
    """The sessions of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, session: SessionRow, before: bytes | None = None) -> None:
        """Store a session in the place of the one with the hash `before`."""
        with self._database.begin() as connection:
            if before is not None:
                _end(connection, before)
            connection.execute(sa.insert(login_session), asdict(session))
            if session.session_hash[0] % _SWEEP_EVERY == 0:
                _sweep(connection, session.seen_at)

    def find(self, session_hash: bytes, at: int, idle: int) -> SessionRow | None:
        """Return a session that is alive `at` and was seen less than `idle` (microseconds) ago."""
        asked = (
            sa.select(*login_session.c)
            .join_from(login_session, account, login_session.c.account_id == account.c.account_id)
            .where(
                login_session.c.session_hash == session_hash,
                login_session.c.expires_at > at,
                login_session.c.seen_at > at - idle,
                account.c.disabled_at.is_(None),
            )
        )
        with self._database.connect() as connection:
            found = connection.execute(asked).mappings().first()
        return None if found is None else SessionRow(**found)

    def is_alive(self, session_id: str, at: int) -> bool:
        """Say whether a session still lives."""
        asked = sa.select(login_session.c.session_id).where(
            login_session.c.session_id == session_id, login_session.c.expires_at > at
        )
        with self._database.connect() as connection:
            return connection.execute(asked).first() is not None

    def seen(self, session_hash: bytes, at: int) -> None:
        """Note that a session was used `at` (microseconds)."""
        row = login_session.c.session_hash == session_hash
        with self._database.begin(durable=False) as connection:
            connection.execute(sa.update(login_session).where(row).values(seen_at=at))

    def act_as(self, session_hash: bytes, role_id: str) -> None:
        """Let the person of a session act in another of their roles."""
        row = login_session.c.session_hash == session_hash
        with self._database.begin() as connection:
            connection.execute(sa.update(login_session).where(row).values(role_id=role_id))

    def end(self, session_hash: bytes) -> None:
        """End a session."""
        with self._database.begin() as connection:
            _end(connection, session_hash)

    def locked_until(self, key_hash: bytes, at: int) -> int:
        """Return until when attempts under this key are refused; 0 where they are not."""
        asked = sa.select(login_failure.c.locked_until).where(
            login_failure.c.key_hash == key_hash, login_failure.c.locked_until > at
        )
        with self._database.connect() as connection:
            return connection.execute(asked).scalar() or 0

    def failed(self, key_hash: bytes, at: int, expires_at: int) -> int:
        """Note one failure more under this key; return how many there are in a row."""
        values = {"key_hash": key_hash, "at": at, "expires_at": expires_at}
        with self._database.begin(durable=False) as connection:
            return int(connection.execute(_FAILED, values).scalar_one())

    def lock(self, key_hash: bytes, until: int) -> None:
        """Refuse attempts under this key until then (microseconds)."""
        row = login_failure.c.key_hash == key_hash
        with self._database.begin(durable=False) as connection:
            connection.execute(sa.update(login_failure).where(row).values(locked_until=until))

    def succeeded(self, key_hash: bytes) -> None:
        """Forget the failures under this key."""
        row = login_failure.c.key_hash == key_hash
        with self._database.begin(durable=False) as connection:
            connection.execute(sa.delete(login_failure).where(row))


def _end(connection: sa.Connection, session_hash: bytes) -> None:
    row = login_session.c.session_hash == session_hash
    connection.execute(sa.delete(login_session).where(row))


def _sweep(connection: sa.Connection, at: int) -> None:
    for table in (login_session, login_failure):
        connection.execute(sa.delete(table).where(table.c.expires_at <= at))

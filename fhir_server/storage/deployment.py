"""What this deployment made for itself once and keeps in its database."""

import os

import sqlalchemy as sa

from fhir_server.storage.engine import Database
from fhir_server.storage.schema_log import deployment

_SECRET = "secret"  # noqa: S105 - the name of it
_BYTES = 32


def noted(database: Database, key: str) -> str | None:
    """Return what was noted under `key`, None where nothing was.

    Raises:
        UnavailableError: The database is away.
    """
    asked = sa.select(deployment.c.value).where(deployment.c.key == key)
    with database.connect() as connection:
        found: bytes | None = connection.execute(asked).scalar()
    return None if found is None else bytes(found).decode()


def note(database: Database, key: str, value: str) -> None:
    """Note `value` under `key`, unless something was noted under it before.

    Raises:
        UnavailableError: The database is away or busy.
    """
    with database.begin() as connection:
        _insert_unless_there(connection, {"key": key, "value": value.encode()})


def secret(database: Database) -> bytes:
    """Return the deployment's 32 secret bytes, made when it was first asked for.

    Identifiers that nobody may guess, and the key that seals paging cursors, are derived from it,
    so that they are the same in all processes and after a restart.

    Raises:
        UnavailableError: The database is away.
    """
    asked = sa.select(deployment.c.value).where(deployment.c.key == _SECRET)
    with database.connect() as connection:
        found: bytes | None = connection.execute(asked).scalar()
    if found is not None:
        return found
    # Not an argument: the first process to come makes it, all others must get that one.
    made: dict[str, object] = {"key": _SECRET, "value": os.urandom(_BYTES)}
    with database.begin() as connection:
        _insert_unless_there(connection, made)
        return bytes(connection.execute(asked).scalar_one())


def _insert_unless_there(connection: sa.Connection, row: dict[str, object]) -> None:
    statement = "INSERT INTO deployment (key, value) VALUES (:key, :value) ON CONFLICT DO NOTHING"
    connection.execute(sa.text(statement), row)

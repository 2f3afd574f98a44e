"""Brings the schema up to date, at the start of the server.

https://alembic.sqlalchemy.org/ ; the steps are migrations/versions/NNNN_title.py, in one line.
"""

from pathlib import Path

import sqlalchemy as sa

from fhir_server.storage import consent_sql

# Any number that nothing else in this database uses.
_ADVISORY_LOCK = 4_611_011
_MIGRATIONS = Path(__file__).parent / "migrations"
_DIGITS = 4


def upgrade(connection: sa.Connection) -> None:
    """Apply the missing steps inside the transaction of `connection`."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
    if _revision(connection) != _newest():
        # Alembic costs a start that has nothing to migrate a third of its time.
        from fhir_server.storage import revisions  # noqa: PLC0415

        revisions.upgrade(connection, _MIGRATIONS)
    if connection.dialect.name == "postgresql":
        # Made of the code that searches run, so that the two cannot differ.
        for function in consent_sql.functions():
            connection.exec_driver_sql(function)
        _forget_foreign_transactions(connection)


def _newest() -> str:
    """Return the name of the last step, the digits of its file."""
    return max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))[:_DIGITS]


def _revision(connection: sa.Connection) -> str | None:
    """Return the last step that was applied, None where none was."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql(
        "SELECT version_num FROM alembic_version"
    ).scalar()
    return found


def _forget_foreign_transactions(connection: sa.Connection) -> None:
    """Let versions that a dump brought from another cluster count as committed long ago.

    Their transaction numbers mean nothing here; one above the current number would hide its
    version from `_lastUpdated` until this cluster had counted so far.
    """
    foreign = connection.exec_driver_sql(
        "SELECT last_value >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint FROM write_tx"
    ).scalar_one()
    if foreign:
        connection.exec_driver_sql("UPDATE resource SET tx = 0 WHERE tx <> 0")
        connection.exec_driver_sql("UPDATE resource_version SET tx = 0 WHERE tx <> 0")
        connection.exec_driver_sql("SELECT setval('write_tx', 1)")

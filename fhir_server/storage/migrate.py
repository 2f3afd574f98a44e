"""Brings the schema up to date, at the start of the server.

https://alembic.sqlalchemy.org/ ; the steps are migrations/versions/NNNN_title.py, in one line.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from fhir_server.storage import consent_sql

# Any number that nothing else in this database uses.
_ADVISORY_LOCK = 4_611_011


def upgrade(connection: sa.Connection) -> None:
    """Apply the missing steps inside the transaction of `connection`."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.dialect.name == "postgresql":
        # Made of the code that searches run, so that the two cannot differ.
        connection.exec_driver_sql(consent_sql.function())
        _forget_foreign_transactions(connection)


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

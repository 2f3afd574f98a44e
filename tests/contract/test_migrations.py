"""The schema that the migrations make is the one that the code declares."""

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from fhir_server.storage import schema_log
from fhir_server.storage.engine import Database
from fhir_server.storage.schema import metadata


def test_migrated_schema_is_the_declared_one(database: Database) -> None:
    with database.connect() as connection:
        inspector = sa.inspect(connection)
        found = {
            table: {column["name"] for column in inspector.get_columns(table)}
            for table in inspector.get_table_names()
        }

    declared = {table.name: set(table.columns.keys()) for table in metadata.sorted_tables}
    if database.dialect == "postgresql":
        declared.pop(schema_log.write_stamp.name)
    del found["alembic_version"]
    assert found == declared


def test_starting_twice_at_once_migrates_once(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(database.migrate) for _ in range(4)]:
            done.result()

    with database.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM alembic_version").scalar() == 1


def test_migrated_indexes_are_the_declared_ones(database: Database) -> None:
    with database.connect() as connection:
        inspector = sa.inspect(connection)
        found = {
            index["name"]
            for table in inspector.get_table_names()
            for index in inspector.get_indexes(table)
            if "duplicates_constraint" not in index
        }

    declared = {index.name for table in metadata.sorted_tables for index in table.indexes}
    if database.dialect == "sqlite":  # clustered by the resource: needs no index on it
        declared = {name for name in declared if not str(name).endswith("_rid")}
    assert found == declared

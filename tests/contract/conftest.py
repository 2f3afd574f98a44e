"""Each test of this folder runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest

from fhir_server.storage.engine import Database
from tests.databases import Postgres, Sqlite, opened


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    kind = "postgresql_server" if request.param == "postgresql" else "sqlite_files"
    source: Postgres | Sqlite = request.getfixturevalue(kind)
    with source.fresh() as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with opened(database_url) as database:
        yield database

"""What every folder of tests may use: the two kinds of database, one server of each per process."""

from collections.abc import Iterator

import pytest

from tests import postgres
from tests.databases import Postgres, Sqlite


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Postgres]:
    with postgres.server() as url:
        yield Postgres(url)


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> Sqlite:
    return Sqlite(tmp_path_factory.mktemp("sqlite"))

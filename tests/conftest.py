"""What every folder of tests may use: the two kinds of database, one server of each per process."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fhir_server.fhir.outcome import PackageError
from fhir_server.packages import built_in
from fhir_server.packages.compile_built_in import make_guide
from tests import postgres
from tests.databases import Postgres, Sqlite

ROOT = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    """Compile the guide anew where its sources have changed, once and before all workers."""
    if not hasattr(config, "workerinput"):
        with suppress(PackageError):  # the guide's own tests say what is wrong with it
            make_guide(ROOT, built_in.CORE, built_in.GUIDE)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Postgres]:
    with postgres.server() as url:
        yield Postgres(url)


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> Sqlite:
    return Sqlite(tmp_path_factory.mktemp("sqlite"))

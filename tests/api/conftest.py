"""Each test of this folder runs against a server on SQLite and one on PostgreSQL."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.api.deployment import Deployment, deployed

if TYPE_CHECKING:
    from tests.databases import Postgres, Sqlite


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def deployment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    kind = "postgresql_server" if request.param == "postgresql" else "sqlite_files"
    source: Postgres | Sqlite = request.getfixturevalue(kind)
    with (
        source.fresh() as url,
        deployed(url, tmp_path_factory.mktemp("server")) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def agency(deployment: Deployment) -> httpx.Client:
    """A client that may do everything with its own organisation's data."""
    return deployment.agency().http

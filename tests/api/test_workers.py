"""Two worker processes on one database: https://hl7.org/fhir/R4/http.html#concurrency ."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from fhir_server.settings import Settings
from tests.api.deployment import Deployment, deployed
from tests.api.resources import patient

if TYPE_CHECKING:
    from tests.databases import Postgres, Sqlite

WRITERS = 8
ROUNDS = 5


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def two_workers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    kind = "postgresql_server" if request.param == "postgresql" else "sqlite_files"
    source: Postgres | Sqlite = request.getfixturevalue(kind)
    folder = tmp_path_factory.mktemp("server")
    with source.fresh() as url, deployed(url, folder, Settings(workers=2)) as running:
        yield running


@pytest.mark.spec("http.html#concurrency", "SHALL")
def test_of_many_writers_with_one_version_one_wins(two_workers: Deployment) -> None:
    agency = two_workers.agency().http
    id_ = agency.post("/Patient", json=patient()).json()["id"]

    def write(version: int) -> int:
        # A connection of its own, so that either worker may get it.
        return httpx.put(
            f"{two_workers.url}/fhir/Patient/{id_}",
            json=patient(id=id_),
            headers={
                "If-Match": f'W/"{version}"',
                "Authorization": agency.headers["Authorization"],
            },
            timeout=30,
        ).status_code

    with ThreadPoolExecutor(WRITERS) as writers:
        for version in range(1, ROUNDS + 1):
            statuses = sorted(writers.map(write, [version] * WRITERS))
            assert statuses == [200] + [412] * (WRITERS - 1)

    assert agency.get(f"/Patient/{id_}").headers["ETag"] == f'W/"{ROUNDS + 1}"'


def test_a_page_of_one_worker_goes_on_at_the_other(two_workers: Deployment) -> None:
    agency = two_workers.agency().http
    for _ in range(6):
        agency.post("/Patient", json=patient())
    page = agency.get("/Patient", params={"_count": "1"}).json()
    found = [page["entry"][0]["resource"]["id"]]
    while len(page["link"]) > 1:
        page = httpx.get(page["link"][1]["url"], headers=dict(agency.headers), timeout=30).json()
        found += [entry["resource"]["id"] for entry in page.get("entry", [])]

    assert len(found) == len(set(found)) == 6

"""https://hl7.org/fhir/R4/http.html#delete ."""

import httpx
import pytest

from tests.api.deployment import Deployment
from tests.api.resources import patient, tag


@pytest.fixture
def url(agency: httpx.Client) -> str:
    return f"/Patient/{agency.post('/Patient', json=patient()).json()['id']}"


@pytest.mark.spec("http.html#delete", "SHALL")
def test_deleted_resource_is_no_longer_read_or_found(agency: httpx.Client, url: str) -> None:
    response = agency.delete(url)

    assert (response.status_code, response.content) == (204, b"")
    assert agency.get(url).status_code == 410
    found = agency.get("/Patient", params={"_id": url.rpartition("/")[2]}).json()
    assert "entry" not in found


@pytest.mark.spec("http.html#delete", "SHOULD")
def test_deleting_again_changes_nothing(agency: httpx.Client, url: str) -> None:
    agency.delete(url)

    assert agency.delete(url).status_code == 204
    assert len(agency.get(f"{url}/_history").json()["entry"]) == 2


def test_absent_and_withheld_look_the_same(deployment: Deployment, url: str) -> None:
    stranger = deployment.agency("Stranger").http

    hidden, absent = stranger.delete(url), stranger.delete(f"/Patient/{tag()}")

    assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content)
    assert "ETag" not in hidden.headers


@pytest.mark.spec("http.html#ops", "SHOULD")
def test_an_outcome_is_given_where_it_is_preferred(agency: httpx.Client, url: str) -> None:
    response = agency.delete(url, headers={"Prefer": "return=OperationOutcome"})

    assert response.status_code == 200
    assert response.json()["issue"][0]["severity"] == "information"


@pytest.mark.spec("http.html#concurrency", "SHOULD")
def test_a_stale_version_is_not_deleted(agency: httpx.Client, url: str) -> None:
    response = agency.delete(url, headers={"If-Match": 'W/"2"'})

    assert response.status_code == 412
    assert agency.get(url).status_code == 200


def test_update_brings_a_deleted_resource_back(agency: httpx.Client, url: str) -> None:
    agency.delete(url)

    response = agency.put(url, json=patient(id=url.rpartition("/")[2]))

    assert response.status_code == 201
    assert response.headers["ETag"] == 'W/"3"'

"""https://hl7.org/fhir/R4/http.html#update and https://hl7.org/fhir/R4/http.html#concurrency ."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.api.deployment import Deployment, Registration
from tests.api.resources import patient, tag


@pytest.fixture
def id_(agency: httpx.Client) -> str:
    return str(agency.post("/Patient", json=patient()).json()["id"])


@pytest.mark.spec("http.html#update", "SHALL")
def test_update_makes_the_next_version(
    deployment: Deployment, agency: httpx.Client, id_: str
) -> None:
    response = agency.put(f"/Patient/{id_}", json=patient(id=id_, active=False))

    assert response.status_code == 200
    assert response.headers["ETag"] == 'W/"2"'
    assert response.headers["Location"] == f"{deployment.url}/fhir/Patient/{id_}/_history/2"
    assert agency.get(f"/Patient/{id_}").json()["active"] is False


@pytest.mark.spec("http.html#update", "SHALL")
@pytest.mark.parametrize("body_id", [None, "other"])
def test_the_body_must_have_the_id_of_the_url(
    agency: httpx.Client, id_: str, body_id: str | None
) -> None:
    sent = patient() if body_id is None else patient(id=body_id)

    response = agency.put(f"/Patient/{id_}", json=sent)

    assert response.status_code == 400
    assert response.json()["issue"][0]["expression"] == ["id"]


@pytest.mark.spec("http.html#concurrency", "SHALL")
def test_a_stale_version_is_refused(agency: httpx.Client, id_: str) -> None:
    agency.put(f"/Patient/{id_}", json=patient(id=id_))

    response = agency.put(f"/Patient/{id_}", json=patient(id=id_), headers={"If-Match": 'W/"1"'})

    assert response.status_code == 412
    assert agency.get(f"/Patient/{id_}").headers["ETag"] == 'W/"2"'


@pytest.mark.spec("http.html#concurrency", "SHALL")
def test_the_current_version_is_accepted(agency: httpx.Client, id_: str) -> None:
    response = agency.put(f"/Patient/{id_}", json=patient(id=id_), headers={"If-Match": 'W/"1"'})

    assert response.status_code == 200


def test_a_malformed_version_is_refused(agency: httpx.Client, id_: str) -> None:
    response = agency.put(f"/Patient/{id_}", json=patient(id=id_), headers={"If-Match": "1"})

    assert response.status_code == 400


@pytest.mark.spec("http.html#concurrency", "SHALL")
def test_of_two_writers_with_one_version_one_wins(agency: httpx.Client, id_: str) -> None:
    def write(_: int) -> int:
        return agency.put(
            f"/Patient/{id_}", json=patient(id=id_), headers={"If-Match": 'W/"1"'}
        ).status_code

    with ThreadPoolExecutor(4) as writers:
        statuses = sorted(writers.map(write, range(4)))

    assert statuses == [200, 412, 412, 412]


def test_put_to_absent_and_to_withheld_look_the_same(deployment: Deployment, id_: str) -> None:
    stranger = deployment.agency("Stranger").http
    absent = tag()

    hidden = stranger.put(f"/Patient/{id_}", json=patient(id=id_))
    missing = stranger.put(f"/Patient/{absent}", json=patient(id=absent))

    assert hidden.status_code == missing.status_code == 405
    assert hidden.text.replace(id_, absent) == missing.text
    assert "Allow" in hidden.headers


def test_a_client_that_assigns_ids_creates_by_put(deployment: Deployment) -> None:
    client = deployment.agency("Loader", Registration(assign_ids=True)).http
    chosen = tag()

    response = client.put(f"/Patient/{chosen}", json=patient(id=chosen))

    assert response.status_code == 201
    assert client.get(f"/Patient/{chosen}").status_code == 200

"""https://hl7.org/fhir/R4/http.html#read and https://hl7.org/fhir/R4/http.html#cread ."""

import json
from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.api.deployment import Deployment
from tests.api.resources import patient


@pytest.fixture
def created(agency: httpx.Client) -> httpx.Response:
    response = agency.post("/Patient", json=patient())
    assert response.status_code == 201, response.text
    return response


def url_of(response: httpx.Response) -> str:
    return f"/Patient/{response.json()['id']}"


@pytest.mark.spec("http.html#read", "SHALL")
def test_read_gives_the_current_version(agency: httpx.Client, created: httpx.Response) -> None:
    response = agency.get(url_of(created))

    assert response.status_code == 200
    assert response.json() == created.json()
    assert response.headers["Content-Type"] == "application/fhir+json; charset=utf-8"


@pytest.mark.spec("http.html#read", "SHOULD")
def test_read_names_the_version_and_its_time(agency: httpx.Client, created: httpx.Response) -> None:
    response = agency.get(url_of(created))

    meta = response.json()["meta"]
    assert response.headers["ETag"] == f'W/"{meta["versionId"]}"'
    assert parsedate_to_datetime(response.headers["Last-Modified"]).year >= 2026
    assert meta["lastUpdated"].endswith("Z")


@pytest.mark.spec("http.html#read", "SHALL")
def test_unknown_resource_is_not_found(agency: httpx.Client) -> None:
    response = agency.get("/Patient/nobody")

    assert response.status_code == 404
    assert response.json()["resourceType"] == "OperationOutcome"


@pytest.mark.spec("http.html#read", "SHALL")
def test_unknown_type_is_not_found(agency: httpx.Client) -> None:
    assert agency.get("/Person7/1").status_code == 404


@pytest.mark.spec("http.html#read", "SHALL")
def test_deleted_resource_is_gone(agency: httpx.Client, created: httpx.Response) -> None:
    agency.delete(url_of(created))

    assert agency.get(url_of(created)).status_code == 410


@pytest.mark.spec("http.html#read", "SHOULD")
def test_head_gives_the_headers_only(agency: httpx.Client, created: httpx.Response) -> None:
    response = agency.head(url_of(created))

    assert response.status_code == 200
    assert response.content == b""
    assert response.headers["ETag"] == 'W/"1"'
    assert int(response.headers["Content-Length"]) == len(agency.get(url_of(created)).content)


@pytest.mark.spec("http.html#cread", "SHOULD")
def test_a_current_copy_is_not_sent_again(agency: httpx.Client, created: httpx.Response) -> None:
    by_version = agency.get(url_of(created), headers={"If-None-Match": 'W/"1"'})
    by_date = agency.get(
        url_of(created), headers={"If-Modified-Since": created.headers["Last-Modified"]}
    )

    assert (by_version.status_code, by_version.content) == (304, b"")
    assert by_version.headers["ETag"] == 'W/"1"'
    assert by_date.status_code == 304


@pytest.mark.spec("http.html#cread", "SHOULD")
def test_an_old_copy_is(agency: httpx.Client, created: httpx.Response) -> None:
    assert agency.get(url_of(created), headers={"If-None-Match": 'W/"7"'}).status_code == 200


def test_304_is_no_oracle_for_what_is_withheld(
    deployment: Deployment, agency: httpx.Client, created: httpx.Response
) -> None:
    stranger = deployment.agency("Stranger").http

    response = stranger.get(url_of(created), headers={"If-None-Match": "*"})

    assert agency.get(url_of(created), headers={"If-None-Match": "*"}).status_code == 304
    assert response.status_code == 404


@pytest.mark.spec("json.html", "SHALL")
def test_decimals_and_order_come_back_as_they_were_sent(agency: httpx.Client) -> None:
    text = (
        '{"resourceType":"Patient","extension":[{"url":"http://x.example/d","valueDecimal":1.00}],'
        '"birthDate":"1990","active":true}'
    )
    created = agency.post(
        "/Patient", content=text, headers={"Content-Type": "application/fhir+json"}
    )

    read = agency.get(url_of(created))

    assert '"valueDecimal":1.00' in read.text
    assert list(json.loads(read.text))[-2:] == ["birthDate", "active"]


def test_pretty_moves_white_space_only(agency: httpx.Client, created: httpx.Response) -> None:
    response = agency.get(url_of(created), params={"_pretty": "true"})

    assert "\n  " in response.text
    assert response.json() == created.json()

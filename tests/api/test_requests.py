"""What holds for every request: tokens, formats, ids, errors.

https://hl7.org/fhir/R4/http.html#general and https://www.rfc-editor.org/rfc/rfc6750
"""

import json
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import httpx
import pytest

from fhir_server.search.labels import Purpose
from tests.api.deployment import Deployment, Registration


@pytest.mark.spec("http.html#security", "SHALL")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/Patient"),
        ("GET", "/Patient/1"),
        ("POST", ""),
        ("GET", "/no/such/place/at/all"),
        ("GET", ""),
        ("DELETE", "/metadata/x"),
        ("DELETE", "/metadata"),
        ("GET", "/Patient/$recent-crises"),
    ],
)
@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Basic eDp5", "Bearer"])
def test_nothing_is_answered_without_a_token(
    deployment: Deployment, method: str, path: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}

    response = deployment.http(headers).request(method, path)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.json()["issue"][0]["code"] == "login"


def test_an_expired_token_is_no_token(deployment: Deployment) -> None:
    registration = Registration()
    client_id = deployment.register(deployment.organization(), registration)
    token = deployment.token(client_id, registration.scopes, Purpose.TREAT, lives=-1)

    response = deployment.http({"Authorization": f"Bearer {token}"}).get("/Patient")

    assert response.status_code == 401


def test_a_revoked_client_is_refused_at_once(deployment: Deployment) -> None:
    registration = Registration()
    client_id = deployment.register(deployment.organization(), registration)
    token = deployment.token(client_id, registration.scopes, Purpose.TREAT)
    client = deployment.http({"Authorization": f"Bearer {token}"})
    before = client.get("/Organization").status_code

    deployment.server.oauth.revoke(client_id, deployment.server.clock())

    assert (before, client.get("/Organization").status_code) == (200, 401)


@pytest.mark.spec("http.html#mime-type", "SHALL")
@pytest.mark.parametrize("accept", ["application/json", "application/fhir+json", "text/json"])
def test_json_is_given_as_it_is_asked_for(agency: httpx.Client, accept: str) -> None:
    response = agency.get("/Patient", headers={"Accept": accept})

    assert response.headers["Content-Type"] == f"{accept}; charset=utf-8"


@pytest.mark.spec("http.html#mime-type", "SHALL")
def test_another_format_is_refused(agency: httpx.Client) -> None:
    by_header = agency.get("/Patient", headers={"Accept": "text/turtle"})
    by_parameter = agency.get("/Patient", params={"_format": "ttl"})

    assert by_header.status_code == by_parameter.status_code == 406
    assert by_header.json()["resourceType"] == "OperationOutcome"


@pytest.mark.spec("http.html#mime-type", "SHALL")
def test_format_goes_before_accept(agency: httpx.Client) -> None:
    response = agency.get(
        "/Patient", params={"_format": "json"}, headers={"Accept": "application/fhir+xml"}
    )

    assert response.status_code == 200


def test_nothing_is_cached(agency: httpx.Client) -> None:
    assert agency.get("/Patient").headers["Cache-Control"] == "no-store"


@pytest.mark.spec("http.html#custom", "MAY")
def test_a_request_id_is_given_back(agency: httpx.Client) -> None:
    own = agency.get("/Patient", headers={"X-Request-Id": "order-66"})
    made = agency.get("/Patient", headers={"X-Request-Id": "not proper"})

    assert own.headers["X-Request-Id"] == "order-66"
    assert len(made.headers["X-Request-Id"]) == 36


@pytest.mark.spec("http.html#Status-Codes", "SHALL")
@pytest.mark.parametrize(
    "path", ["/Patient/1/2/3/4/5", "/Patient/1/unknown", "/$unknown", "/Patient/$unknown"]
)
def test_an_unknown_path_is_not_found(agency: httpx.Client, path: str) -> None:
    response = agency.get(path)

    assert response.status_code == 404
    assert response.json()["resourceType"] == "OperationOutcome"


@pytest.mark.spec("http.html#Status-Codes", "SHALL")
@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "", "GET, HEAD, POST"),
        ("GET", "/Patient/_search", "POST"),
        ("POST", "/Patient/1", "DELETE, GET, HEAD, PATCH, PUT"),
        ("DELETE", "/Patient/_history", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    agency: httpx.Client, method: str, path: str, allow: str
) -> None:
    response = agency.request(method, path)

    assert (response.status_code, response.headers["Allow"]) == (405, allow)


def test_outside_of_the_base_there_is_an_outcome_too(deployment: Deployment) -> None:
    response = httpx.get(f"{deployment.url}/nothing")

    assert response.status_code == 404
    assert response.json()["resourceType"] == "OperationOutcome"
    assert response.headers["X-Request-Id"]


def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    deployment: Deployment, agency: httpx.Client
) -> None:
    address = urlsplit(deployment.url)
    connection = HTTPConnection(address.hostname or "", address.port)
    connection.putrequest("POST", "/fhir/Patient")
    connection.putheader("Authorization", agency.headers["Authorization"])
    connection.putheader("Content-Length", "64000001")
    connection.endheaders()

    with closing(connection):
        assert connection.getresponse().status == 413


@pytest.mark.spec("http.html#mime-type", "SHALL")
def test_a_compressed_body_is_refused(agency: httpx.Client) -> None:
    response = agency.post("/Patient", content=b"x", headers={"Content-Encoding": "gzip"})

    assert response.status_code == 415


def test_text_that_is_not_utf_8_is_refused(agency: httpx.Client) -> None:
    assert agency.get("/Patient?family=%FF").status_code == 400
    assert (
        agency.post(
            "/Patient", content=b'{"\xff"', headers={"Content-Type": "application/fhir+json"}
        ).status_code
        == 400
    )


def test_no_header_puts_another_host_into_links(
    deployment: Deployment, agency: httpx.Client
) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=e"}

    response = agency.get("/Patient", headers=headers)

    assert "evil" not in response.text
    assert response.json()["link"][0]["url"].startswith(deployment.url)


def test_the_process_and_its_database_answer(deployment: Deployment) -> None:
    assert httpx.get(f"{deployment.url}/healthz").text == "ok\n"
    assert httpx.get(f"{deployment.url}/readyz").text == "ok\n"


def test_a_deeply_nested_body_is_refused(agency: httpx.Client) -> None:
    content = '{"resourceType":"Patient","x":' + "[" * 5000 + "]" * 5000 + "}"

    response = agency.post(
        "/Patient", content=content, headers={"Content-Type": "application/json"}
    )

    assert response.status_code == 400
    assert json.loads(response.text)["issue"]


@pytest.mark.spec("http.html#general", "MAY")
def test_long_answers_are_compressed_for_who_takes_it(deployment: Deployment) -> None:
    plain = deployment.http({"Accept-Encoding": "identity"}).get("/metadata")
    packed = deployment.http({"Accept-Encoding": "gzip"}).get("/metadata")

    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 4

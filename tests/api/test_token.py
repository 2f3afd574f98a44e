"""A backend service gets a token over HTTP and uses it.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html ; what the endpoint refuses is
tested case by case in tests/contract/test_backend_services.py.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from click.testing import CliRunner

from fhir_server.cli.main import group
from fhir_server.smart.clients import to_row
from tests.api.deployment import Deployment
from tests.smart_clients import Assertion, a_client, ec_key, private_json, rsa_key


@pytest.fixture(scope="module")
def assertion(deployment: Deployment) -> Assertion:
    """A good assertion of a client that is registered."""
    client = a_client(f"ehr-{uuid4()}")
    deployment.server.oauth.register(to_row(client))
    return Assertion(
        token_url=f"{deployment.url}/oauth/token",
        at=time.time_ns() // 1000,
        client_id=client.client_id,
        claims={"exp": int(time.time()) + 280},
    )


def post(deployment: Deployment, form: list[tuple[str, str]]) -> httpx.Response:
    return httpx.post(f"{deployment.url}/oauth/token", data=dict(form))


@pytest.mark.spec("smart-app-launch#backend-services", "SHALL")
def test_token_is_granted_and_opens_the_api(deployment: Deployment, assertion: Assertion) -> None:
    response = post(deployment, assertion.form(scope="system/Organization.rs"))

    granted = response.json()
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert (granted["token_type"], granted["expires_in"]) == ("bearer", 300)
    with deployment.http({"Authorization": f"Bearer {granted['access_token']}"}) as http:
        assert http.get("Organization").status_code == 200
        assert http.get("Patient").status_code == 403


def test_no_and_wrong_tokens_are_unauthorized_alike(deployment: Deployment) -> None:
    answers = [
        deployment.http(headers).get("Patient")
        for headers in ({}, {"Authorization": f"Bearer {'A' * 43}"}, {"Authorization": "Basic x"})
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.text for answer in answers} == {answers[0].text}
    assert all(answer.headers["WWW-Authenticate"].startswith("Bearer") for answer in answers)


def test_revocation_is_seen_by_the_next_request(deployment: Deployment) -> None:
    leaver = a_client(f"leaver-{uuid4()}")
    deployment.server.oauth.register(to_row(leaver))
    good = Assertion(
        token_url=f"{deployment.url}/oauth/token",
        at=time.time_ns() // 1000,
        client_id=leaver.client_id,
    )
    token = post(deployment, good.form()).json()["access_token"]

    with deployment.http({"Authorization": f"Bearer {token}"}) as http:
        assert http.get("Patient").status_code == 200
        deployment.server.oauth.revoke(leaver.client_id, time.time_ns() // 1000)
        assert http.get("Patient").status_code == 401
    assert post(deployment, good.form()).json()["error"] == "invalid_client"


def test_one_of_many_replays_at_once_is_granted(
    deployment: Deployment, assertion: Assertion
) -> None:
    form = assertion.form()

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: post(deployment, form).status_code, range(8)))

    assert sorted(statuses) == [200] + [400] * 7


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_endpoint_takes_post_only(
    deployment: Deployment, assertion: Assertion, method: str
) -> None:
    url = f"{deployment.url}/oauth/token"

    response = httpx.request(method, url, params=dict(assertion.form()))

    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]


def test_fields_of_the_url_are_not_read(deployment: Deployment, assertion: Assertion) -> None:
    url = f"{deployment.url}/oauth/token"

    response = httpx.post(url, params=dict(assertion.form()), data={})

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_json_body_is_not_read(deployment: Deployment, assertion: Assertion) -> None:
    response = httpx.post(f"{deployment.url}/oauth/token", json=dict(assertion.form()))

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_field_that_is_given_twice_is_refused(deployment: Deployment, assertion: Assertion) -> None:
    form = "&".join([urlencode(assertion.form()), "scope=a", "scope=b"])

    response = httpx.post(
        f"{deployment.url}/oauth/token",
        content=form,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_secrets_are_not_taken(deployment: Deployment, assertion: Assertion) -> None:
    url = f"{deployment.url}/oauth/token"

    basic = httpx.post(url, data=dict(assertion.form()), auth=("ehr", "secret"))
    posted = post(deployment, assertion.form(client_secret="secret"))

    assert (basic.status_code, basic.json()["error"]) == (401, "invalid_client")
    assert basic.headers["WWW-Authenticate"].startswith("Basic")
    assert (posted.status_code, posted.json()["error"]) == (400, "invalid_client")


def test_very_large_form_is_refused(deployment: Deployment) -> None:
    assert post(deployment, [("grant_type", "x" * 100_000)]).status_code == 413


@pytest.mark.parametrize("key", [ec_key(), rsa_key()], ids=["EC", "RSA"])
def test_command_line_gets_a_token(
    deployment: Deployment, assertion: Assertion, tmp_path: Path, key: object
) -> None:
    path = tmp_path / "key.json"
    path.write_bytes(private_json(key))  # type: ignore[arg-type]  # either kind
    arguments = ["token", "--client", assertion.client_id, "--key", str(path)]

    result = CliRunner().invoke(group(), [*arguments, "--url", deployment.url])

    assert (result.exit_code, result.stderr) == (0, "")
    with deployment.http({"Authorization": f"Bearer {result.stdout.strip()}"}) as http:
        assert http.get("Patient").status_code == 200


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--client", "nobody"), "could not be authenticated"),
        (("--scope", "system/Encounter.x"), "system/Encounter.x"),
        (("--purpose", "HRESCH"), "HRESCH"),
        (("--url", "http://127.0.0.1:1"), "Is the server running?"),
    ],
)
def test_command_line_tells_what_went_wrong(
    deployment: Deployment,
    assertion: Assertion,
    tmp_path: Path,
    arguments: tuple[str, ...],
    told: str,
) -> None:
    path = tmp_path / "key.json"
    path.write_bytes(private_json(ec_key()))
    given = ("token", "--client", assertion.client_id, "--key", str(path), "--url", deployment.url)

    result = CliRunner().invoke(group(), [*given, *arguments])

    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr


def test_command_line_takes_the_url_from_the_settings(
    deployment: Deployment, assertion: Assertion, tmp_path: Path
) -> None:
    path = tmp_path / "key.json"
    path.write_bytes(private_json(ec_key()))
    environment = {**os.environ, "BASE_URL": f"{deployment.url}/"}
    arguments = ["token", "--client", assertion.client_id, "--key", str(path)]

    result = CliRunner().invoke(group(), arguments, env=environment)

    assert result.exit_code == 0

"""Clients find the token endpoint without a token.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#using-well-known
"""

import httpx
import pytest

from tests.api.deployment import Deployment


@pytest.mark.spec("smart-app-launch#conformance", "SHALL")
def test_document_is_json_and_public(deployment: Deployment) -> None:
    response = httpx.get(f"{deployment.url}/fhir/.well-known/smart-configuration")

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["token_endpoint"] == f"{deployment.url}/oauth/token"


def test_token_endpoint_is_also_in_the_capability_statement(deployment: Deployment) -> None:
    found = httpx.get(f"{deployment.url}/fhir/metadata").json()["rest"][0]["security"]

    assert f"{deployment.url}/oauth/token" in str(found)


def test_no_keys_are_published_while_nothing_is_signed(deployment: Deployment) -> None:
    assert httpx.get(f"{deployment.url}/.well-known/jwks.json").status_code == 404

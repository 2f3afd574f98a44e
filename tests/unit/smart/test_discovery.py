"""The well-known document says what works.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html
"""

import pytest

from fhir_server.smart.discovery import smart_configuration


@pytest.mark.spec("smart-app-launch#conformance", "SHALL")
def test_required_members_are_there() -> None:
    found = smart_configuration("https://handoff.example/here")

    assert found["token_endpoint"] == "https://handoff.example/here/oauth/token"
    assert found["grant_types_supported"] == ["client_credentials"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert found["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert "client-confidential-asymmetric" in found["capabilities"]


@pytest.mark.parametrize("absent", ["authorization_endpoint", "issuer", "jwks_uri"])
def test_nothing_is_promised_that_is_not_there(absent: str) -> None:
    assert absent not in smart_configuration("https://handoff.example")

"""The well-known documents say what works.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html
"""

import pytest

from fhir_server.smart.discovery import openid_configuration, smart_configuration

HERE = "https://handoff.example/here"


@pytest.mark.spec("smart-app-launch#conformance", "SHALL")
def test_required_members_are_there() -> None:
    found = smart_configuration(HERE)

    assert found["issuer"] == HERE
    assert found["jwks_uri"] == f"{HERE}/oauth/jwks"
    assert found["authorization_endpoint"] == f"{HERE}/oauth/authorize"
    assert found["token_endpoint"] == f"{HERE}/oauth/token"
    assert found["grant_types_supported"] == [
        "authorization_code",
        "refresh_token",
        "client_credentials",
    ]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["token_endpoint_auth_methods_supported"] == [
        "private_key_jwt",
        "client_secret_basic",
        "none",
    ]
    assert found["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert found["authorization_response_iss_parameter_supported"] is True


@pytest.mark.parametrize(
    "absent", ["context-standalone-encounter", "permission-query", "smart-app-state"]
)
def test_nothing_is_promised_that_is_not_there(absent: str) -> None:
    assert absent not in smart_configuration(HERE)["capabilities"]


@pytest.mark.parametrize("absent", ["registration_endpoint", "end_session_endpoint"])
def test_no_endpoint_is_named_that_is_not_there(absent: str) -> None:
    assert absent not in smart_configuration(HERE)
    assert absent not in openid_configuration(HERE)


def test_openid_says_how_id_tokens_are_signed() -> None:
    found = openid_configuration(HERE)

    assert found["id_token_signing_alg_values_supported"] == ["RS256"]
    assert found["subject_types_supported"] == ["public"]
    assert found["userinfo_endpoint"] == f"{HERE}/oauth/userinfo"

"""What an assertion must say, and what it may not say in JSON's odder corners."""

import math

import pytest

from fhir_server.fhir.resource import Element, Json
from fhir_server.smart.private_key_jwt import ClaimError, check_claims, printable

URL = "https://handoff.example/oauth/token"
NOW = 1_800_000_000


def claims(**changed: Json) -> Element:
    return {"iss": "a", "sub": "a", "aud": URL, "exp": NOW + 60, "jti": "1", **changed}


def test_good_claims_pass() -> None:
    check_claims(claims(), audience=URL, at=NOW * 1_000_000)


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": math.nan},
        {"exp": math.inf},
        {"iat": math.nan},
        {"nbf": True},
        {"iat": False},
        {"iat": [NOW]},
        {"aud": {URL: 1}},
        {"aud": None},
        {"sub": ["a"], "iss": ["a"]},
        {"jti": None},
    ],
)
def test_odd_claims_are_refused(changed: Element) -> None:
    with pytest.raises(ClaimError):
        check_claims(claims(**changed), audience=URL, at=NOW * 1_000_000)


def test_only_what_oauth_allows_is_printed() -> None:
    assert printable('a "b" \\ ü\n`c`' + "x" * 300) == "a ?b? ? ??`c`" + "x" * 187

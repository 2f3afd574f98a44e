"""The token endpoint, with what its clients do right and what attackers try.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html and
https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html
"""

import base64
import hmac
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from fhir_server.fhir.outcome import UnauthorizedError
from fhir_server.search.labels import Purpose
from fhir_server.smart import clients
from fhir_server.smart.scopes import format_scopes
from fhir_server.smart.token_endpoint import TokenEndpoint, TokenResponse, TokenSettings
from fhir_server.smart.tokens import resolve
from fhir_server.storage.engine import Database
from fhir_server.storage.oauth import OAuthStore
from tests.databases import Sqlite, opened
from tests.smart_clients import SECOND, Assertion, a_client, a_form, ec_key, public, rsa_key

URL = "https://handoff.example/oauth/token"
NOW = 1_800_000_000 * SECOND
GOOD = Assertion(token_url=URL, at=NOW)


# One database for all: each assertion has a jti of its own, and what the store itself owes on
# either database is in test_oauth.py.
@pytest.fixture(scope="module")
def database(sqlite_files: Sqlite) -> Iterator[Database]:
    with sqlite_files.fresh() as url, opened(url) as database:
        yield database


@pytest.fixture(scope="module")
def store(database: Database) -> OAuthStore:
    store = OAuthStore(database)
    store.register(clients.to_row(a_client()))
    return store


class Counter:
    """A source of bytes that never gives the same twice."""

    def __init__(self) -> None:
        self._number = 0

    def __call__(self, size: int) -> bytes:
        self._number += 1
        return sha256(str(self._number).encode()).digest()[:size]


@pytest.fixture(scope="module")
def endpoint(store: OAuthStore) -> TokenEndpoint:
    settings = TokenSettings(
        token_url=URL,
        token_seconds=300,
        types=frozenset({"Encounter", "Patient", "Task"}),
        clock=lambda: NOW,
        random=Counter(),
    )
    return TokenEndpoint(store, settings)


def is_refused(response: TokenResponse) -> bool:
    return (response.status, response.body["error"]) == (400, "invalid_client")


@pytest.mark.spec("smart-app-launch#backend-services", "SHALL")
@pytest.mark.parametrize(("key", "alg"), [(ec_key(), "ES384"), (rsa_key(), "RS384")])
def test_client_gets_a_token(
    endpoint: TokenEndpoint,
    store: OAuthStore,
    key: RSAKey | ECKey,
    alg: str,
) -> None:
    response = endpoint.respond(replace(GOOD, key=key, alg=alg).form())

    token = response.body["access_token"]
    assert response.status == 200
    assert response.body == {
        "access_token": token,
        "token_type": "bearer",
        "expires_in": 300,
        "scope": "system/*.cruds",
        "purpose_of_use": "TREAT",
    }
    assert response.headers["Cache-Control"] == "no-store"
    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    grant = resolve(store, f"Bearer {token}", NOW)
    assert (grant.client_id, grant.organization, grant.actors) == ("ehr", 7, frozenset({7}))
    assert (grant.purpose, format_scopes(grant.scopes)) == (Purpose.TREAT, "system/*.cruds")


def test_token_is_not_stored(endpoint: TokenEndpoint, database: Database) -> None:
    token = endpoint.respond(GOOD.form()).body["access_token"]

    with database.connect() as connection:
        stored = connection.exec_driver_sql("SELECT * FROM oauth_token").all()
    assert sha256(token.encode()).digest() in {row[0] for row in stored}
    assert token not in str(stored)


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer x", f"Bearer {'A' * 43}", f"Basic {'A' * 43}", "Bearer ü"],
)
def test_anything_but_a_valid_token_gets_one_answer(
    store: OAuthStore, authorization: str | None
) -> None:
    with pytest.raises(UnauthorizedError) as refusal:
        resolve(store, authorization, NOW)

    assert str(refusal.value).startswith("A valid access token is needed")


def test_expired_token_and_revoked_client_are_unauthorized(
    endpoint: TokenEndpoint, store: OAuthStore
) -> None:
    store.register(clients.to_row(a_client("leaver")))
    leaver = replace(GOOD, client_id="leaver")
    header = f"bearer {endpoint.respond(leaver.form()).body['access_token']}"

    with pytest.raises(UnauthorizedError):
        resolve(store, header, NOW + 300 * SECOND)
    resolve(store, header, NOW + 299 * SECOND)
    store.revoke("leaver", NOW + 1)
    with pytest.raises(UnauthorizedError):
        resolve(store, header, NOW + 2)
    assert is_refused(endpoint.respond(leaver.form()))


WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "https://evil.example/oauth/token"},
    "the server as the audience": {"aud": "https://handoff.example"},
    "the audience with a slash": {"aud": f"{URL}/"},
    "two audiences": {"aud": [URL, "https://evil.example"]},
    "no audience in a list": {"aud": []},
    "another issuer": {"iss": "other"},
    "no text as issuer": {"iss": 5, "sub": 5},
    "expired": {"exp": NOW // SECOND - 1},
    "expiring now": {"exp": NOW // SECOND},
    "too long": {"exp": NOW // SECOND + 400},
    "an hour": {"exp": NOW // SECOND + 3600},
    "expiry as text": {"exp": str(NOW // SECOND + 60)},
    "expiry as truth": {"exp": True},
    "no expiry": {"exp": None},
    "not yet valid": {"nbf": NOW // SECOND + 60},
    "issued later": {"iat": NOW // SECOND + 60},
    "issued as text": {"iat": "now"},
    "jti empty": {"jti": ""},
    "jti a number": {"jti": 5},
    "jti too long": {"jti": "x" * 256},
}


@pytest.mark.parametrize("claims", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
def test_claim_that_does_not_hold_is_refused(
    endpoint: TokenEndpoint, claims: dict[str, Any]
) -> None:
    assert is_refused(endpoint.respond(replace(GOOD, claims=claims).form()))


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "exp", "jti"])
def test_claim_that_is_absent_is_refused(endpoint: TokenEndpoint, claim: str) -> None:
    assert is_refused(endpoint.respond(replace(GOOD, without=(claim,)).form()))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [URL]},
        {"exp": NOW // SECOND + 300},
        {"exp": NOW / SECOND + 0.5},
        {"nbf": NOW // SECOND, "iat": NOW // SECOND},
        {"iat": NOW // SECOND + 3},
        {"more": {"is": "ignored"}},
    ],
)
def test_unusual_claims_that_hold_are_accepted(
    endpoint: TokenEndpoint, claims: dict[str, Any]
) -> None:
    assert endpoint.respond(replace(GOOD, claims=claims).form()).status == 200


def unsigned(alg: str) -> str:
    parts = replace(GOOD).signed().split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": alg, "kid": "ec"}).encode())
    return f"{header.decode().rstrip('=')}.{parts[1]}."


def forged_with(header: dict[str, Any]) -> str:
    return replace(GOOD, key=ec_key("forged"), header=header).signed()


def confused() -> str:
    """Sign by HS384 with the text of the public key as the secret."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS384","kid":"rsa"}').decode().rstrip("=")
    signed = f"{header}.{GOOD.signed().split('.')[1]}"
    secret = rsa_key().as_pem(private=False)
    signature = hmac.digest(secret, signed.encode(), "sha384")
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def tampered() -> str:
    head, _, signature = GOOD.signed().split(".")
    return f"{head}.{replace(GOOD, claims={'sub': 'other'}).signed().split('.')[1]}.{signature}"


def nested() -> str:
    """Nest the claims deeper than the JSON reader can follow."""
    header = GOOD.signed().split(".")[0]
    return f"{header}.{base64.urlsafe_b64encode(b'[' * 4998).decode()}.x"


FORGERIES: dict[str, Callable[[], str]] = {
    "no algorithm": lambda: unsigned("none"),
    "no algorithm, in capitals": lambda: unsigned("NONE"),
    "public key as a secret": confused,
    "RS256": lambda: replace(GOOD, key=rsa_key(), alg="RS256").signed(),
    "ES256": lambda: replace(GOOD, key=ec_key("ec", "P-256"), alg="ES256").signed(),
    "PS384": lambda: replace(GOOD, key=rsa_key(), alg="PS384").signed(),
    "another key under the kid": lambda: forged_with({"kid": "ec"}),
    "a kid that is not registered": lambda: forged_with({}),
    "no kid": lambda: replace(GOOD, without=("kid",)).signed(),
    "the kid of a key of another type": lambda: replace(GOOD, header={"kid": "rsa"}).signed(),
    "a key in the header": lambda: forged_with({"kid": "ec", "jwk": public(ec_key("forged"))}),
    "a key in the header, signed well": lambda: replace(
        GOOD, header={"jwk": public(ec_key())}
    ).signed(),
    "an address of keys": lambda: replace(GOOD, header={"jku": "https://evil.example/k"}).signed(),
    "an address of a certificate": lambda: replace(
        GOOD, header={"x5u": "https://e.example"}
    ).signed(),
    "another kind of token": lambda: replace(GOOD, header={"typ": "at+jwt"}).signed(),
    "an extension that must be understood": lambda: (
        replace(GOOD)
        .signed()
        .replace(
            GOOD.signed().split(".")[0],
            base64.urlsafe_b64encode(b'{"alg":"ES384","kid":"ec","crit":["x"],"x":1}')
            .decode()
            .rstrip("="),
        )
    ),
    "other claims under the signature": tampered,
    "nested brackets": nested,
    "no JWT": lambda: "x",
    "nothing": lambda: "",
    "no ASCII": lambda: "ü.ü.ü",
    "surrogates": lambda: "\udc80.e30.x",
    "a very long one": lambda: replace(GOOD, claims={"pad": "x" * 9000}).signed(),
    "a long header": lambda: replace(GOOD, header={"pad": "x" * 1000}).signed(),
    "a client that is unknown": lambda: replace(GOOD, client_id="nobody").signed(),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_forgeries_get_one_and_the_same_answer(
    endpoint: TokenEndpoint, forge: Callable[[], str]
) -> None:
    answer = endpoint.respond(a_form(forge()))

    assert is_refused(answer)
    assert answer == endpoint.respond(a_form("x"))


def test_header_that_nobody_knows_is_ignored(endpoint: TokenEndpoint) -> None:
    form = replace(GOOD, header={"vendor": "x"}).form()

    assert endpoint.respond(form).status == 200


def test_assertion_is_taken_once(endpoint: TokenEndpoint) -> None:
    form = GOOD.form()

    assert endpoint.respond(form).status == 200
    assert is_refused(endpoint.respond(form))


def test_jti_is_taken_once_in_another_assertion_too(endpoint: TokenEndpoint) -> None:
    claims = {"jti": "the same"}

    assert endpoint.respond(replace(GOOD, claims=claims).form()).status == 200
    assert is_refused(
        endpoint.respond(replace(GOOD, key=rsa_key(), alg="RS384", claims=claims).form())
    )


def test_one_of_many_replays_at_once_gets_a_token(endpoint: TokenEndpoint) -> None:
    form = GOOD.form()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: endpoint.respond(form).status, range(8)))

    assert sorted(answers) == [200] + [400] * 7


def test_assertion_of_a_refused_request_is_used_up(endpoint: TokenEndpoint) -> None:
    assertion = GOOD.signed()

    assert endpoint.respond(a_form(assertion, scope="system/None.r")).status == 400
    assert is_refused(endpoint.respond(a_form(assertion)))


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"client_assertion_type": "urn:other"}, "invalid_client"),
        ({"client_secret": "s"}, "invalid_client"),
        ({"client_id": "other"}, "invalid_client"),
        ({"scope": "system/Encounter.x"}, "invalid_scope"),
        ({"scope": 'system/"\\\n.r'}, "invalid_scope"),
        ({"scope": "system/Unknown.r"}, "invalid_scope"),
        ({"scope": "patient/Encounter.r openid"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"purpose_of_use": "HRESCH"}, "invalid_request"),
        ({"purpose_of_use": "ünknown"}, "invalid_request"),
        ({"purpose_of_use": ""}, "invalid_request"),
    ],
)
def test_request_is_refused_as_oauth_says(
    endpoint: TokenEndpoint, fields: dict[str, str], error: str
) -> None:
    response = endpoint.respond(GOOD.form(**fields))

    assert (response.status, response.body["error"]) == (400, error)
    assert response.headers["Cache-Control"] == "no-store"
    assert set(response.body) <= {"error", "error_description"}


def test_secret_without_assertion_is_refused(endpoint: TokenEndpoint) -> None:
    form = [("grant_type", "client_credentials"), ("client_id", "ehr"), ("client_secret", "s")]

    assert is_refused(endpoint.respond(form))


@pytest.mark.spec("rfc6749#5.2", "SHALL")
def test_basic_authentication_is_refused_with_its_challenge(endpoint: TokenEndpoint) -> None:
    response = endpoint.respond(GOOD.form(), "Basic ZWhyOnM=")

    assert (response.status, response.body["error"]) == (401, "invalid_client")
    assert response.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    "form",
    [
        [],
        [("scope", "system/*.rs")],
        [*GOOD.form(), ("scope", "system/*.r"), ("scope", "system/*.s")],
    ],
    ids=["empty", "no grant type", "a parameter twice"],
)
def test_malformed_form_is_an_invalid_request(
    endpoint: TokenEndpoint, form: list[tuple[str, str]]
) -> None:
    response = endpoint.respond(form)

    assert (response.status, response.body["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("registered", "requested", "granted"),
    [
        ("system/*.rs", "system/Encounter.r", "system/Encounter.r"),
        ("system/Encounter.rs", "system/*.cruds", "system/Encounter.rs"),
        ("system/Encounter.rs", "system/Encounter.read openid", "system/Encounter.rs"),
        ("system/Encounter.rs", "system/Encounter.r system/Patient.r", "system/Encounter.r"),
    ],
)
def test_scope_is_what_was_asked_for_and_registered(
    endpoint: TokenEndpoint, store: OAuthStore, registered: str, requested: str, granted: str
) -> None:
    client = a_client(f"{registered} {requested}", scopes=registered)
    store.register(clients.to_row(client))

    response = endpoint.respond(replace(GOOD, client_id=client.client_id).form(scope=requested))

    assert response.body["scope"] == granted


def test_client_with_several_purposes_must_name_one(
    endpoint: TokenEndpoint, store: OAuthStore
) -> None:
    store.register(clients.to_row(a_client("ed", purposes=Purpose.TREAT | Purpose.ETREAT)))
    assertion = replace(GOOD, client_id="ed")

    named = endpoint.respond(assertion.form(purpose_of_use="ETREAT"))
    unnamed = endpoint.respond(assertion.form())

    assert named.body["purpose_of_use"] == "ETREAT"
    assert unnamed.body["error"] == "invalid_request"


def test_nothing_secret_is_logged(
    endpoint: TokenEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    form = GOOD.form()

    token = endpoint.respond(form).body["access_token"]
    endpoint.respond(form)

    assert "was used before" in caplog.text
    assert token not in caplog.text
    assert dict(form)["client_assertion"] not in caplog.text


def test_log_line_cannot_be_forged(
    endpoint: TokenEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    header = base64.urlsafe_b64encode(b'{"alg":"X\\nFAKE","kid":"ec"}').decode().rstrip("=")

    endpoint.respond(a_form(f"{header}.{GOOD.signed().split('.')[1]}.x"))

    assert [len(record.getMessage().splitlines()) for record in caplog.records] == [1]

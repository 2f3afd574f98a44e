"""Apps that prove themselves by keys: registered ones, and those at their `jwks_uri`.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html
"""

import json
import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from fhir_server import bootstrap
from fhir_server.bootstrap import Server
from fhir_server.fhir.outcome import UnauthorizedError
from fhir_server.search.query import Query
from fhir_server.settings import Settings
from fhir_server.smart.authorization_code import challenge_of
from fhir_server.smart.clients import to_row
from fhir_server.smart.launch import LaunchContext
from fhir_server.smart.login.register import FOREVER, NewAccount
from fhir_server.smart.roles import Role
from fhir_server.smart.token_endpoint import TokenResponse
from fhir_server.smart.tokens import token_hash
from fhir_server.storage.accounts import RoleRow
from fhir_server.storage.audit_log import AuditQuery
from fhir_server.storage.grants import CodeRow, GrantedRow
from tests.databases import Sqlite
from tests.people import REDIRECT
from tests.smart_clients import SECOND, Assertion, a_client, ec_key, public, rsa_key
from tests.unit.smart.test_jwks_uri import body, site

NOW = 1_800_000_000 * SECOND
VERIFIER = "v" * 43


@pytest.fixture(scope="module")
def server(sqlite_files: Sqlite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("secret")
    with sqlite_files.fresh() as url:
        settings = Settings(
            database_url=url,
            secret_key_file=str(folder / "secret"),
            jwks_hosts="localhost",
            packages_dir=str(folder / "packages"),
        )
        found = bootstrap.build(
            settings, clock=lambda: NOW, ids=bootstrap.new_id, random=os.urandom
        )
        yield found
        found.close()


def a_grant(server: Server, client_id: str, **changed: object) -> str:
    """Return a code that somebody granted to the client."""
    accounts = server.authorization.stores.accounts
    account, _ = server.authorization.registrar.add(
        _wanted(f"login-{client_id}"), "a password of some length"
    )
    (role,) = accounts.roles(account.account_id)
    granted = GrantedRow(
        grant_id=f"grant-{client_id}",
        client_id=client_id,
        account_id=account.account_id,
        role_id=role.role_id,
        session_id="session",
        scopes="user/Patient.rs",
        context_scopes="offline_access",
        purpose=1,
        patient="",
        context=LaunchContext().to_json(),
        nonce="",
        authenticated_at=NOW,
        granted_at=NOW,
        expires_at=NOW + 3600 * SECOND,
    )
    code = f"code-of-{client_id}"
    row = CodeRow(
        code_hash=token_hash(code),
        grant_id=granted.grant_id,
        client_id=client_id,
        redirect_uri=REDIRECT,
        code_challenge=challenge_of(VERIFIER),
        expires_at=NOW + 60 * SECOND,
    )
    server.authorization.stores.grants.grant(replace(granted, **changed), row)  # type: ignore[arg-type]
    return code


def _wanted(login: str) -> NewAccount:
    return NewAccount(
        login=login, name="Sam", role=Role.CLINICIAN, organization=7, organization_id="clinic"
    )


def trade(server: Server, code: str, assertion: Assertion) -> TokenResponse:
    fields = dict(assertion.form())
    fields |= {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    return server.authorization.token_endpoint.respond(list(fields.items()))


def assertion(server: Server, client_id: str) -> Assertion:
    url = f"{server.settings.public_url}/oauth/token"
    return Assertion(token_url=url, at=NOW, client_id=client_id)


def registered(server: Server, client_id: str, **changed: object) -> None:
    client = a_client(client_id, scopes="user/*.rs")
    app = replace(
        client,
        redirect_uris=(REDIRECT,),
        context_scopes=("offline_access",),
        **changed,  # type: ignore[arg-type]  # fields of a client
    )
    server.oauth.register(to_row(app))


@pytest.mark.parametrize(("key", "alg"), [(ec_key(), "ES384"), (rsa_key(), "RS384")])
def test_an_app_proves_itself_by_its_registered_key(server: Server, key: object, alg: str) -> None:
    name = f"app-{alg}"
    registered(server, name)

    signed = replace(assertion(server, name), key=key, alg=alg)  # type: ignore[arg-type]
    answer = trade(server, a_grant(server, name), signed)

    assert answer.status == 200
    assert answer.body["scope"] == "offline_access user/Patient.rs"


def test_an_assertion_is_good_once_for_apps_too(server: Server) -> None:
    registered(server, "twice")
    code, signed = a_grant(server, "twice"), assertion(server, "twice")
    again = replace(signed, claims={"jti": "the same"})

    wrong = trade(server, "wrong code", again)
    replayed = trade(server, code, again)

    assert wrong.body["error"] == "invalid_grant"
    assert replayed.body["error"] == "invalid_client"


def test_an_app_with_keys_cannot_do_without_them(server: Server) -> None:
    registered(server, "keyed")
    code = a_grant(server, "keyed")

    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        "client_id": "keyed",
    }
    answer = server.authorization.token_endpoint.respond(list(form.items()))

    assert answer.body["error"] == "invalid_client"


def test_keys_are_fetched_from_where_the_client_publishes_them(server: Server) -> None:
    keys = json.dumps({"keys": [public(ec_key())]}).encode()
    with site(body(keys)) as (uri, asked):
        address = uri.replace("keys.example", "localhost")
        registered(server, "fetched", jwks=(), jwks_uri=address)
        answer = trade(server, a_grant(server, "fetched"), assertion(server, "fetched"))

    assert answer.status == 200
    assert len(asked) == 1


def test_a_role_that_ended_ends_the_tokens(server: Server) -> None:
    registered(server, "ending")
    code = a_grant(server, "ending")
    token = trade(server, code, assertion(server, "ending")).body
    (role,) = (
        role
        for account in server.authorization.stores.accounts.all()
        if account.login == "login-ending"
        for role in server.authorization.stores.accounts.roles(account.account_id)
    )
    assert role == replace(role, until=FOREVER)
    assert isinstance(role, RoleRow)
    bearer = f"Bearer {token['access_token']}"
    assert server.authenticate(bearer, at=NOW, request_id="1").user_id == role.account_id

    server.authorization.stores.accounts.end_role(role.role_id, NOW)

    with pytest.raises(UnauthorizedError):
        server.authenticate(bearer, at=NOW, request_id="1")
    form = {
        **dict(assertion(server, "ending").form()),
        "grant_type": "refresh_token",
        "refresh_token": str(token["refresh_token"]),
    }
    refused = server.authorization.token_endpoint.respond(list(form.items()))
    assert refused.body["error"] == "invalid_grant"


def test_the_audit_names_the_person(server: Server) -> None:
    registered(server, "audited")
    token = trade(server, a_grant(server, "audited"), assertion(server, "audited")).body
    bearer = f"Bearer {token['access_token']}"
    context = server.authenticate(bearer, at=NOW, request_id="told")

    server.repository(context).search(Query(type="Patient", count=1))
    page = server.ports.audit.search(AuditQuery(custodians=frozenset({7})))
    assert {row.row.user_id for row in page.rows if row.row.request_id == "told"} == {
        context.user_id
    }

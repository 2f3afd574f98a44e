"""`handoff client`: as a contract, `register` prints the client id alone."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from joserfc.jwk import ECKey, RSAKey

from fhir_server import bootstrap
from fhir_server.access.changes import Create
from fhir_server.bootstrap import Server
from fhir_server.cli.client import client
from fhir_server.fhir.json import decode
from fhir_server.search.labels import Purpose
from fhir_server.settings import Settings
from fhir_server.smart.clients import Client, of_row
from fhir_server.smart.keys import private_key, public_keys
from fhir_server.smart.scopes import format_scopes
from tests.smart_clients import ec_key, private_json, public, rsa_key


class Desk:
    """Where an operator types commands, on a database of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._settings = Settings(database_url=f"sqlite:///{folder}/handoff.db")

    def type(self, *arguments: str) -> Result:
        return CliRunner().invoke(client, arguments, obj=self._settings)

    def key_file(self, document: object) -> str:
        path = self._folder / f"{uuid4()}.json"
        path.write_text(json.dumps(document))
        return str(path)

    def register(
        self, *arguments: str, key: ECKey | RSAKey | None = None, **changed: str
    ) -> Result:
        options = {
            "name": "The EHR",
            "organization": "Harbor Clinic",
            "jwks": self.key_file(public(key or ec_key())),
            "scope": "system/*.cruds",
            "purpose": "TREAT",
            **changed,
        }
        named = [part for name, value in options.items() for part in (f"--{name}", value)]
        return self.type("register", *named, *arguments)

    @contextmanager
    def server(self) -> Iterator[Server]:
        with closing(bootstrap.of(self._settings)) as server:
            yield server

    def client(self, client_id: str) -> Client:
        with self.server() as server:
            row = server.oauth.client(client_id)
        assert row is not None
        return of_row(row)

    def organization(self, id_: str) -> dict[str, Any]:
        with self.server() as server:
            body = server.repository(server.system()).read("Organization", id_).body
        assert body is not None
        return decode(body)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_register_prints_the_client_id_alone(desk: Desk) -> None:
    result = desk.register()

    assert (result.exit_code, len(result.stdout.split())) == (0, 1)
    registered = desk.client(result.stdout.strip())
    assert registered.name == "The EHR"
    assert format_scopes(registered.scopes) == "system/*.cruds"
    assert registered.purposes == Purpose.TREAT
    assert registered.jwks == (public(ec_key()),)
    assert not registered.assign_ids
    assert not registered.medical_personnel
    assert not registered.privacy_officer


def test_organization_is_created_where_there_is_none_of_the_name(desk: Desk) -> None:
    result = desk.register()

    registered = desk.client(result.stdout.strip())
    assert desk.organization(registered.organization_id)["name"] == "Harbor Clinic"
    assert "Created Organization/" in result.stderr


def test_organization_is_found_by_name_and_by_id(desk: Desk) -> None:
    first = desk.client(desk.register().stdout.strip())
    desk.register(organization="Harbor Clinic East")

    by_name = desk.register()
    by_id = desk.register(organization=first.organization_id)

    assert by_name.stderr == by_id.stderr == ""
    for result in (by_name, by_id):
        found = desk.client(result.stdout.strip())
        assert (found.organization, found.organization_id) == (
            first.organization,
            first.organization_id,
        )


@pytest.mark.parametrize("organization", ["8e1d4a52-6f0a-4a54-9a3e-0f5be36d2a7b", " "])
def test_unknown_id_is_not_taken_for_a_name(desk: Desk, organization: str) -> None:
    result = desk.register(organization=organization)

    assert (result.exit_code, result.stdout) == (1, "")


def test_name_that_several_have_is_refused(desk: Desk) -> None:
    with desk.server() as server:
        repository = server.repository(server.system())
        repository.commit(
            tuple(
                Create(
                    type="Organization", resource={"resourceType": "Organization", "name": "Twin"}
                )
                for _ in range(2)
            )
        )

    result = desk.register(organization="Twin")

    assert result.exit_code == 1


def test_name_is_found_behind_many_that_begin_with_it(desk: Desk) -> None:
    names = [*(f"Harbor {number}" for number in range(120)), "Harbor", "Harbor after"]
    with desk.server() as server:
        resources = ({"resourceType": "Organization", "name": name} for name in names)
        changes = tuple(Create(type="Organization", resource=each) for each in resources)
        committed = server.repository(server.system()).commit(changes)

    result = desk.register(organization="Harbor")

    assert result.stderr == ""
    assert desk.client(result.stdout.strip()).organization_id == committed[120].id


def test_everything_that_can_be_said_is_kept(desk: Desk) -> None:
    result = desk.register(
        *("--purpose", "ETREAT", "--scope", "system/Patient.rs"),
        *("--assign-ids", "--medical-personnel", "--privacy-officer"),
        *("--submits-for", "Police", "--submits-for", "Fire"),
        key=rsa_key(),
        scope="system/Encounter.cruds",
    )

    registered = desk.client(result.stdout.strip())
    assert registered.purposes == Purpose.TREAT | Purpose.ETREAT
    assert format_scopes(registered.scopes) == "system/Encounter.cruds system/Patient.rs"
    assert registered.assign_ids
    assert registered.medical_personnel
    assert registered.privacy_officer
    names = {desk.organization(id_)["name"] for id_ in registered.submits_for}
    assert names == {"Police", "Fire"}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("scope", "system/Unknown.r"),
        ("scope", "patient/*.rs"),
        ("purpose", "FUN"),
        ("jwks", "/nowhere/key.json"),
    ],
)
def test_what_cannot_be_registered_is_refused_before_anything_is_written(
    desk: Desk, option: str, value: str
) -> None:
    result = desk.register(key=None, **{option: value})

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"--{option}" in result.stderr
    assert desk.type("list").stdout.count("\n") == 1


def test_private_key_is_refused_and_not_shown(desk: Desk) -> None:
    secret = json.loads(private_json(ec_key()))

    result = desk.register(jwks=desk.key_file(secret))

    assert (result.exit_code, result.stdout) == (2, "")
    assert "private key" in result.stderr
    assert secret["d"] not in result.stderr


def test_list_shows_clients_without_key_material(desk: Desk) -> None:
    client_id = desk.register("--submits-for", "Police").stdout.strip()

    table = desk.type("list")
    (listed,) = json.loads(desk.type("list", "--format", "json").stdout)

    assert [line.split()[0] for line in table.stdout.splitlines()] == ["CLIENT", client_id]
    assert (listed["client_id"], listed["name"]) == (client_id, "The EHR")
    assert (listed["scopes"], listed["purposes"]) == (["system/*.cruds"], ["TREAT"])
    assert listed["keys"] == [{"kid": "ec", "kty": "EC"}]
    assert listed["revoked_at"] is None


def test_revoked_client_is_listed_as_such(desk: Desk) -> None:
    client_id = desk.register().stdout.strip()

    result = desk.type("revoke", client_id)

    assert (result.exit_code, result.stdout) == (0, "")
    assert desk.client(client_id).revoked_at is not None
    assert "revoked" in desk.type("list").stdout


def test_unknown_client_cannot_be_revoked(desk: Desk) -> None:
    result = desk.type("revoke", "nobody")

    assert result.exit_code == 1
    assert "`nobody`" in result.stderr


def test_new_key_pair_is_private_and_can_be_registered(desk: Desk, tmp_path: Path) -> None:
    result = desk.type("key", str(tmp_path / "harbor"))

    private, public_ = (tmp_path / f"harbor.{half}.json" for half in ("private", "public"))
    assert (result.exit_code, result.stdout) == (0, "")
    assert private.stat().st_mode & 0o777 == 0o600
    (jwk,) = public_keys(public_.read_bytes())
    signer, algorithm = private_key(private.read_bytes())
    assert (signer.kid, algorithm) == (jwk["kid"], "ES384")


def test_keys_are_not_overwritten(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "harbor.private.json").write_text("mine")

    result = desk.type("key", str(tmp_path / "harbor"))

    assert result.exit_code == 1
    assert (tmp_path / "harbor.private.json").read_text() == "mine"
    assert not (tmp_path / "harbor.public.json").exists()

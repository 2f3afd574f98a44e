"""`handoff user` and `handoff keys`: accounts by command."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fhir_server.cli.main import group
from tests.databases import Sqlite


@pytest.fixture
def environment(sqlite_files: Sqlite, tmp_path: Path) -> dict[str, str]:
    with sqlite_files.fresh() as url:
        return {"DATABASE_URL": url, "SECRET_KEY_FILE": str(tmp_path / "secret")}


def run(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(group(), arguments, env=environment)


def add(environment: dict[str, str], login: str = "ana", *more: str) -> Result:
    given = ("--name", "Ana Reyes", "--role", "clinician", "--organization", "Clinic", *more)
    return run(environment, "user", "add", login, *given)


def test_an_account_is_made_listed_reset_and_refused(environment: dict[str, str]) -> None:
    added = add(environment, "Ana.Reyes")
    listed = run(environment, "user", "list").stdout
    reset = run(environment, "user", "reset", "ana.reyes")
    refused = run(environment, "user", "disable", "ana.reyes")

    assert (added.exit_code, reset.exit_code, refused.exit_code) == (0, 0, 0)
    assert len(added.stdout.strip()) == 19
    assert added.stdout != reset.stdout
    assert "ana.reyes  Ana Reyes  Clinician of" in listed
    assert "refused" in run(environment, "user", "list").stdout


def test_a_role_has_dates(environment: dict[str, str]) -> None:
    add(environment)

    given = ("--role", "peer", "--organization", "Team", "--since", "2020-01-01")
    past = run(environment, "user", "role", "ana", *given, "--until", "2020-12-31")
    now = run(environment, "user", "role", "ana", *given)

    assert (past.exit_code, now.exit_code) == (0, 0)
    assert run(environment, "user", "list").stdout.count("Peer specialist") == 1


def test_an_administrator_may_be_of_all_agencies(environment: dict[str, str]) -> None:
    made = run(environment, "user", "add", "root", "--name", "Root", "--role", "administrator")

    assert made.exit_code == 0
    assert "Administrator of all agencies" in run(environment, "user", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("user", "add", "x y", "--name", "X", "--role", "peer", "--organization", "T"),
            "no login",
        ),
        (("user", "add", "ann", "--name", "X", "--role", "peer"), "administrator"),
        (("user", "add", "ann", "--name", " ", "--role", "administrator"), "name"),
        (
            ("user", "add", "ann", "--name", "X", "--role", "patient", "--organization", "T"),
            "Patient/ID",
        ),
        (
            (
                *("user", "add", "ann", "--name", "X", "--role", "peer", "--organization", "T"),
                *("--fhir-user", "Nonsense"),
            ),
            "Practitioner/1",
        ),
        (
            (
                *("user", "add", "ann", "--name", "X", "--role", "peer", "--organization", "T"),
                *("--until", "soon"),
            ),
            "no day",
        ),
        (("user", "reset", "nobody"), "no account"),
        (("user", "demo", "nobody"), "none of the demo"),
    ],
)
def test_what_cannot_be_is_told(
    environment: dict[str, str], arguments: tuple[str, ...], told: str
) -> None:
    result = run(environment, *arguments)

    assert result.exit_code != 0
    assert told in result.stderr


def test_a_login_is_given_once(environment: dict[str, str]) -> None:
    add(environment)

    again = add(environment)

    assert again.exit_code == 1
    assert "is taken" in again.stderr


def test_keys_rotate_with_overlap(environment: dict[str, str]) -> None:
    first = run(environment, "keys", "rotate").stdout.strip()
    second = run(environment, "keys", "rotate").stdout.strip()

    lines = run(environment, "keys", "list").stdout.splitlines()

    assert lines == [f"{second}  signs", f"{first}  verifies only"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "Give one of --jwks"),
        (("--public", "--secret"), "Give one of --jwks"),
        (("--public",), "A backend service"),
        (("--public", "--redirect-uri", "http://app.example/"), "must begin with https"),
        (("--jwks-uri", "ftp://x"), "must be an https address"),
        (("--context", "admin", "--public"), "is not one of"),
    ],
)
def test_a_client_that_cannot_be_is_told(
    environment: dict[str, str], options: tuple[str, ...], told: str
) -> None:
    scope = "patient/*.rs" if "--redirect-uri" in options else "system/*.rs"
    given = ("--name", "X", "--organization", "Clinic", "--purpose", "TREAT", "--scope", scope)

    result = run(environment, "client", "register", *given, *options)

    assert result.exit_code == 2
    assert told in result.stderr


def test_an_app_with_a_secret_gets_it_once(environment: dict[str, str]) -> None:
    result = run(
        environment,
        *("client", "register", "--name", "X", "--organization", "Clinic", "--purpose", "TREAT"),
        *("--scope", "patient/*.rs", "--secret", "--redirect-uri", "https://app.example/callback"),
        *("--context", "openid launch/patient"),
    )

    client_id, secret = result.stdout.split()
    listed = run(environment, "client", "list", "--format", "json").stdout
    assert client_id in listed
    assert "client_secret_basic" in listed
    assert secret not in listed

"""`handoff` finds its commands, helps a stranger, and refuses in one line."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from fhir_server.cli.main import group
from fhir_server.fhir.outcome import UnavailableError
from fhir_server.settings import Settings

CONTEXT = click.Context(click.Command("handoff"))


def test_commands_are_found() -> None:
    commands = set(group().list_commands(CONTEXT))

    assert commands >= {"bench", "client", "demo", "load", "migrate", "serve", "token"}
    assert "main" not in commands


def test_unknown_command_is_refused() -> None:
    assert CliRunner().invoke(group(), ["main"]).exit_code == 2


def leaves(command: click.Command | None, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        return [path]
    children = {name: command.get_command(CONTEXT, name) for name in command.list_commands(CONTEXT)}
    return [leaf for name, child in children.items() for leaf in leaves(child, (*path, name))]


@pytest.mark.parametrize("path", [(), ("client",), *leaves(group())], ids=" ".join)
def test_help_of_every_command_is_usable(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(group(), [*path, "--help"])

    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 4


@pytest.mark.parametrize("path", leaves(group()), ids=" ".join)
def test_every_command_shows_an_example(path: tuple[str, ...]) -> None:
    assert f"handoff {' '.join(path)}" in CliRunner().invoke(group(), [*path, "--help"]).output


def test_version_is_told() -> None:
    assert CliRunner().invoke(group(), ["--version"]).output.startswith("handoff, version 0.")


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "eighty"), ("DATABASE_URL", "mysql://localhost/x"), ("DATABASE_URL", "secret")],
)
def test_bad_setting_is_one_line_and_exit_code_1(name: str, value: str) -> None:
    result = CliRunner(env={name: value}).invoke(group(), ["migrate"])

    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert name in result.stderr
    assert "secret" not in result.stderr


def test_refusal_is_one_line_and_exit_code_1() -> None:
    @click.command
    def failing() -> None:
        raise UnavailableError("The database is away.")

    commands = group()
    commands.add_command(failing)

    result = CliRunner().invoke(commands, ["failing"])

    assert (result.exit_code, result.stderr) == (1, "Error: The database is away.\n")


def test_settings_that_are_given_are_not_read_from_the_environment(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/given.db")

    result = CliRunner(env={"DATABASE_URL": "nothing"}).invoke(group(), ["migrate"], obj=settings)

    assert result.exit_code == 0
    assert (tmp_path / "given.db").exists()

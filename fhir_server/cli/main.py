"""The command `handoff`: every module of this package that exports COMMAND is a subcommand.

A command that needs the settings takes them by `click.pass_obj`.
"""

import os

import click
from typing_extensions import override

from fhir_server import cli, registry
from fhir_server.fhir.definitions import DefinitionsError
from fhir_server.fhir.outcome import FhirError
from fhir_server.settings import SettingError, Settings

HELP = """A FHIR R4 server for behavioral-health crisis continuity of care.

Settings are environment variables, the same for every command: DATABASE_URL names the database,
PORT and HOST where the server listens, BASE_URL how clients see it. The README lists all of them.

\b
Examples:
  handoff serve                            start the server
  handoff client register --help           let an agency's system in
  handoff token --client ID --key FILE     get an access token
"""


class Handoff(click.Group):
    """The group of all commands: a refusal is one line on standard error, and exit code 1."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*self.commands, *registry.names(cli)} - {"main"})

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one command that is asked for: a token need not wait for all the others.

        Raises:
            registry.RegistryError: The module exports no COMMAND.
        """
        if cmd_name in self.commands or cmd_name not in self.list_commands(ctx):
            return super().get_command(ctx, cmd_name)
        return registry.one(cli, cmd_name, "COMMAND", click.Command)

    @override
    def invoke(self, ctx: click.Context) -> object:
        """Run the command with the settings of the environment as the context's object.

        Raises:
            click.ClickException: The settings or the request were refused.
        """
        try:
            if ctx.obj is None:
                ctx.obj = Settings.from_env(os.environ)  # noqa: TID251 - the commands' one reading
            return super().invoke(ctx)
        except (DefinitionsError, FhirError, SettingError) as refusal:
            raise click.ClickException(str(refusal)) from refusal


def group() -> click.Group:
    """Return `handoff`, whose commands are the modules of this package."""
    found = Handoff("handoff", help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
    return click.version_option(package_name="handoff-fhir", prog_name="handoff")(found)


def main() -> None:
    """Run `handoff` with the process's arguments."""
    group()()

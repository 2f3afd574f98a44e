"""`handoff keys`: the keys that sign id_tokens.

https://openid.net/specs/openid-connect-core-1_0.html#RotateSigningKeys
"""

from contextlib import closing

import click

from fhir_server import bootstrap
from fhir_server.settings import Settings

ROTATE_HELP = """Let a new key sign from now on, and print its id, alone.

The key before stays published for a day, so that what it signed can be verified. Private keys are
kept in the database, sealed under the secret in SECRET_KEY_FILE.

\b
Example:
  handoff keys rotate
"""
LIST_HELP = """List the published keys, the newest first.

\b
Example:
  handoff keys list
"""


@click.group("keys")
def keys() -> None:
    """Rotate and list the keys that sign id_tokens."""


@keys.command("rotate", help=ROTATE_HELP)
@click.pass_obj
def rotate(settings: Settings) -> None:
    """Make a new key."""
    with closing(bootstrap.of(settings)) as server:
        click.echo(server.authorization.signer.rotate())


@keys.command("list", help=LIST_HELP)
@click.pass_obj
def list_(settings: Settings) -> None:
    """Print the keys."""
    with closing(bootstrap.of(settings)) as server:
        for row in server.authorization.signer.published():
            click.echo(f"{row.kid}  {'signs' if row.retired_at is None else 'verifies only'}")


COMMAND = keys

"""`handoff migrate`: bring the database's schema up to date, and say what was done."""

import logging
from contextlib import closing

import click
from typing_extensions import override

from fhir_server.settings import Settings
from fhir_server.storage import engine

HELP = """Bring the database's schema up to date.

The server does so by itself when it starts; this is for those who want it done before.

\b
Example:
  DATABASE_URL=postgresql://handoff@db/handoff handoff migrate
"""


class _Lines(logging.Handler):
    """Prints what Alembic says of each revision that it runs."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.seen = 0

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("Running upgrade"):
            self.seen += 1
            click.echo(record.getMessage())


@click.command("migrate", help=HELP)
@click.pass_obj
def migrate(settings: Settings) -> None:
    """Run the missing migrations, a line for each."""
    lines = _Lines()
    log = logging.getLogger("alembic.runtime.migration")
    log.addHandler(lines)
    log.setLevel(logging.INFO)
    try:
        opened = engine.open(settings.database_url, lock_wait_seconds=settings.lock_wait_seconds)
        with closing(opened) as database:
            database.migrate()
    finally:
        log.removeHandler(lines)
    if not lines.seen:
        click.echo("The schema is up to date.")


COMMAND = migrate

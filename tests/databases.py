"""Fresh, migrated databases for tests: copies of one that was migrated once per process."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

from fhir_server.storage import engine
from fhir_server.storage.engine import Database

_TEMPLATE = "handoff_template"
_numbers = count(1)


class Postgres:
    """Copies of a migrated database on the server at `url` (no database in it)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._execute(f"CREATE DATABASE {_TEMPLATE}")
        template = engine.open(f"{url}/{_TEMPLATE}")
        template.migrate()
        template.close()

    @contextmanager
    def fresh(self, copied: str = "") -> Iterator[str]:
        """Give the URL of a new migrated database, dropped after the block.

        It is a copy of the one at the URL `copied`, to which nobody may be connected.
        """
        name = f"handoff_{next(_numbers)}"
        template = copied.rpartition("/")[2] or _TEMPLATE
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield f"{self.url}/{name}"
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(f"{self.url}/postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


class Sqlite:
    """Copies of a migrated database file in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.db"
        template = engine.open(f"sqlite:///{self._template}")
        template.migrate()
        template.close()

    @contextmanager
    def fresh(self, copied: str = "") -> Iterator[str]:
        """Give the URL of a new migrated database, or of a copy of the closed one at `copied`."""
        path = self._folder / f"{next(_numbers)}.db"
        shutil.copy(copied.removeprefix("sqlite:///") or self._template, path)
        yield f"sqlite:///{path}"


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Give the database at `url`, closed after the block."""
    database = engine.open(url, lock_wait_seconds=5)
    try:
        yield database
    finally:
        database.close()

"""Statements on the driver: compiled once by SQLAlchemy, executed with bound values.

SQLAlchemy Core builds every statement; what is executed often is compiled to its text once and
goes straight to psycopg (native `$1`, prepared, binary) or sqlite3, which is 3 to 6 times faster
than a round through the Core engine.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg
import sqlalchemy as sa
from psycopg.types.array import ListBinaryDumper
from psycopg.types.numeric import Int8BinaryDumper
from psycopg.types.string import StrBinaryDumper
from sqlalchemy.dialects.postgresql import psycopg as postgresql
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.sql.compiler import SQLCompiler
from typing_extensions import override

from fhir_server.fhir.outcome import CollisionError
from fhir_server.storage.set_sql import SetSql

Row = tuple[Any, ...]
Values = Mapping[str, Any]

_POSTGRESQL = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_SQLITE = pysqlite.dialect(paramstyle="qmark")


class _HintingCompiler(SQLiteCompiler):
    """Writes a hint (`INDEXED BY …`) after the table that it is for."""

    @override
    def get_from_hint_text(self, table: sa.FromClause, text: str | None) -> str | None:
        return text


_SQLITE.statement_compiler = _HintingCompiler


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql:
    """A statement's text and the names of its values, in the order in which they are bound."""

    text: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]

    def arguments(self, values: Values) -> list[Any]:
        """Return `values` in binding order."""
        merged = {**self.fixed, **values} if self.fixed else values
        return [*map(merged.__getitem__, self.names)]


def compile_sql(statement: sa.sql.ClauseElement, dialect: str) -> Sql:
    """Return `statement` as text for the dialect named `sqlite` or `postgresql`."""
    compiled = statement.compile(dialect=_POSTGRESQL if dialect == "postgresql" else _SQLITE)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError("Only statements that take values are compiled to text.")
    fixed = {name: value for name, value in (compiled.params or {}).items() if value is not None}
    return Sql(text=str(compiled), names=tuple(compiled.positiontup or ()), fixed=fixed)


class Session(Protocol):
    """One driver connection, inside a transaction or not."""

    dialect: str

    def fetch(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Execute and return all rows."""

    def fetch_each(self, queries: Sequence[tuple[str, Sequence[Any]]]) -> list[list[Row]]:
        """Execute all queries in one round trip and return the rows of each."""

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Execute and return the number of rows that it touched."""

    def run_each(self, sql: SetSql, rows: Sequence[Row]) -> None:
        """Execute for all `rows` at once."""

    def together(self) -> AbstractContextManager[object]:
        """Send the statements of the block without waiting for each other's answer."""

    def list_of(self, values: Iterable[int]) -> Any:  # noqa: ANN401 - as the driver wants it
        """Return `values` as one bound value (statements.py)."""


class SqliteSession:
    """The driver is sqlite3."""

    dialect = "sqlite"

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver

    def fetch(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Execute and return all rows."""
        return self._driver.execute(sql, values).fetchall()

    def fetch_each(self, queries: Sequence[tuple[str, Sequence[Any]]]) -> list[list[Row]]:
        """Execute all queries and return the rows of each."""
        return [self.fetch(sql, values) for sql, values in queries]

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Execute and return the number of rows that it touched."""
        return self._driver.execute(sql, values).rowcount

    def run_each(self, sql: SetSql, rows: Sequence[Row]) -> None:
        """Execute for all `rows`."""
        if rows and self._driver.executemany(sql.sqlite, rows).rowcount != len(rows):
            raise CollisionError("Another writer changed the same resource; read and try again.")

    def together(self) -> AbstractContextManager[object]:
        """Nothing to gain: there is no round trip."""
        return nullcontext()

    def list_of(self, values: Iterable[int]) -> str:
        """Return a JSON list."""
        return f"[{','.join(map(str, values))}]"


class PostgresqlSession:
    """The driver is psycopg 3."""

    dialect = "postgresql"

    def __init__(self, driver: "psycopg.Connection[Any]") -> None:
        self._driver = driver
        self._cursor = psycopg.RawCursor(driver)
        # Inside `together`: what was sent, and how many rows each is to touch.
        self._sent: list[tuple[psycopg.RawCursor[Any], int]] | None = None

    def fetch(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Execute and return all rows."""
        return self._cursor.execute(sql, values, prepare=True, binary=True).fetchall()

    def fetch_each(self, queries: Sequence[tuple[str, Sequence[Any]]]) -> list[list[Row]]:
        """Execute all queries in one round trip and return the rows of each."""
        with self._driver.pipeline():
            cursors = [
                psycopg.RawCursor(self._driver).execute(sql, values, prepare=True, binary=True)
                for sql, values in queries
            ]
            return [cursor.fetchall() for cursor in cursors]

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Execute and return the number of rows that it touched."""
        return self._cursor.execute(sql, values, prepare=True, binary=True).rowcount

    def run_each(self, sql: SetSql, rows: Sequence[Row]) -> None:
        """Execute for all `rows` by one statement, whose values are the columns as arrays."""
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            cursor = psycopg.RawCursor(self._driver)
            cursor.execute(sql.postgresql, columns, prepare=True)
            if self._sent is None:
                _check(cursor, len(rows))
            else:
                self._sent.append((cursor, len(rows)))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send the statements of the block in pipeline mode; what `run_each` did is checked."""
        sent: list[tuple[psycopg.RawCursor[Any], int]] = []
        self._sent = sent
        try:
            with self._driver.pipeline():
                yield
        finally:
            self._sent = None
        for cursor, expected in sent:
            _check(cursor, expected)

    def list_of(self, values: Iterable[int]) -> list[int]:
        """Return an array."""
        return list(values)


def _check(cursor: "psycopg.RawCursor[Any]", expected: int) -> None:
    if cursor.rowcount != expected:
        raise CollisionError("Another writer changed the same resource; read and try again.")


class _Int8(Int8BinaryDumper):
    """Every int is sent as an 8-byte integer, so that a statement has one prepared form."""

    @override
    def upgrade(self, obj: Any, format: Any) -> "_Int8":
        return self


def prepare_psycopg(driver: "psycopg.Connection[Any]") -> None:
    """Set what every PostgreSQL connection of the server needs."""
    driver.adapters.register_dumper(int, _Int8)
    driver.adapters.register_dumper(str, StrBinaryDumper)
    driver.adapters.register_dumper(list, ListBinaryDumper)
    driver.prepared_max = 1000

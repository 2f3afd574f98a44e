"""Statements on the driver: compiled once by SQLAlchemy, executed with bound values.

SQLAlchemy Core builds every statement; what is executed often is compiled to its text once and
goes straight to psycopg (native `$1`, prepared, binary) or sqlite3, which is 3 to 6 times faster
than a round through the Core engine.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg
import sqlalchemy as sa
from psycopg.types.numeric import Int8BinaryDumper
from psycopg.types.string import StrBinaryDumper
from sqlalchemy.dialects.postgresql import psycopg as postgresql
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.sql.compiler import SQLCompiler
from typing_extensions import override

Row = tuple[Any, ...]
Values = Mapping[str, Any]

_POSTGRESQL = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_SQLITE = pysqlite.dialect(paramstyle="qmark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql:
    """A statement's text and the names of its values, in the order in which they are bound."""

    text: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]

    def arguments(self, values: Values) -> list[Any]:
        """Return `values` in binding order."""
        fixed = self.fixed
        return [values[name] if name in values else fixed[name] for name in self.names]


def compile_sql(statement: sa.sql.ClauseElement, dialect: str) -> Sql:
    """Return `statement` as text for the dialect named `sqlite` or `postgresql`."""
    compiled = statement.compile(dialect=_POSTGRESQL if dialect == "postgresql" else _SQLITE)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError("Only statements that take values are compiled to text.")
    fixed = {name: value for name, value in compiled.params.items() if value is not None}
    return Sql(text=str(compiled), names=tuple(compiled.positiontup or ()), fixed=fixed)


class Session(Protocol):
    """One driver connection, inside a transaction or not."""

    def fetch(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Execute and return all rows."""

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Execute and return the number of rows that it touched."""

    def insert(self, table: sa.Table, rows: Iterable[Row]) -> None:
        """Insert `rows`, each in the order of the table's columns, by one statement."""

    def together(self) -> Any:  # noqa: ANN401 - a context manager of either driver
        """Send the statements of the block without waiting for each other's answer."""


class SqliteSession:
    """The driver is sqlite3."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver

    def fetch(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Execute and return all rows."""
        return self._driver.execute(sql, values).fetchall()

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Execute and return the number of rows that it touched."""
        return self._driver.execute(sql, values).rowcount

    def insert(self, table: sa.Table, rows: Iterable[Row]) -> None:
        """Insert `rows`, each in the order of the table's columns."""
        self._driver.executemany(_insert_sqlite(table), rows)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Nothing to gain: there is no round trip."""
        yield


class PostgresqlSession:
    """The driver is psycopg 3."""

    def __init__(self, driver: "psycopg.Connection[Any]") -> None:
        self._driver = driver
        self._cursor = psycopg.RawCursor(driver)

    def fetch(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Execute and return all rows."""
        return self._cursor.execute(sql, values, prepare=True, binary=True).fetchall()

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Execute and return the number of rows that it touched."""
        return self._cursor.execute(sql, values, prepare=True, binary=True).rowcount

    def insert(self, table: sa.Table, rows: Iterable[Row]) -> None:
        """Insert `rows`, each in the order of the table's columns, by one statement."""
        columns = [list(column) for column in zip(*rows, strict=True)]
        if columns:
            self._cursor.execute(_insert_postgresql(table), columns, prepare=True)

    def together(self) -> Any:  # noqa: ANN401 - psycopg's own context manager
        """Send the statements of the block in pipeline mode."""
        return self._driver.pipeline()


class _Int8(Int8BinaryDumper):
    """Every int is sent as an 8-byte integer, so that a statement has one prepared form."""

    @override
    def upgrade(self, obj: Any, format: Any) -> "_Int8":
        return self


def prepare_psycopg(driver: "psycopg.Connection[Any]") -> None:
    """Set what every PostgreSQL connection of the server needs."""
    driver.adapters.register_dumper(int, _Int8)
    driver.adapters.register_dumper(str, StrBinaryDumper)
    driver.prepared_max = 1000


_INSERTS: dict[tuple[str, str], str] = {}


def _insert_sqlite(table: sa.Table) -> str:
    key = ("sqlite", table.name)
    if key not in _INSERTS:
        marks = ", ".join("?" for _ in table.columns)
        # Names of our own schema, no values.
        _INSERTS[key] = f"INSERT INTO {table.name} ({_names(table)}) VALUES ({marks})"  # noqa: S608
    return _INSERTS[key]


def _insert_postgresql(table: sa.Table) -> str:
    key = ("postgresql", table.name)
    if key not in _INSERTS:
        arrays = ", ".join(
            f"${number}::{column.type.compile(_POSTGRESQL).split(' COLLATE')[0]}[]"
            for number, column in enumerate(table.columns, start=1)
        )
        _INSERTS[key] = f"INSERT INTO {table.name} ({_names(table)}) SELECT * FROM unnest({arrays})"  # noqa: S608
    return _INSERTS[key]


def _names(table: sa.Table) -> str:
    return ", ".join(column.name for column in table.columns)

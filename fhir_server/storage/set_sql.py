"""Statements over many rows at once.

On PostgreSQL each column is one array, on SQLite each row a set of values. The texts are made of
the names of our own schema only.
"""

from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class SetSql:
    """One statement in the words of both databases."""

    sqlite: str
    postgresql: str


@cache
def insert(table: sa.Table) -> SetSql:
    """Return the insertion of rows in the order of the columns that the database does not count."""
    counted = table.autoincrement_column
    names = [column.name for column in table.columns if column is not counted]
    into = f"INSERT INTO {table.name} ({', '.join(names)})"
    return SetSql(
        f"{into} VALUES ({_marks(names)})",
        f"{into} SELECT * FROM unnest({_arrays(table, names)})",  # noqa: S608
    )


@cache
def delete(table: sa.Table) -> SetSql:
    """Return the deletion of rows, given the columns of the table's `key`."""
    key: tuple[str, ...] = table.info["key"]
    return SetSql(
        f"DELETE FROM {table.name} WHERE " + " AND ".join(f"{name} = ?" for name in key),  # noqa: S608
        f"DELETE FROM {table.name} t USING unnest({_arrays(table, key)}) "  # noqa: S608
        f"x({', '.join(key)}) WHERE " + " AND ".join(f"t.{name} = x.{name}" for name in key),
    )


@cache
def replace(table: sa.Table) -> SetSql:
    """Return the update of whole rows by (rid, version), the version rising by one.

    The values are those of all columns in order; on SQLite the key follows them once more.
    """
    names = [column.name for column in table.columns]
    changed = [name for name in names if name != "rid"]
    return SetSql(
        f"UPDATE {table.name} SET ({', '.join(names)}) = ({_marks(names)}) "  # noqa: S608
        "WHERE rid = ? AND version = ?",
        f"UPDATE {table.name} t SET {', '.join(f'{name} = x.{name}' for name in changed)} "  # noqa: S608
        f"FROM unnest({_arrays(table, names)}) x({', '.join(names)}) "
        "WHERE t.rid = x.rid AND t.version = x.version - 1",
    )


@cache
def of_resources(table: sa.Table) -> SetSql:
    """Return the query of all rows of a list of resources, in the order of the columns."""
    names = ", ".join(column.name for column in table.columns)
    select = f"SELECT {names} FROM {table.name} WHERE rid"  # noqa: S608
    return SetSql(
        f"{select} IN (SELECT value FROM json_each(?))",  # noqa: S608
        f"{select} = ANY($1::bigint[])",
    )


def _marks(names: list[str]) -> str:
    return ", ".join("?" for _ in names)


def _arrays(table: sa.Table, names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(
        f"${number}::{_type(table.c[name])}[]" for number, name in enumerate(names, start=1)
    )


def _type(column: "sa.Column[object]") -> str:
    return column.type.compile(_DIALECT).split(" COLLATE")[0].replace("BIGSERIAL", "BIGINT")

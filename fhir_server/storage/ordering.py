"""The order of a search's rows, and where in it a page begins.

Rows are ordered by the sort keys and then by the resource's key, so that the order is total. The
columns of a sorted row are `rid`, `k0`, `k1`, …; a missing value comes last in both directions.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement

from fhir_server.search.params.quantity import BASE_UNITS
from fhir_server.storage import schema
from fhir_server.storage.binding import constant, number, real, text
from fhir_server.storage.hashes import system_key
from fhir_server.storage.plan import ById, ByOther, ByUpdated, ByValue, Key

Clause = ColumnElement[bool]
Column = ColumnElement[Any]

# The rows of ix_date and ix_string that a sort goes by (index_rows._edges).
LEAST, GREATEST = (1, 3), (2, 3)
_MEASURED = frozenset({schema.ix_number.name, schema.ix_quantity.name})


def value_column(table: sa.FromClause, key: ByValue) -> Column:
    """Return the column of an index table by which `key` sorts."""
    return table.c.lo if key.table == schema.ix_date.name else table.c.normal


def edge(table: sa.FromClause, key: ByValue) -> Clause:
    """Return whether an index row is the one of its resource by which `key` sorts."""
    marks = GREATEST if key.descending else LEAST
    return table.c.edge.in_([constant(mark) for mark in marks])


def key_column(key: Key, document: sa.FromClause) -> Column:
    """Return the value of `key` for a row of `resource`."""
    match key:
        case ByUpdated():
            return document.c.last_updated
        case ById():
            return document.c.fhir_id
        case ByValue():
            index = schema.metadata.tables[key.table].alias()
            found = sa.select(value_column(index, key)).where(
                index.c.rid == sa.literal_column("r.rid"),
                index.c.param_id == constant(key.param_id),
                edge(index, key),
            )
            return found.scalar_subquery()
        case ByOther():
            return _other_column(key)


def _other_column(key: ByOther) -> Column:
    index = schema.metadata.tables[key.table].alias()
    of_row = [
        index.c.rid == sa.literal_column("r.rid"),
        index.c.param_id == constant(key.param_id),
    ]
    pick = sa.func.max if key.descending else sa.func.min
    if key.table == schema.ix_reference.name:
        # By the id of what is referred to; what lies elsewhere has none.
        named = schema.resource_key.alias()
        ids = sa.select(pick(named.c.fhir_id)).where(named.c.rid == index.c.target, *of_row)
        return ids.scalar_subquery()
    found = sa.select(pick(_sorted_column(index, key))).where(*of_row)
    if key.table == schema.ix_quantity.name:
        # In base units, where there are any, so that grams and milligrams are in one order.
        based = found.where(index.c.system == constant(system_key(BASE_UNITS)))
        return sa.func.coalesce(based.scalar_subquery(), found.scalar_subquery())
    return found.scalar_subquery()


def _sorted_column(index: sa.FromClause, key: ByOther) -> Column:
    if key.table in _MEASURED:
        return index.c.hi if key.descending else index.c.lo
    return index.c.code if key.table == schema.ix_token.name else index.c.value


def order(
    keys: Sequence[Key], columns: Sequence[Column], rid: Column, *, complete: bool = False
) -> list[Column]:
    """Return the ORDER BY; `complete`: no row lacks a value, so that an index can give it."""
    terms: list[Column] = []
    for key, column in zip(keys, columns, strict=True):
        if isinstance(key, ByValue | ByOther) and not complete:
            terms.append(column.is_(None))
        terms.append(column.desc() if key.descending else column.asc())
    return [*terms, rid.desc() if backwards(keys) else rid.asc()]


def backwards(keys: Sequence[Key]) -> bool:
    """Return whether ties are ordered from the newest key to the oldest."""
    return keys[-1].descending


def beyond(
    keys: Sequence[Key], columns: Sequence[Column], rid: Column, after: Sequence[str | None]
) -> Clause:
    """Return whether a row comes after the position whose values are bound under `after`."""
    last = rid < number(after[-1] or "") if backwards(keys) else rid > number(after[-1] or "")
    clause: Clause = last
    for key, column, name in reversed(list(zip(keys, columns, after[:-1], strict=True))):
        if name is None:
            clause = sa.and_(column.is_(None), clause)
            continue
        value = _bound(key, name)
        further = [column < value if key.descending else column > value]
        if isinstance(key, ByValue | ByOther):
            further.append(column.is_(None))
        clause = sa.or_(*further, sa.and_(column == value, clause))
    return clause


def beyond_pair(key: Key, column: Column, rid: Column, after: Sequence[str | None]) -> Clause:
    """Return the same for one key without missing values, as a bound that an index can use."""
    name = after[0] or ""
    position = sa.tuple_(_bound(key, name), number(after[-1] or ""))
    row = sa.tuple_(column, rid)
    return row < position if key.descending else row > position


def _bound(key: Key, name: str) -> Column:
    """Return the value of `key` that is bound under `name`."""
    if isinstance(key, ByUpdated) or (isinstance(key, ByValue) and key.table == "ix_date"):
        return number(name)
    return real(name) if isinstance(key, ByOther) and key.table in _MEASURED else text(name)

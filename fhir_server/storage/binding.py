"""Columns of an aliased row and bound values, as SQLAlchemy expressions."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler

_BIG = sa.BigInteger()
_TEXT = sa.Text()
_DOUBLE: sa.Double[float] = sa.Double()


def constant(value: int) -> ColumnElement[int]:
    """Return a number of ours (a type, a parameter, a flag) as part of the statement's text."""
    return sa.literal_column(str(value), sa.Integer())


ZERO = constant(0)
ONE = constant(1)


def column(subject: str, name: str) -> ColumnElement[Any]:
    """Return the column `name` of the row with the alias `subject`.

    Written out, because SQLAlchemy would add the row's table to the FROM of each sub-select.
    """
    return sa.literal_column(f"{subject}.{name}", _BIG)


def number(name: str) -> ColumnElement[int]:
    """Return the integer bound under `name`."""
    return sa.bindparam(name, type_=_BIG)


def ours(value: int | str) -> ColumnElement[int]:
    """Return a number of ours: as part of the text, or, where it is a name, bound under it."""
    return constant(value) if isinstance(value, int) else number(value)


def real(name: str) -> ColumnElement[float]:
    """Return the floating-point number bound under `name`."""
    return sa.bindparam(name, type_=_DOUBLE)


def text(name: str) -> ColumnElement[str]:
    """Return the text bound under `name`."""
    return sa.bindparam(name, type_=_TEXT)


def in_list(
    found: ColumnElement[Any], name: str, dialect: str, *, texts: bool = False
) -> ColumnElement[bool]:
    """Return whether `found` is in the list bound under `name` (shape.Values.add_list)."""
    if dialect == "postgresql":
        return found == sa.any_(sa.bindparam(name, type_=ARRAY(_TEXT if texts else _BIG)))
    listed = sa.func.json_each(text(name)).table_valued("value")
    return found.in_(sa.select(listed.c.value))


def any_of(found: ColumnElement[Any], *values: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether `found` equals one of `values`; of none, it does not."""
    return sa.or_(sa.false(), *(found == value for value in values))


class _CrossJoin(sa.Join):
    """SQLite's CROSS JOIN, which keeps the order of its sides."""

    inherit_cache = False


@compiles(_CrossJoin)
def _cross_join(element: _CrossJoin, compiler: SQLCompiler, **arguments: Any) -> str:  # noqa: ANN401
    left, right = (
        compiler.process(side, **{**arguments, "asfrom": True})
        for side in (element.left, element.right)
    )
    return f"{left} CROSS JOIN {right}"


def then(left: sa.FromClause, right: sa.FromClause, dialect: str) -> sa.Join:
    """Return the join that looks `right` up for each row of `left`, in this order."""
    if dialect == "sqlite":
        return _CrossJoin(left, right, sa.true())
    return sa.join(left, right, sa.true())

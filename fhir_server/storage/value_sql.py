"""Index rows and what a value of a search asks of them: shape → table and conditions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement

from fhir_server.search.expression import Comparison
from fhir_server.search.params.quantity import BASE_UNITS
from fhir_server.storage import schema
from fhir_server.storage.binding import constant, in_list, number, ours, real, text
from fhir_server.storage.hashes import system_key
from fhir_server.storage.shape import (
    HasComposite,
    HasDate,
    HasExact,
    HasNumber,
    HasPart,
    HasQuantity,
    HasReference,
    HasString,
    HasToken,
    HasTokenOf,
    HasUri,
    HasUriBelow,
    Leaf,
    Part,
)

Clause = ColumnElement[bool]
Number = ColumnElement[int]

_TABLES: Mapping[type[Leaf], sa.Table] = {
    HasToken: schema.ix_token,
    HasTokenOf: schema.ix_token,
    HasString: schema.ix_string,
    HasExact: schema.ix_string,
    HasPart: schema.ix_string,
    HasDate: schema.ix_date,
    HasNumber: schema.ix_number,
    HasQuantity: schema.ix_quantity,
    HasReference: schema.ix_reference,
    HasUri: schema.ix_uri,
    HasUriBelow: schema.ix_uri,
    HasComposite: schema.ix_composite,
}
_BASE_UNITS = constant(system_key(BASE_UNITS))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Where a value's parts stand in a row: those of its own table, or of ix_composite."""

    code: ColumnElement[Any]
    system: ColumnElement[Any]
    lo: ColumnElement[Any]
    hi: ColumnElement[Any]


def value_tests(leaf: Leaf, dialect: str) -> tuple[sa.FromClause, list[Clause]]:
    """Return the index table of `leaf`, aliased, and what its rows must satisfy."""
    table = _TABLES[type(leaf)].alias()
    return table, [table.c.param_id == ours(leaf.param_id), *_tests(leaf, table, dialect)]


def _tests(leaf: Leaf, table: sa.FromClause, dialect: str) -> list[Clause]:
    match leaf:
        case HasReference():
            return [table.c.target == target(leaf)]
        case HasUri() | HasUriBelow():
            return _uri(leaf, table)
        case HasExact() | HasPart():
            return _text(leaf, table, dialect)
        case HasTokenOf():
            codes = in_list(table.c.code, leaf.codes, dialect, texts=True)
            return [table.c.system == number(leaf.system), codes]
        case HasComposite():
            return _composite(leaf, table)
        case _:
            return _part(leaf, _own_columns(table))


def _own_columns(table: sa.FromClause) -> _Columns:
    missing = sa.null()
    columns = table.c
    return _Columns(
        code=columns.get("code", columns.get("normal", missing)),
        system=columns.get("system", missing),
        lo=columns.get("lo", missing),
        hi=columns.get("hi", missing),
    )


def _part(leaf: Part, row: _Columns) -> list[Clause]:
    """Return the test of a value that can also be part of a composite."""
    match leaf:
        case HasToken():
            tests: list[Clause] = [] if leaf.code is None else [row.code == text(leaf.code)]
            return tests if leaf.system is None else [*tests, row.system == number(leaf.system)]
        case HasString():
            return [row.code >= text(leaf.lo), row.code < text(leaf.hi)]
        case HasDate():
            return [compares(leaf, row.lo, row.hi)]
        case HasNumber():
            return [measures(leaf, row.lo, row.hi)]
        case HasQuantity():
            tests = [measures(leaf, row.lo, row.hi)]
            if leaf.code is not None:
                tests.append(row.code == text(leaf.code))
            of_system = None if leaf.system is None else row.system == number(leaf.system)
            # As it was written, then: not what was made of it.
            return [*tests, row.system != _BASE_UNITS if of_system is None else of_system]


def _composite(leaf: HasComposite, table: sa.FromClause) -> list[Clause]:
    """Return the tests of all parts, each on the columns that index_rows puts it into."""
    c = table.c
    first = _Columns(code=c.code, system=c.system, lo=c.lo, hi=c.hi)
    second = _Columns(code=c.code2, system=c.system2, lo=c.lo, hi=c.hi)
    third = _Columns(code=c.code2, system=c.system2, lo=c.lo2, hi=c.hi2)
    parts = zip(leaf.parts, (first, second, third), strict=False)
    return [test for part, columns in parts for test in _part(part, columns)]


def _text(leaf: HasExact | HasPart, table: sa.FromClause, dialect: str) -> list[Clause]:
    if isinstance(leaf, HasExact):
        return [table.c.normal == text(leaf.normal), table.c.exact == text(leaf.exact)]
    find = sa.func.instr if dialect == "sqlite" else sa.func.strpos
    return [find(table.c.normal, text(leaf.part)) > constant(0)]


def _uri(leaf: HasUri | HasUriBelow, table: sa.FromClause) -> list[Clause]:
    value = table.c.value
    if isinstance(leaf, HasUri):
        return [value == text(leaf.value)]
    inside = sa.and_(value >= text(leaf.lo), value < text(leaf.hi))
    # The first two bound the index; what begins with `url` and goes on otherwise lies between.
    return [
        value >= text(leaf.url),
        value < text(leaf.hi),
        sa.or_(value == text(leaf.url), inside),
    ]


def key_of(type_id: int, name: str) -> Number:
    """Return the key of the resource with the id under `name`; of none, one that nothing has."""
    keys = schema.resource_key.alias()
    found = sa.select(keys.c.rid).where(
        keys.c.type_id == constant(type_id), keys.c.fhir_id == text(name)
    )
    return sa.func.coalesce(found.scalar_subquery(), constant(-1))


def target(leaf: HasReference) -> Number:
    """Return the value of ix_reference.target that `leaf` asks for."""
    return number(leaf.name) if leaf.type_id is None else key_of(leaf.type_id, leaf.name)


def compares(leaf: HasDate, lo: Number, hi: Number) -> Clause:
    """Return search.params.date.compares on the value [lo, hi)."""
    query_lo, query_hi = number(leaf.lo), number(leaf.hi)
    inside = sa.and_(lo >= query_lo, hi <= query_hi)
    tests: dict[Comparison, Callable[[], Clause]] = {
        Comparison.EQ: lambda: inside,
        Comparison.NE: lambda: sa.not_(inside),
        Comparison.GT: lambda: hi > query_hi,
        Comparison.LT: lambda: lo < query_lo,
        Comparison.GE: lambda: sa.or_(inside, hi > query_hi),
        Comparison.LE: lambda: sa.or_(inside, lo < query_lo),
        Comparison.SA: lambda: lo >= query_hi,
        Comparison.EB: lambda: hi <= query_lo,
        Comparison.AP: lambda: sa.and_(lo < query_hi, hi > query_lo),
    }
    return tests[leaf.comparison]()


def measures(
    leaf: HasNumber | HasQuantity, lo: ColumnElement[float], hi: ColumnElement[float]
) -> Clause:
    """Return search.params.number.compares on the value [lo, hi]."""
    query_lo, query_hi = real(leaf.lo), real(leaf.hi)
    inside = sa.and_(lo >= query_lo, hi < query_hi)
    tests: dict[Comparison, Callable[[], Clause]] = {
        # The third bounds the index, whose rows are ordered by `lo`.
        Comparison.EQ: lambda: sa.and_(inside, lo < query_hi),
        Comparison.NE: lambda: sa.not_(inside),
        Comparison.GT: lambda: hi > query_hi,
        Comparison.LT: lambda: lo < query_lo,
        Comparison.GE: lambda: hi >= query_hi,
        Comparison.LE: lambda: lo <= query_lo,
        Comparison.SA: lambda: lo > query_hi,
        Comparison.EB: lambda: hi < query_lo,
        Comparison.AP: lambda: sa.and_(lo <= query_hi, hi >= query_lo),
    }
    return tests[leaf.comparison]()


def measured_from(leaf: HasNumber | HasQuantity, lo: ColumnElement[float]) -> list[Clause]:
    """Return where values that are one number lie, in the order of `lo`."""
    query_lo, query_hi = real(leaf.lo), real(leaf.hi)
    bounds: dict[Comparison, list[Clause]] = {
        Comparison.EQ: [lo >= query_lo, lo < query_hi],
        Comparison.NE: [],
        Comparison.GT: [lo > query_hi],
        Comparison.LT: [lo < query_lo],
        Comparison.GE: [lo >= query_hi],
        Comparison.LE: [lo <= query_lo],
        Comparison.SA: [lo > query_hi],
        Comparison.EB: [lo < query_lo],
        Comparison.AP: [lo >= query_lo, lo <= query_hi],
    }
    return bounds[leaf.comparison]

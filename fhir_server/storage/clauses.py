"""Shape → SQL: the test that each node makes on one row.

The row is known by its alias: one of `resource`, or one of `ix_date`, which bears the owner, the
labels and the custodian too. Every test on index values is a probe by (owner, parameter, value,
resource), which each index of architecture.md covers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement

from fhir_server.search.expression import Comparison
from fhir_server.storage import schema
from fhir_server.storage.binding import ONE, column, constant, in_list, number, text
from fhir_server.storage.consent_sql import permits, permits_by_call
from fhir_server.storage.shape import (
    Belongs,
    Every,
    Fenced,
    HasDate,
    HasId,
    HasReference,
    HasString,
    HasToken,
    Opposite,
    Permits,
    Shape,
    Some,
    Truth,
    Updated,
)

Clause = ColumnElement[bool]
Number = ColumnElement[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The row that is tested: its alias, the type of its resource, and whether it is a document.

    What is no document has neither the logical id nor the stamp. `few`: so few rows are tested
    that a call per row is cheaper than setting up what many rows want.
    """

    alias: str
    type_id: int
    dialect: str
    document: bool = True
    few: bool = False

    def column(self, name: str) -> ColumnElement[Any]:
        """Return a column of the row."""
        return column(self.alias, name)


def clause(shape: Shape, subject: Subject) -> Clause:
    """Return the test of `shape` on `subject`."""
    match shape:
        case Truth():
            return sa.true() if shape.value else sa.false()
        case Every() | Some():
            parts = [clause(part, subject) for part in shape.operands]
            every = isinstance(shape, Every)
            return sa.and_(sa.true(), *parts) if every else sa.or_(sa.false(), *parts)
        case Opposite():
            return sa.not_(clause(shape.operand, subject))
        case Permits():
            return _permits(shape, subject)
        case HasId() | Updated() | Fenced() | Belongs():
            return _of_row(shape, subject)
        case _:
            return probe(shape, subject)


def _permits(leaf: Permits, subject: Subject) -> Clause:
    called = subject.few and subject.dialect == "postgresql"
    test = permits_by_call if called else permits
    return test(leaf, subject.alias, subject.type_id, subject.dialect)


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


def probe(leaf: HasToken | HasString | HasDate | HasReference, subject: Subject) -> Clause:
    """Return whether the resource has a value that `leaf` asks for."""
    table, tests = value_tests(leaf)
    if isinstance(leaf, HasToken | HasReference):
        # (owner, parameter, value, resource) is one look at an index. With a range in the place
        # of the value it would be all of an owner's rows, so there the resource alone leads.
        tests.append(table.c.owner == subject.column("owner"))
    tests.append(table.c.rid == subject.column("rid"))
    return sa.select(ONE).select_from(table).where(*tests).exists()


def value_tests(
    leaf: HasToken | HasString | HasDate | HasReference,
) -> tuple[sa.FromClause, list[Clause]]:
    """Return the index table of `leaf`, aliased, and what its rows must satisfy."""
    match leaf:
        case HasToken():
            table: sa.FromClause = schema.ix_token.alias()
            tests = [table.c.code == text(leaf.code)] if leaf.code is not None else []
            if leaf.system is not None:
                tests.append(table.c.system == number(leaf.system))
        case HasString():
            table = schema.ix_string.alias()
            tests = [table.c.normal >= text(leaf.lo), table.c.normal < text(leaf.hi)]
        case HasDate():
            table = schema.ix_date.alias()
            tests = [compares(leaf, table.c.lo, table.c.hi)]
        case HasReference():
            table = schema.ix_reference.alias()
            tests = [table.c.target == target(leaf)]
    return table, [table.c.param_id == constant(leaf.param_id), *tests]


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


def updated(leaf: Updated, instant: Number) -> Clause:
    """Return the same for the instant [u, u + 1), as bounds on u that an index can use."""
    query_lo, query_hi = number(leaf.lo), number(leaf.hi)
    inside = sa.and_(instant >= query_lo, instant < query_hi)
    tests: dict[Comparison, Callable[[], Clause]] = {
        Comparison.EQ: lambda: inside,
        Comparison.NE: lambda: sa.not_(inside),
        Comparison.GT: lambda: instant >= query_hi,
        Comparison.LT: lambda: instant < query_lo,
        Comparison.GE: lambda: instant >= query_lo,
        Comparison.LE: lambda: instant < query_hi,
        Comparison.SA: lambda: instant >= query_hi,
        Comparison.EB: lambda: instant < query_lo,
        Comparison.AP: lambda: inside,
    }
    return tests[leaf.comparison]()


def fence(tx: Number, dialect: str) -> Clause:
    """Return whether every transaction up to `tx` has ended, in the statement's snapshot."""
    if dialect == "sqlite":
        return sa.true()
    oldest = sa.literal_column(
        "(SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint)", sa.BigInteger()
    )
    return tx < oldest


def _of_row(leaf: HasId | Updated | Fenced | Belongs, subject: Subject) -> Clause:
    if isinstance(leaf, Belongs):
        return subject.column("owner") == key_of(leaf.type_id, leaf.name)
    if subject.document:
        return _of_document(leaf, subject.column, subject.dialect)
    document = schema.resource.alias()
    found = (
        sa.select(ONE)
        .select_from(document)
        .where(
            document.c.rid == subject.column("rid"),
            _of_document(leaf, lambda name: document.c[name], subject.dialect),
        )
    )
    return found.exists()


def _of_document(
    leaf: HasId | Updated | Fenced, get: Callable[[str], ColumnElement[Any]], dialect: str
) -> Clause:
    match leaf:
        case HasId():
            return in_list(get("fhir_id"), leaf.name, dialect, texts=True)
        case Updated():
            return updated(leaf, get("last_updated"))
        case Fenced():
            return fence(get("tx"), dialect)

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
from fhir_server.storage.binding import ONE, ZERO, column, constant, in_list, number, ours, then
from fhir_server.storage.consent_sql import permits, permits_by_call
from fhir_server.storage.shape import (
    Belongs,
    Every,
    Fenced,
    HasAny,
    HasExact,
    HasId,
    HasReference,
    HasToken,
    HasUri,
    Leads,
    Leaf,
    Led,
    Opposite,
    Permits,
    Shape,
    Some,
    Truth,
    Updated,
)
from fhir_server.storage.value_sql import Clause, Number, key_of, value_tests


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The row that is tested: its alias, the type of its resource, and whether it is a document.

    What is no document has neither the logical id nor the stamp. `few`: so few rows are tested
    that a call per row is cheaper than setting up what many rows want. `type_id` None: the row
    says itself of which type it is.
    """

    alias: str
    type_id: int | None
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
        case Every() | Some() | Opposite():
            return _logic(shape, subject)
        case Permits():
            return _permits(shape, subject)
        case HasId() | Updated() | Fenced() | Belongs():
            return _of_row(shape, subject)
        case HasAny() | Leads() | Led():
            return _of_others(shape, subject)
        case _:
            return probe(shape, subject)


def _logic(shape: Every | Some | Opposite, subject: Subject) -> Clause:
    if isinstance(shape, Opposite):
        return sa.not_(clause(shape.operand, subject))
    parts = [clause(part, subject) for part in shape.operands]
    every = isinstance(shape, Every)
    return sa.and_(sa.true(), *parts) if every else sa.or_(sa.false(), *parts)


def _permits(leaf: Permits, subject: Subject) -> Clause:
    called = subject.few and subject.dialect == "postgresql"
    test = permits_by_call if called else permits
    return test(leaf, subject.alias, subject.type_id, subject.dialect)


def probe(leaf: Leaf, subject: Subject) -> Clause:
    """Return whether the resource has a value that `leaf` asks for."""
    table, tests = value_tests(leaf, subject.dialect)
    if isinstance(leaf, HasToken | HasReference | HasUri | HasExact):
        # (owner, parameter, value, resource) is one look at an index. With a range in the place
        # of the value it would be all of an owner's rows, so there the resource alone leads.
        tests.append(table.c.owner == subject.column("owner"))
    tests.append(table.c.rid == subject.column("rid"))
    return sa.select(ONE).select_from(table).where(*tests).exists()


def _of_others(shape: HasAny | Leads | Led, subject: Subject) -> Clause:
    if isinstance(shape, HasAny):
        return sa.or_(*(_any_row(name, shape.param_id, subject) for name in shape.tables))
    return _elsewhere(shape, subject)


def _any_row(name: str, param_id: int | str, subject: Subject) -> Clause:
    table = schema.metadata.tables[name].alias()
    found = sa.select(ONE).where(
        table.c.rid == subject.column("rid"), table.c.param_id == ours(param_id)
    )
    return found.exists()


def _elsewhere(link: Leads | Led, subject: Subject) -> Clause:
    """Return whether the resource at the other end of a reference satisfies the inner test.

    What that end may be stands beside the statement and not in it: chains of any depth would be
    nested too deep for SQLite's parser. Both databases put it back where it is named.
    """
    references = schema.ix_reference.alias()
    reached = Subject(
        # The alias is written out in the inner test, so each depth has its own.
        alias=f"{subject.alias}x",
        type_id=link.type_id,
        dialect=subject.dialect,
        few=subject.few,
    )
    other = schema.resource.alias(reached.alias)
    live = [other.c.type_id == constant(link.type_id), other.c.deleted == ZERO]
    ends = sa.select(other.c.rid).where(*live, clause(link.inner, reached))
    far = ends.cte().prefix_with("NOT MATERIALIZED")
    here, there = ("rid", "target") if isinstance(link, Leads) else ("target", "rid")
    tests = [
        references.c.param_id == ours(link.param_id),
        references.c[here] == subject.column("rid"),
        far.c.rid == references.c[there],
    ]
    joined = then(references, far, subject.dialect)
    return sa.select(ONE).select_from(joined).where(*tests).exists()


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

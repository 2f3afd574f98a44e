"""Plan → SQL: one statement for a page of a search, one for its total.

Every way to the rows applies the same tests, the caller's permission among them, before it counts
or limits anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement

from fhir_server.storage import schema
from fhir_server.storage.binding import ONE, ZERO, column, constant, ours, then
from fhir_server.storage.clauses import Subject, clause, updated
from fhir_server.storage.ordering import beyond, beyond_pair, edge, key_column, order
from fhir_server.storage.plan import (
    ByOther,
    ByUpdated,
    ByValue,
    FromIds,
    FromLeaves,
    FromOwner,
    FromType,
    Ids,
    Leaves,
    Plan,
    Through,
    Walk,
    WalkOfPatient,
    WithoutValue,
)
from fhir_server.storage.select_sql import DOCUMENT, documents_of, filtered, in_order
from fhir_server.storage.shape import HasDate, HasNumber, HasQuantity, HasReference, Leaf, Updated
from fhir_server.storage.value_sql import Clause, key_of, measured_from, target, value_tests
from fhir_server.storage.walk_sql import walk, walk_of_owner, window

Rows = sa.Select[Any]

# The columns of a row that is handed out, in order; the sort keys follow.
STORED = (
    "rid",
    "version",
    "deleted",
    "owner",
    "type_id",
    "fhir_id",
    "last_updated",
    "method",
    "custodian_id",
    "label_mask",
    "body",
    "body_own",
)


def page(plan: Plan) -> Rows:
    """Return the statement that gives the rows of one page, with their sort keys."""
    found = _together(plan, _ways(plan)).subquery("m")
    keys: list[ColumnElement[Any]] = [found.c[f"k{n}"] for n in range(len(plan.sort))]
    stored = schema.resource.alias("s")
    if plan.dialect == "postgresql":
        looked_up = (
            sa.select(*(stored.c[name] for name in STORED))
            .where(stored.c.rid == column("m", "rid"))
            .offset(ZERO)
            .lateral("b")
        )
        source: sa.FromClause = then(found, looked_up, plan.dialect)
        columns = [looked_up.c[name] for name in STORED]
        joined: list[Clause] = []
    else:
        source = then(found, stored, plan.dialect)
        columns = [stored.c[name] for name in STORED]
        joined = [stored.c.rid == found.c.rid]
    rows = sa.select(*columns, *keys).select_from(source).where(*joined)
    return rows.order_by(*order(plan.sort, keys, found.c.rid))


def total(plan: Plan) -> Rows:
    """Return the statement that counts all rows that match."""
    found = _together(plan, _ways(plan)).subquery("m")
    return sa.select(sa.func.count()).select_from(found)


def count_rows(leaves: Leaves, limit: int, dialect: str) -> Rows:
    """Return the statement that counts the index rows of `leaves`, up to `limit`."""
    parts = [sa.select(part.subquery()) for part in _parts(leaves, dialect)]
    rows = parts[0] if len(parts) == 1 else sa.union_all(*parts)
    bounded = (
        sa.select(ONE.label("one")).select_from(rows.subquery()).limit(constant(limit)).subquery()
    )
    return sa.select(sa.func.count()).select_from(bounded)


def _together(plan: Plan, ways: Sequence[Rows]) -> Rows | sa.CompoundSelect[Any]:
    if len(ways) == 1:
        return ways[0]
    rows = sa.union_all(*(sa.select(way.subquery()) for way in ways)).subquery()
    return in_order(plan, sa.select(*rows.c))


def _ways(plan: Plan) -> list[Rows]:
    """Return selects of `rid`, `k0`, … that give each row once, all together."""
    driver = plan.driver
    match driver:
        case Walk():
            return walk(plan)
        case WalkOfPatient():
            own = walk_of_owner(plan, driver)
            if isinstance(driver.patient, HasReference):
                return [own, _of_others(plan, driver.patient)]
            return [own]
        case FromLeaves():
            return [_from_rids(_less(plan, driver.leaves), _rids(driver.leaves, plan.dialect))]
        case _:
            return [_from_documents(plan, _bounds(plan, driver))]


def _bounds(plan: Plan, driver: FromIds | FromOwner | FromType | WithoutValue) -> list[Clause]:
    match driver:
        case FromIds():
            return [column(DOCUMENT, "rid").in_(_ids(plan, driver))]
        case FromOwner():
            owner = key_of(driver.owner.type_id, driver.owner.name)
            return [column(DOCUMENT, "owner") == owner]
        case FromType():
            return []
        case WithoutValue():
            return [_has_no_value(plan)]


def _ids(plan: Plan, driver: FromIds) -> Rows:
    keys = schema.resource_key.alias("i")
    named = Subject(alias="i", type_id=plan.known_type, dialect=plan.dialect)
    return sa.select(keys.c.rid).where(
        keys.c.type_id == ours(plan.type_id), clause(driver.ids, named)
    )


def _of_others(plan: Plan, patient: HasReference) -> Rows:
    """Return what refers to the patient and belongs to somebody else."""
    table, tests = value_tests(patient, plan.dialect)
    rids = sa.select(table.c.rid).where(*tests, table.c.owner != target(patient)).distinct()
    return _from_rids(plan, rids, few=True)


def _from_rids(plan: Plan, rids: Rows | sa.CompoundSelect[Any], *, few: bool = False) -> Rows:
    source, joined = documents_of(plan, rids.subquery("c"))
    return _documents(plan, source, joined, few=few)


def _from_documents(plan: Plan, bounds: Sequence[Clause]) -> Rows:
    document = schema.resource.alias(DOCUMENT)
    live = [
        column(DOCUMENT, "type_id") == ours(plan.type_id),
        column(DOCUMENT, "deleted") == ZERO,
    ]
    stamps = [
        updated(test, column(DOCUMENT, "last_updated"))
        for test in plan.tests
        if isinstance(test, Updated)
    ]
    return _documents(plan, document, [*live, *stamps, *bounds])


def _documents(
    plan: Plan, source: sa.FromClause, bounds: Sequence[Clause], *, few: bool = False
) -> Rows:
    subject = Subject(alias=DOCUMENT, type_id=plan.known_type, dialect=plan.dialect, few=few)
    document = schema.resource.alias(DOCUMENT)
    rid: ColumnElement[int] = column(DOCUMENT, "rid")
    keys = [_typed(plan, n, document) for n in range(len(plan.sort))]
    bounds = [*bounds]
    simple = all(isinstance(key, ByUpdated) for key in plan.sort) and len(keys) == 1
    if plan.after is not None and simple:
        bounds.append(beyond_pair(plan.sort[0], keys[0], rid, plan.after))
    tests = [clause(test, subject) for test in plan.tests]
    labelled = [key.label(f"k{n}") for n, key in enumerate(keys)]
    rows = filtered(plan, source, bounds=bounds, tests=tests).add_columns(
        rid.label("rid"), *labelled
    )
    if plan.after is not None and not simple:
        inner = rows.subquery("n")
        columns = [inner.c[f"k{n}"] for n in range(len(keys))]
        rows = sa.select(inner).where(beyond(plan.sort, columns, inner.c.rid, plan.after))
    return in_order(plan, rows)


def _typed(plan: Plan, number: int, document: sa.FromClause) -> ColumnElement[Any]:
    """Return the sort key `number` of a document; written out, see binding.column."""
    key = plan.sort[number]
    if isinstance(key, ByValue | ByOther):
        found = key_column(key, document)
        return sa.cast(sa.null(), found.type) if isinstance(plan.driver, WithoutValue) else found
    name = "last_updated" if isinstance(key, ByUpdated) else "fhir_id"
    return sa.type_coerce(column(DOCUMENT, name), document.c[name].type)


def _has_no_value(plan: Plan) -> Clause:
    key = plan.sort[0]
    if not isinstance(key, ByValue):
        return sa.false()
    table = schema.metadata.tables[key.table].alias()
    found = sa.select(ONE).where(
        table.c.rid == column(DOCUMENT, "rid"),
        table.c.param_id == constant(key.param_id),
        edge(table, key),
    )
    return sa.not_(found.exists())


def _less(plan: Plan, leaves: Leaves) -> Plan:
    """Return `plan` without the test that each of its rows passes already."""
    if len(leaves) > 1 or isinstance(leaves[0], HasDate):
        return plan
    return replace(plan, tests=tuple(test for test in plan.tests if test != leaves[0]))


def _rids(leaves: Leaves, dialect: str) -> Rows | sa.CompoundSelect[Any]:
    parts = list(_parts(leaves, dialect))
    return parts[0].distinct() if len(parts) == 1 else sa.union(*parts)


def _parts(leaves: Leaves, dialect: str) -> Iterator[Rows]:
    """Yield selects of `rid` that together give the resources of which one of `leaves` is true."""
    for leaf in leaves:
        match leaf:
            case Through():
                yield _through(leaf, dialect)
            case Ids():
                named = Subject(alias="i", type_id=leaf.type_id, dialect=dialect)
                keys = schema.resource_key.alias("i")
                of_type = keys.c.type_id == constant(leaf.type_id)
                yield sa.select(keys.c.rid).where(of_type, clause(leaf.ids, named))
            case _:
                yield from _leaf_rows(leaf, dialect)


def _through(way: Through, dialect: str) -> Rows:
    """Return what is linked to the few that the inner way gives, looked up one by one."""
    inner = _rids(way.inner, dialect).subquery()
    references = schema.ix_reference.alias()
    near, far = ("target", "rid") if way.forward else ("rid", "target")
    here = [references.c.param_id == ours(way.param_id), references.c[near] == inner.c.rid]
    if dialect == "sqlite":
        joined = then(inner, references, dialect)
        return sa.select(references.c[far].label("rid")).select_from(joined).where(*here)
    found = sa.select(references.c[far].label("rid")).where(*here).offset(ZERO).lateral()
    return sa.select(found.c.rid).select_from(then(inner, found, dialect))


def _leaf_rows(leaf: Leaf, dialect: str) -> list[Rows]:
    """Return the index rows that `leaf` asks for, found from the value."""
    table, tests = value_tests(leaf, dialect)
    rows = sa.select(table.c.rid).select_from(table).where(*tests)
    if isinstance(leaf, HasDate):
        regular = [
            table.c.hi < constant(schema.OPEN),
            table.c.lo > constant(-schema.OPEN),
            table.c.edge == constant(3),
        ]
        odd = rows.where(schema.ODD).with_hint(table, "INDEXED BY ix_date_odd", "sqlite")
        return [rows.where(*regular, *window(leaf, table)), odd]
    if isinstance(leaf, HasNumber | HasQuantity):
        single = rows.where(table.c.lo == table.c.hi, *measured_from(leaf, table.c.lo))
        name = "ix_number" if isinstance(leaf, HasNumber) else "ix_quantity"
        ranged = rows.where(schema.RANGED)
        return [single, ranged.with_hint(table, f"INDEXED BY {name}_ranged", "sqlite")]
    return [rows]

"""The parts of which every search statement is made."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement

from fhir_server.storage import schema
from fhir_server.storage.binding import ONE, ZERO, column, constant, ours, then
from fhir_server.storage.ordering import order
from fhir_server.storage.plan import Plan

Clause = ColumnElement[bool]

DOCUMENT = "r"
# What a test or a sort may ask of a document.
_TESTED = (
    "rid",
    "owner",
    "type_id",
    "fhir_id",
    "last_updated",
    "tx",
    "deleted",
    "custodian_id",
    "label_mask",
)


def filtered(
    plan: Plan, source: sa.FromClause, *, bounds: Sequence[Clause], tests: Sequence[Clause]
) -> sa.Select[Any]:
    """Return the selection, without columns, of rows within `bounds` that pass all `tests`.

    On PostgreSQL the tests stand behind a barrier: as plain conditions the planner takes masks
    for very selective, expects one row, and sorts every candidate (consent-sql: 32 to 53 ms
    instead of 1).
    """
    if plan.dialect == "postgresql" and tests:
        barrier = sa.select(ONE).where(*tests).offset(ZERO).lateral("g")
        return sa.select().select_from(then(source, barrier, plan.dialect)).where(*bounds)
    return sa.select().select_from(source).where(*bounds, *tests)


def documents_of(plan: Plan, rows: sa.FromClause) -> tuple[sa.FromClause, list[Clause]]:
    """Return `rows` joined to their live documents, looked up one by one, and the conditions."""
    document = schema.resource.alias(DOCUMENT)
    conditions: list[Clause] = [
        column(DOCUMENT, "deleted") == ZERO,
        column(DOCUMENT, "type_id") == ours(plan.type_id),
    ]
    if plan.dialect == "sqlite":
        source = then(rows, document, plan.dialect)
        return source, [document.c.rid == rows.c.rid, *conditions]
    found = schema.resource.alias()
    looked_up = (
        sa.select(*(found.c[name] for name in _TESTED))
        .where(found.c.rid == rows.c.rid)
        .offset(ZERO)
        .lateral(DOCUMENT)
    )
    return then(rows, looked_up, plan.dialect), conditions


def in_order(plan: Plan, rows: sa.Select[Any], *, complete: bool = False) -> sa.Select[Any]:
    """Return `rows` (`rid`, `k0`, …) in the order of the plan, as many as it wants.

    `complete`: no row lacks a value to sort by.
    """
    if plan.limit is None:
        return rows
    rid, *keys = rows.selected_columns
    terms = order(plan.sort, keys, rid, complete=complete)
    return rows.order_by(*terms).limit(constant(plan.limit))

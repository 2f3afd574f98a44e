"""Walking an index in the order of the sort until the page is full.

`date=ge…&_sort=-date` over everybody must not look at more rows than it shows. The walk goes over
ix_date_all from the upper to the lower end of the window that the query's dates leave open; an
interval that reaches into the window began at most the longest interval (date_span) before it.
Rows of which that does not hold ("odd": no start, no end, several values) are walked apart, over
an index that holds only them.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from fhir_server.search.expression import Comparison
from fhir_server.storage import schema
from fhir_server.storage.binding import column, constant, number, ours
from fhir_server.storage.clauses import Subject, clause, probe
from fhir_server.storage.ordering import beyond_pair, edge, value_column
from fhir_server.storage.plan import ByValue, Plan, WalkOfPatient
from fhir_server.storage.select_sql import documents_of, filtered, in_order
from fhir_server.storage.shape import Belongs, HasDate, Shape
from fhir_server.storage.value_sql import Clause, Number, compares, key_of, target

_ALIAS = "d"
_SINGLE = 3


def walk(plan: Plan) -> list[sa.Select[Any]]:
    """Return the walks over everybody that together give all rows that have a value."""
    key = _key(plan)
    table = _table(key)
    dates = _dates_of(plan.tests, key)
    if not dates:
        return [_rows(plan, key, _candidates(plan, key, table, edge(table, key)))]
    regular = [
        table.c.edge == constant(_SINGLE),
        table.c.hi < constant(schema.OPEN),
        table.c.lo > constant(-schema.OPEN),
        *(bound for leaf in dates for bound in window(leaf, table)),
    ]
    regular_rows, odd_rows = (
        _candidates(plan, key, table, *regular, index="ix_date_all"),
        _candidates(plan, key, table, edge(table, key), schema.ODD, index="ix_date_odd"),
    )
    return [_rows(plan, key, regular_rows, single=True), _rows(plan, key, odd_rows, few=True)]


def walk_of_owner(plan: Plan, driver: WalkOfPatient) -> sa.Select[Any]:
    """Return the walk over the rows of the patient."""
    key = _key(plan)
    table = _table(key)
    patient = driver.patient
    if isinstance(patient, Belongs):
        owner = key_of(patient.type_id, patient.name)
    else:
        owner = target(patient)
    return _rows(plan, key, _candidates(plan, key, table, table.c.owner == owner, edge(table, key)))


def window(leaf: HasDate, table: sa.FromClause) -> list[Clause]:
    """Return what the bounds of `leaf` say about where a matching interval begins."""
    lo: Number = table.c.lo
    query_lo, query_hi = number(leaf.lo), number(leaf.hi)
    spans = schema.date_span.alias()
    longest = sa.func.coalesce(
        sa.select(spans.c.max_span)
        .where(spans.c.param_id == ours(leaf.param_id))
        .scalar_subquery(),
        constant(0),
    )
    bounds: dict[Comparison, list[Clause]] = {
        Comparison.EQ: [lo >= query_lo, lo < query_hi],
        Comparison.NE: [],
        Comparison.GT: [lo > query_hi - longest],
        Comparison.LT: [lo < query_lo],
        Comparison.GE: [lo > query_lo - longest],
        Comparison.LE: [lo < query_hi],
        Comparison.SA: [lo >= query_hi],
        Comparison.EB: [lo < query_lo],
        Comparison.AP: [lo < query_hi, lo > query_lo - longest],
    }
    return bounds[leaf.comparison]


def _dates_of(tests: Sequence[Shape], key: ByValue) -> list[HasDate]:
    return [test for test in tests if isinstance(test, HasDate) and test.param_id == key.param_id]


def _key(plan: Plan) -> ByValue:
    (key,) = plan.sort
    if not isinstance(key, ByValue):
        raise TypeError("Only the order of an index's values is walked.")
    return key


def _table(key: ByValue) -> sa.FromClause:
    return schema.metadata.tables[key.table].alias(_ALIAS)


def _candidates(
    plan: Plan, key: ByValue, table: sa.FromClause, *bounds: Clause, index: str = ""
) -> sa.Select[Any]:
    """Return the index rows within `bounds`, beyond the page before; SQLite is told the index."""
    within = [table.c.param_id == constant(key.param_id), *bounds]
    if plan.after is not None:
        within.append(beyond_pair(key, value_column(table, key), table.c.rid, plan.after))
    rows = sa.select(*table.c).where(*within)
    return rows.with_hint(table, f"INDEXED BY {index}", "sqlite") if index else rows


def _rows(
    plan: Plan,
    key: ByValue,
    candidates: sa.Select[Any],
    *,
    single: bool = False,
    few: bool = False,
) -> sa.Select[Any]:
    """Return those of `candidates` that pass the tests, in order.

    `single`: each is its resource's only value; `few`: there are hardly any.
    """
    table = candidates.subquery(_ALIAS)
    source: sa.FromClause = table
    bounds: list[Clause] = []
    subject = Subject(
        alias=_ALIAS, type_id=plan.known_type, dialect=plan.dialect, document=False, few=few
    )
    if key.table != schema.ix_date.name:
        # Only ix_date bears the policy data; elsewhere the document has to be looked at.
        source, bounds = documents_of(plan, table)
        subject = Subject(alias="r", type_id=plan.known_type, dialect=plan.dialect)
    tests = [_test(test, key, subject, single=single) for test in plan.tests]
    rows = filtered(plan, source, bounds=bounds, tests=tests)
    columns = table.c.rid.label("rid"), value_column(table, key).label("k0")
    return in_order(plan, rows.add_columns(*columns), complete=True)


def _test(test: Shape, key: ByValue, subject: Subject, *, single: bool) -> Clause:
    """Return the test; of the walked row itself where that is the resource's only value."""
    if isinstance(test, HasDate) and test.param_id == key.param_id:
        of_row = compares(test, column(_ALIAS, "lo"), column(_ALIAS, "hi"))
        if single:
            return of_row
        only = column(_ALIAS, "edge") == constant(_SINGLE)
        return sa.or_(sa.and_(only, of_row), sa.and_(sa.not_(only), probe(test, subject)))
    return clause(test, subject)

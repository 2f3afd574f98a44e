"""What comes along with the matches of a page: `_include` and `_revinclude`, round by round.

https://hl7.org/fhir/R4/search.html#revinclude ; every resource is permitted for itself, inside the
statement and before its limit. Types with the same permission share one test of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement

from fhir_server.fhir.definitions import Definitions
from fhir_server.search.expression import Expression
from fhir_server.search.parameter import SearchType
from fhir_server.search.parameters import parameters
from fhir_server.search.query import Include
from fhir_server.storage import schema
from fhir_server.storage.binding import ZERO, constant, in_list, then
from fhir_server.storage.clauses import Subject, clause
from fhir_server.storage.lower import lower
from fhir_server.storage.prepared import Prepared
from fhir_server.storage.search_sql import STORED, Rows
from fhir_server.storage.session import Row, Session
from fhir_server.storage.shape import Shape, Values

# What one page may bring along; where there is more, the answer says so.
MOST_INCLUDED = 1000
# Each round goes one reference further.
_MOST_ROUNDS = 10
_KEY = STORED.index("rid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What the resources listed under `page` refer to, or, `reverse`, what refers to them.

    By the parameters listed under `parameters` (None: `every` one), or by a pair of `typed`: a
    parameter and the type that it must refer to. `permits`: the permission of each group of types.
    """

    dialect: str
    page: str
    reverse: bool
    every: bool
    parameters: str | None
    typed: tuple[tuple[int, int], ...]
    permits: tuple[tuple[tuple[int, ...], Shape], ...]
    limit: int


class Including:
    """The includes of one answer, on one session."""

    def __init__(self, prepared: Prepared, definitions: Definitions, dialect: str) -> None:
        self._prepared = prepared
        self._definitions = definitions
        self._dialect = dialect

    def rows(
        self,
        includes: Sequence[Include],
        permitted: Mapping[str, Expression],
        matches: Iterable[int],
        session: Session,
    ) -> tuple[list[Row], bool]:
        """Return the rows that the matches with these keys bring along, and whether some are cut.

        A type that is missing from `permitted` brings nothing.
        """
        shown = set(matches)
        page, found = sorted(shown), list[Row]()
        wanted = includes
        for _ in range(_MOST_ROUNDS):
            left = MOST_INCLUDED - len(found)
            fresh: dict[int, Row] = {}
            for reverse in (False, True):
                step = [one for one in wanted if one.reverse is reverse]
                if step and page:
                    rows = self._linked(step, permitted, page, session, left)
                    fresh.update((row[_KEY], row) for row in rows if row[_KEY] not in shown)
            if len(fresh) > left:
                return [*found, *list(fresh.values())[:left]], True
            found += fresh.values()
            page, wanted = sorted(fresh), [one for one in wanted if one.iterate]
            shown |= fresh.keys()
            if not page or not wanted:
                break
        return found, False

    def _linked(
        self,
        step: Sequence[Include],
        permitted: Mapping[str, Expression],
        page: Sequence[int],
        session: Session,
        left: int,
    ) -> list[Row]:
        values = Values(self._dialect)
        # Those already shown may be among what is found, and are no news.
        limit = left + 1 + len(page)
        plan = self._plan(step, permitted, values.add_list(page), values, _rounded(limit))
        if plan is None:
            return []
        return self._prepared.fetching(linked, plan, values)(session)

    def _plan(
        self,
        step: Sequence[Include],
        permitted: Mapping[str, Expression],
        page: str,
        values: Values,
        limit: int,
    ) -> Linked | None:
        type_id = self._definitions.type_id
        reverse = step[0].reverse
        every, numbers, typed = False, set[int](), set[tuple[int, int]]()
        for include in step:
            if include.parameter is not None and include.target is not None:
                typed.add((include.parameter.param_id, type_id(include.target)))
            elif include.parameter is not None:
                numbers.add(include.parameter.param_id)
            elif include.source is None and not reverse:
                every = True
            else:
                sources = tuple(permitted) if include.source is None else (include.source,)
                numbers.update(_references(self._definitions, sources))
        groups = self._groups(permitted, self._reached(step, permitted), values)
        if not groups or not (every or numbers or typed):
            return None
        return Linked(
            dialect=self._dialect,
            page=page,
            reverse=reverse,
            every=every,
            parameters=values.add_list(numbers) if numbers else None,
            typed=tuple(sorted(typed)),
            permits=groups,
            limit=limit,
        )

    def _reached(
        self, step: Sequence[Include], permitted: Mapping[str, Expression]
    ) -> frozenset[str]:
        """Return the types of which something may come along, so that no others are permitted."""
        reached: set[str] = set()
        for one in step:
            if one.reverse:
                reached.update(permitted if one.source is None else (one.source,))
            elif one.target is not None:
                reached.add(one.target)
            else:
                targets = one.parameter.targets if one.parameter is not None else ()
                reached.update(targets or permitted)
        return frozenset(reached)

    def _groups(
        self, permitted: Mapping[str, Expression], reached: frozenset[str], values: Values
    ) -> tuple[tuple[tuple[int, ...], Shape], ...]:
        """Return the types by their permission."""
        types: dict[Expression, list[int]] = {}
        for type_ in sorted(reached & permitted.keys()):
            types.setdefault(permitted[type_], []).append(self._definitions.type_id(type_))
        return tuple(
            (tuple(kinds), lower(permission, values, self._definitions))
            for permission, kinds in types.items()
        )


def linked(plan: Linked) -> Rows:
    """Return the statement for what one round brings along."""
    references = schema.ix_reference.alias()
    near, far = ("target", "rid") if plan.reverse else ("rid", "target")
    rids = (
        sa.select(references.c[far].label("rid"))
        .where(
            in_list(references.c[near], plan.page, plan.dialect),
            references.c.target_type > ZERO,
            *_of_parameters(plan, references),
        )
        .distinct()
        .subquery("c")
    )
    current = schema.resource.alias("r")
    permitted = (_permitted(plan, current, kinds, shape) for kinds, shape in plan.permits)
    return (
        sa.select(*(current.c[name] for name in STORED))
        .select_from(then(rids, current, plan.dialect))
        .where(
            current.c.rid == rids.c.rid,
            current.c.deleted == ZERO,
            sa.or_(sa.false(), *permitted),
        )
        .order_by(current.c.rid)
        .limit(constant(plan.limit))
    )


def _of_parameters(plan: Linked, references: sa.FromClause) -> list[ColumnElement[bool]]:
    if plan.every:
        return []
    ways: list[ColumnElement[bool]] = [
        sa.and_(
            references.c.param_id == constant(number), references.c.target_type == constant(kind)
        )
        for number, kind in plan.typed
    ]
    if plan.parameters is not None:
        ways.append(in_list(references.c.param_id, plan.parameters, plan.dialect))
    return [sa.or_(*ways)]


def _permitted(
    plan: Linked, current: sa.FromClause, kinds: tuple[int, ...], shape: Shape
) -> ColumnElement[bool]:
    only = kinds[0] if len(kinds) == 1 else None
    subject = Subject(alias="r", type_id=only, dialect=plan.dialect)
    of_type = current.c.type_id.in_([constant(kind) for kind in kinds])
    return sa.and_(of_type, clause(shape, subject))


def _rounded(limit: int) -> int:
    """Return `limit` or a little more, so that a few statements serve all."""
    return next(size for size in (1100, 2200, 1 << 20) if size >= limit)


@lru_cache(maxsize=1024)
def _references(definitions: Definitions, types: tuple[str, ...]) -> frozenset[int]:
    """Return the numbers of all reference parameters of `types`."""
    return frozenset(
        parameter.param_id
        for type_ in types
        for parameter in parameters(definitions, type_).values()
        if parameter.type is SearchType.REFERENCE
    )

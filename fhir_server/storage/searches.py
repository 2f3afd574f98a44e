"""Searches: parse tree and permission to rows, page by page."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, TypeVar

import sqlalchemy as sa

from fhir_server.fhir.definitions import Definitions
from fhir_server.search.confined import ConfinedQuery
from fhir_server.search.expression import all_of
from fhir_server.search.query import Position, Query, SortKey, Summary, Total
from fhir_server.storage import schema, search_sql
from fhir_server.storage.choose import FEW, Chooser, keys
from fhir_server.storage.engine import Database
from fhir_server.storage.including import Including
from fhir_server.storage.lower import lower
from fhir_server.storage.plan import (
    ByUpdated,
    ByValue,
    Driver,
    Key,
    Leaves,
    Plan,
    Walk,
    WalkOfPatient,
    WithoutValue,
)
from fhir_server.storage.prepared import Prepared, Recent
from fhir_server.storage.rows import SearchRows, Stored
from fhir_server.storage.session import Row, Session
from fhir_server.storage.shape import Fenced, HasDate, Updated, Values, conjuncts, holds
from fhir_server.storage.stored import stored

P = TypeVar("P", bound=Hashable)

_KEYS = len(search_sql.STORED)
_REMEMBERED = 4096


class Searches:
    """The searches of one database."""

    def __init__(self, database: Database, definitions: Definitions, prepared: Prepared) -> None:
        self._database = database
        self.dialect = database.dialect
        self.definitions = definitions
        self.prepared = prepared
        self.including = Including(prepared, definitions, database.dialect)
        # Values that were found to be frequent; they hardly become rare again.
        self._frequent = Recent(_REMEMBERED)

    def search(self, asked: ConfinedQuery) -> SearchRows:
        """Return one page, what it includes, and the total where it is asked for.

        Raises:
            UnavailableError: The database is away.
        """
        query = asked.query
        several = query.total is not Total.NONE or bool(query.includes)
        return self._database.read(
            lambda session: _Search(self, asked, session).rows(), snapshot=several
        )

    def several(self, asked: Sequence[ConfinedQuery]) -> SearchRows:
        """Return one page of the searches of several types, in one order.

        All have the same sort, which no type has of its own, the same count and position.

        Raises:
            UnavailableError: The database is away.
        """
        return self._database.read(lambda session: _several(self, asked, session), snapshot=True)

    def on(self, session: Session, asked: ConfinedQuery) -> SearchRows:
        """Return one page, as a transaction sees it that is under way."""
        return _Search(self, asked, session).rows()

    def count_few(self, leaves: Leaves, values: Values, session: Session) -> int:
        """Return how many index rows `leaves` have, counted up to FEW."""
        sql = self.prepared.compiled(_count_few, (leaves, self.dialect))
        arguments = sql.arguments(values.by_name)
        seen = (leaves, *(tuple(one) if isinstance(one, list) else one for one in arguments))
        if seen in self._frequent:
            return FEW
        ((number,),) = session.fetch(sql.text, arguments)
        if number >= FEW:
            self._frequent.add(seen)
        return int(number)


class _Search:
    """One search, on one session."""

    def __init__(
        self, store: Searches, asked: ConfinedQuery, session: Session, *, bound: bool = False
    ) -> None:
        self._store = store
        self._bound = bound
        self._asked = asked
        self._query: Query = asked.query
        self._session = session
        self._values = Values(store.dialect)
        everything = all_of(asked.query.where, asked.permits)
        shape = lower(everything, self._values, store.definitions, bound=bound)
        self._sort = keys(asked.query.sort)
        self._tests = conjuncts(shape)
        if holds(shape, Updated) or any(_is_updated(key) for key in asked.query.sort):
            self._tests += (Fenced(),)
        self._chooser = Chooser(self._tests, store.definitions.type_id("Patient"), self._count_few)

    def rows(self) -> SearchRows:
        """Return the answer."""
        query = self._query
        if query.summary is Summary.COUNT or query.count == 0:
            return SearchRows(matches=(), total=self.total())
        rows = self.page()
        shown = rows[: query.count]
        matches = tuple(self._stored(row) for row in shown)
        included, cut = self._included(matches)
        return SearchRows(
            matches=matches,
            includes=included,
            cut=cut,
            total=None if query.total is Total.NONE else self.total(),
            after=(*shown[-1][_KEYS:], shown[-1][0]) if len(rows) > query.count else None,
        )

    def _included(self, matches: tuple[Stored, ...]) -> tuple[tuple[Stored, ...], bool]:
        if not self._query.includes or not matches:
            return (), False
        rows, cut = self._store.including.rows(
            self._query.includes,
            self._asked.include_permits,
            [match.key for match in matches],
            self._session,
        )
        return tuple(map(self._stored, rows)), cut

    def page(self) -> list[Row]:
        """Return the rows of the page and, where there is one, the first of the next."""
        wanted, after = self._query.count + 1, self._query.after
        driver = self._chooser.for_page(self._sort)
        rows: list[Row] = []
        if not isinstance(driver, Walk) or after is None or after[0] is not None:
            rows = self._fetch(search_sql.page, self._plan(driver, after, wanted))
            after = None
        if (
            isinstance(driver, Walk)
            and len(rows) < wanted
            and not self._chooser.all_valued(self._sort[0])
        ):
            rows += self._fetch(
                search_sql.page, self._plan(WithoutValue(), after, wanted - len(rows))
            )
        return rows

    def total(self) -> int:
        """Return the number of all matches."""
        dates = (test.param_id for test in self._tests if isinstance(test, HasDate))
        walked = next(
            (
                ByValue(schema.ix_date.name, date, descending=True)
                for date in dates
                if isinstance(date, int)
            ),
            None,
        )
        driver = self._chooser.for_total(walked)
        order = walked if walked is not None and isinstance(driver, Walk | WalkOfPatient) else None
        plan = replace(self._plan(driver, None, None), sort=(order or ByUpdated(descending=True),))
        ((number,),) = self._fetch(search_sql.total, plan)
        return int(number)

    def _plan(self, driver: Driver, after: Position | None, limit: int | None) -> Plan:
        type_id = self._store.definitions.type_id(self._query.type)
        return Plan(
            dialect=self._store.dialect,
            type_id=self._values.add(type_id) if self._bound else type_id,
            tests=self._tests,
            driver=driver,
            sort=self._sort,
            after=None if after is None else tuple(map(self._named, after)),
            limit=limit,
        )

    def _named(self, value: float | str | None) -> str | None:
        return None if value is None else self._values.add(value)

    def _count_few(self, leaves: Leaves) -> int:
        return self._store.count_few(leaves, self._values, self._session)

    def _fetch(self, build: Callable[[P], sa.sql.ClauseElement], plan: P) -> list[Row]:
        return self._store.prepared.fetching(build, plan, self._values)(self._session)

    def _stored(self, row: Row) -> Stored:
        return stored(row, self._store.definitions, self._asked.own)


def _several(store: Searches, asked: Sequence[ConfinedQuery], session: Session) -> SearchRows:
    query = asked[0].query
    searches = [_Search(store, one, session, bound=True) for one in asked]
    total = None
    if query.total is not Total.NONE:
        total = sum(search.total() for search in searches)
    if query.summary is Summary.COUNT or query.count == 0:
        return SearchRows(matches=(), total=total)
    rows = _merged([row for search in searches for row in search.page()], keys(query.sort))
    shown = rows[: query.count]
    matches = tuple(stored(row, store.definitions, asked[0].own) for row in shown)
    found, cut = store.including.rows(
        tuple(dict.fromkeys(include for one in asked for include in one.query.includes)),
        {type_: permits for one in asked for type_, permits in one.include_permits.items()},
        [match.key for match in matches],
        session,
    )
    return SearchRows(
        matches=matches,
        includes=tuple(stored(row, store.definitions, asked[0].own) for row in found),
        cut=cut,
        total=total,
        after=(*shown[-1][_KEYS:], shown[-1][0]) if len(rows) > query.count else None,
    )


def _merged(rows: list[Row], order: Sequence[Key]) -> list[Row]:
    """Return `rows`, which all have their keys, in one order: sorted from the last key on."""
    rows.sort(key=itemgetter(0), reverse=order[-1].descending)
    for place, key in reversed(list(enumerate(order))):
        rows.sort(key=itemgetter(_KEYS + place), reverse=key.descending)
    return rows


def _is_updated(key: SortKey) -> bool:
    return key.parameter is None and not key.by_id


def _count_few(counted: tuple[Leaves, str]) -> sa.Select[Any]:
    leaves, dialect = counted
    return search_sql.count_rows(leaves, FEW, dialect)

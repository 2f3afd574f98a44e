"""Compiled statements, by what their text depends on."""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, TypeVar

import sqlalchemy as sa

from fhir_server.storage.session import Row, Session, Sql, compile_sql
from fhir_server.storage.shape import Values

P = TypeVar("P", bound=Hashable)

# More shapes than clients write; a stranger's inventions push each other out.
_MOST = 2000


class Prepared:
    """The statements of one dialect that were compiled so far."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect

    def fetching(
        self, build: Callable[[P], sa.sql.ClauseElement], plan: P, values: Values
    ) -> Callable[[Session], list[Row]]:
        """Return what executes the statement `build(plan)` with `values`."""
        sql = self.compiled(build, plan)
        arguments = sql.arguments(values.by_name)
        return lambda session: session.fetch(sql.text, arguments)

    def compiled(self, build: Callable[[P], sa.sql.ClauseElement], plan: P) -> Sql:
        """Return the statement `build(plan)`."""
        return _compiled(build, plan, self._dialect)


@lru_cache(maxsize=_MOST)
def _compiled(build: Callable[[Any], sa.sql.ClauseElement], plan: Hashable, dialect: str) -> Sql:
    """Return the text, which depends on nothing else: all databases of a process share it."""
    return compile_sql(build(plan), dialect)


class Recent:
    """The values that were added last, no more than `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[Hashable, None] = {}

    def __contains__(self, value: Hashable) -> bool:
        return value in self._values

    def add(self, value: Hashable) -> None:
        """Add `value`; the oldest goes where there are too many."""
        self._values[value] = None
        if len(self._values) > self._most:
            self._values.pop(next(iter(self._values)), None)

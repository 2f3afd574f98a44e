"""Histories of instances, of types and of all types (https://hl7.org/fhir/R4/http.html#history).

Fenced: a page never shows a version that was stamped after one which is still being committed,
so that nothing can slip in behind a reader.
"""

from collections.abc import Sequence

from fhir_server.fhir.definitions import Definitions
from fhir_server.search.confined import ConfinedHistory
from fhir_server.storage.engine import Database
from fhir_server.storage.lookup_sql import Versions, history
from fhir_server.storage.lower import lower
from fhir_server.storage.prepared import Prepared
from fhir_server.storage.rows import HistoryRows, Stored
from fhir_server.storage.session import Session
from fhir_server.storage.shape import Values
from fhir_server.storage.stored import stored


class Histories:
    """The versions of one database."""

    def __init__(self, database: Database, definitions: Definitions, prepared: Prepared) -> None:
        self._database = database
        self._definitions = definitions
        self._prepared = prepared

    def page(self, asked: ConfinedHistory) -> HistoryRows:
        """Return one page of versions, newest first.

        Raises:
            UnavailableError: The database is away.
        """
        return self._database.read(
            lambda session: _paged(self._rows(asked, session), asked.history.count)
        )

    def several(self, asked: Sequence[ConfinedHistory]) -> HistoryRows:
        """Return one page of the versions of several types, newest first.

        All have the same bounds, count and position.

        Raises:
            UnavailableError: The database is away.
        """

        def read(session: Session) -> HistoryRows:
            found = [version for one in asked for version in self._rows(one, session, bound=True)]
            found.sort(key=_position, reverse=True)
            return _paged(found, asked[0].history.count)

        return self._database.read(read, snapshot=True)

    def _rows(
        self, asked: ConfinedHistory, session: Session, *, bound: bool = False
    ) -> list[Stored]:
        """Return the versions of a page, and where there is one the first of the next."""
        wanted = asked.history
        values = Values(self._database.dialect)
        add, after, at = values.add, wanted.after, wanted.at
        type_id = self._definitions.type_id(wanted.type)
        versions = Versions(
            dialect=self._database.dialect,
            type_id=add(type_id) if bound else type_id,
            permits=lower(asked.permits, values, self._definitions, bound=bound),
            limit=wanted.count + 1,
            id=None if wanted.id is None else add(wanted.id),
            since=None if wanted.since is None else add(wanted.since),
            at=None if at is None else (add(at[0]), add(at[1])),
            after=None if after is None else (add(after[0]), add(after[1]), add(after[2])),
        )
        rows = self._prepared.fetching(history, versions, values)(session)
        return [stored(row, self._definitions, asked.own) for row in rows]


def _position(version: Stored) -> tuple[int, int, int]:
    return version.last_updated, version.key, version.version


def _paged(found: list[Stored], count: int) -> HistoryRows:
    page = tuple(found[:count])
    if len(found) <= count or not page:
        return HistoryRows(versions=page)
    return HistoryRows(versions=page, after=_position(page[-1]))

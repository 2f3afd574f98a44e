"""Histories of instances and types (https://hl7.org/fhir/R4/http.html#history).

Fenced: a page never shows a version that was stamped after one which is still being committed,
so that nothing can slip in behind a reader.
"""

from fhir_server.fhir.definitions import Definitions
from fhir_server.search.confined import ConfinedHistory
from fhir_server.storage.engine import Database
from fhir_server.storage.lookup_sql import Versions, history
from fhir_server.storage.lower import lower
from fhir_server.storage.prepared import Prepared
from fhir_server.storage.rows import HistoryRows
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
        wanted = asked.history
        values = Values(self._database.dialect)
        after = wanted.after
        versions = Versions(
            dialect=self._database.dialect,
            type_id=self._definitions.type_id(wanted.type),
            permits=lower(asked.permits, values, self._definitions),
            limit=wanted.count + 1,
            id=None if wanted.id is None else values.add(wanted.id),
            since=None if wanted.since is None else values.add(wanted.since),
            after=None if after is None else tuple(map(values.add, after)),  # type: ignore[arg-type]
        )
        rows = self._database.read(self._prepared.fetching(history, versions, values))
        page = tuple(stored(row, self._definitions, asked.own) for row in rows[: wanted.count])
        if len(rows) <= wanted.count or not page:
            return HistoryRows(versions=page)
        last = page[-1]
        return HistoryRows(versions=page, after=(last.last_updated, last.key, last.version))

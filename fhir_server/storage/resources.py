"""The store of resources: answers confined queries, and opens write transactions.

Only `access` (and bootstrap) may use it; every query it takes carries the caller's permission.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from fhir_server.fhir import definitions as r4
from fhir_server.fhir.definitions import Definitions
from fhir_server.search.confined import ConfinedHistory, ConfinedQuery, ConfinedRead
from fhir_server.search.expression import Expression
from fhir_server.storage.engine import Database
from fhir_server.storage.histories import Histories
from fhir_server.storage.lookup_sql import Lookup, read
from fhir_server.storage.lower import lower
from fhir_server.storage.prepared import Prepared
from fhir_server.storage.rows import Address, HistoryRows, SearchRows, Stored
from fhir_server.storage.searches import Searches
from fhir_server.storage.session import Row
from fhir_server.storage.shape import Values
from fhir_server.storage.spans import Spans
from fhir_server.storage.stored import stored
from fhir_server.storage.transaction import WriteTransaction

T = TypeVar("T")


class ResourceStore:
    """The resources of one database."""

    def __init__(self, database: Database, definitions: Definitions | None = None) -> None:
        self._database = database
        self._definitions = definitions or r4.load()
        self._prepared = Prepared(database.dialect)
        self._searches = Searches(database, self._definitions, self._prepared)
        self._histories = Histories(database, self._definitions, self._prepared)
        self._spans: dict[int, int] = {}

    def read(self, asked: ConfinedRead) -> Stored | None:
        """Return the current version, or `asked.version`; None if absent or withheld.

        Raises:
            UnavailableError: The database is away.
        """
        row = self._row((asked.type, asked.id), asked.permits, asked.version)
        return None if row is None else stored(row, self._definitions, asked.own)

    def search(self, asked: ConfinedQuery) -> SearchRows:
        """Return one page of a search, what it includes, and its total where it is asked for.

        Raises:
            UnavailableError: The database is away.
        """
        return self._searches.search(asked)

    def search_several(self, asked: Sequence[ConfinedQuery]) -> SearchRows:
        """Return one page of the searches of several types together.

        Raises:
            UnavailableError: The database is away.
        """
        return self._searches.several(asked)

    def history(self, asked: ConfinedHistory) -> HistoryRows | None:
        """Return one page of versions; None for an instance that is absent or withheld.

        Raises:
            UnavailableError: The database is away.
        """
        query = asked.history
        if query.id is not None and self._row((query.type, query.id), asked.permits) is None:
            return None
        return self._histories.page(asked)

    def history_of_several(self, asked: Sequence[ConfinedHistory]) -> HistoryRows:
        """Return one page of the versions of several types together.

        Raises:
            UnavailableError: The database is away.
        """
        return self._histories.several(asked)

    def _row(self, address: Address, permits: Expression, version: int | None = None) -> Row | None:
        values = Values(self._database.dialect)
        lookup = Lookup(
            dialect=self._database.dialect,
            type_id=self._definitions.type_id(address[0]),
            id=values.add(address[1].replace("\x00", " ")),
            version=None if version is None else values.add(version),
            permits=lower(permits, values, self._definitions),
        )
        rows = self._database.read(self._prepared.fetching(read, lookup, values))
        return rows[0] if rows else None

    @contextmanager
    def transaction(self, *, now: int, durable: bool = True) -> Iterator[WriteTransaction]:
        """Run the block in one write transaction at the clock `now`, microseconds.

        Raises:
            UnavailableError: The database is away, or busy for too long.
            CollisionError: Another writer took the same identity first.
            RetryError: It collided with another transaction; Database.retrying tries again.
        """
        spans = Spans(self._spans)
        with self._database.begin(durable=durable) as connection:
            session = self._database.session(connection.connection.driver_connection)
            yield WriteTransaction(session, self._definitions, spans, now, self._searches.on)
        spans.committed()

    def retrying(self, work: Callable[[], T]) -> T:
        """Return `work()`, tried again a few times when it collides with another transaction.

        Raises:
            UnavailableError: It collided every time.
        """
        return self._database.retrying(work)

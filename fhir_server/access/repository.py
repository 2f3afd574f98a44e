"""The gate: every byte of health data leaves through `Repository`, every change enters here.

Each method checks the scope before anything is looked up, confines what is asked to what this
caller may have, and audits the answer. What is absent and what is withheld are one 404.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fhir_server.access.changes import Change, Committed
from fhir_server.access.context import AccessContext
from fhir_server.access.ports import Ports
from fhir_server.facts.query import FactQuery
from fhir_server.search.query import HistoryQuery, Query
from fhir_server.storage.rows import HistoryRows, Receipt, SearchRows, Stored

Page = SearchRows
Receipting = Callable[[tuple[Committed, ...]], Receipt]
HistoryPage = HistoryRows


@dataclass(frozen=True, slots=True)
class Repository:
    """What one caller may read and write; cheap to make, one per request."""

    context: AccessContext
    ports: Ports

    def read(self, type_: str, id_: str) -> Stored:
        """Return the current version.

        Raises:
            ForbiddenError: No scope lets the caller read this type.
            NotFoundError: Absent or withheld.
            GoneError: Deleted, and the caller might have seen it.
        """
        raise NotImplementedError

    def vread(self, type_: str, id_: str, version: int) -> Stored:
        """Return one version; a deletion is returned as one, with `deleted` and no body.

        Raises:
            ForbiddenError: No scope lets the caller read this type.
            NotFoundError: Absent or withheld.
        """
        raise NotImplementedError

    def search(self, query: Query) -> Page:
        """Return one page of what matches and the caller may have.

        Raises:
            ForbiddenError: No scope lets the caller search this type, or an emergency token does
                not name one patient.
        """
        raise NotImplementedError

    def history(self, query: HistoryQuery) -> HistoryPage:
        """Return one page of versions, newest first.

        Raises:
            ForbiddenError: No scope lets the caller see this history.
            NotFoundError: An instance's history that is absent or withheld.
        """
        raise NotImplementedError

    def commit(
        self, changes: Sequence[Change], receipt: Receipt | Receipting | None = None
    ) -> tuple[Committed, ...]:
        """Make all `changes` or none, in one transaction; the results are in their order.

        `receipt` is noted in the same transaction. Where what it answers tells the versions that
        were written, as intake's does, it is a function of the results. Without changes, only the
        receipt is noted.

        Raises:
            ForbiddenError: No scope for one of the changes, or another agency is its custodian.
            UnprocessableError: A resource breaks its definition; every fault is named.
            VersionConflictError: `if_match` is not the current version.
            MethodNotAllowedError: An update of what is absent or withheld.
            ConflictError: The id is taken by something the caller may not see.
            ReplayedError: The receipt's message was taken before.
            StaleError: A newer version of the receipt's record was taken before.
            UnavailableError: The database is busy; nothing was written.
        """
        raise NotImplementedError

    def aggregate(self, query: FactQuery) -> dict[str, int]:
        """Return the count of each population, by its code.

        Raises:
            ForbiddenError: Neither a public-health purpose nor the agency's own operations, or no
                scope for MeasureReport.
        """
        raise NotImplementedError

    def candidates(self, identifiers: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        """Return the ids of all Patients that have one of `identifiers` (system, value).

        For matching at intake only: it does not ask what the caller may see, so neither the ids
        nor their number may reach the caller.
        """
        raise NotImplementedError

    def new_id(self) -> str:
        """Return a fresh logical id, for a `Create` that others in its commit refer to."""
        return self.ports.new_id()

    def assigning_ids(self) -> "Repository":
        """Return the same caller's repository in which an update of an absent id creates it.

        For intake, whose ids the deployment makes itself (access/identity.py).
        """
        return Repository(replace(self.context, assign_ids=True), self.ports)

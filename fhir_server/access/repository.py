"""The gate: every byte of health data leaves through `Repository`, every change enters here.

Each method checks the scope before anything is looked up, confines what is asked to what this
caller may have, and audits the answer. What is absent and what is withheld are one 404.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from fhir_server.access import audit_search, matching_context, scope
from fhir_server.access.changes import Change, Committed
from fhir_server.access.commit import Commit
from fhir_server.access.conditions import Guard
from fhir_server.access.confine import Confinement
from fhir_server.access.context import AccessContext
from fhir_server.access.disclose import (
    Interaction,
    audit_rows,
    must_survive,
    refused_row,
    touched,
)
from fhir_server.access.ports import Ports
from fhir_server.facts.query import FactQuery
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import (
    ConditionChangedError,
    FhirError,
    ForbiddenError,
    GoneError,
    MethodNotAllowedError,
    not_found,
)
from fhir_server.search.confined import ConfinedHistory, ConfinedQuery
from fhir_server.search.expression import Everything
from fhir_server.search.labels import Purpose
from fhir_server.search.query import HistoryQuery, Query, Total
from fhir_server.storage.rows import HistoryRows, Receipt, SearchRows, Stored

Page = SearchRows
Receipting = Callable[[tuple[Committed, ...]], Receipt]
HistoryPage = HistoryRows

# Refusals that tell who tried what; faults of form are no business of a privacy officer.
_AUDITED = frozenset({403, 404, 405, 409, 410})
# What one answer of a search through all pages may hold.
_MOST_LATEST = 1000
_OPERATIONS = Purpose.HOPERAT | Purpose.CAREMGT


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
        interaction = Interaction(code="read", type=type_, id=id_)
        with self._refusals(interaction):
            found = self._find(type_, id_)
            if found.deleted:
                raise GoneError(f"`{type_}/{id_}` was deleted.")
            return self._disclosed(interaction, found)

    def vread(self, type_: str, id_: str, version: int) -> Stored:
        """Return one version; a deletion is returned as one, with `deleted` and no body.

        Raises:
            ForbiddenError: No scope lets the caller read this type.
            NotFoundError: Absent or withheld.
        """
        interaction = Interaction(code="vread", type=type_, id=id_, version=version)
        with self._refusals(interaction):
            return self._disclosed(interaction, self._find(type_, id_, version))

    def search(self, query: Query) -> Page:
        """Return one page of what matches and the caller may have.

        Raises:
            ForbiddenError: No scope lets the caller search this type, or an emergency token does
                not name one patient.
        """
        interaction = Interaction(code="search-type", type=query.type)
        with self._refusals(interaction):
            confined = self._confinement.search(query)
            if query.type == audit_search.TYPE:
                page = self._search_audit(query)
            else:
                page = self.ports.store.search(confined)
        self._audit(interaction, (*page.matches, *page.includes))
        return page

    def latest(self, query: Query, wanted: Callable[[Stored], bool]) -> Page:
        """Return those of all matches, page after page in their order, that are `wanted`.

        What is looked at and not wanted does not leave.

        Raises:
            ForbiddenError: As for `search`.
        """
        interaction = Interaction(code="operation", type=query.type)
        found: list[Stored] = []
        with self._refusals(interaction):
            after = query.after
            while True:
                asked = self._confinement.search(replace(query, after=after, total=Total.NONE))
                page = self.ports.store.search(asked)
                found += filter(wanted, page.matches)
                after = page.after
                if after is None or len(found) >= _MOST_LATEST:
                    break
        shown = tuple(found[:_MOST_LATEST])
        self._audit(interaction, shown)
        return Page(matches=shown, total=len(shown), cut=after is not None)

    def search_several(self, queries: Sequence[Query], *, named: bool) -> Page:
        """Return one page of what matches the searches of several types, in one order.

        `named`: the caller has named the types. Otherwise those that the caller may not search
        are left out; AuditEvents, which have a log of their own, are so always.

        Raises:
            ForbiddenError: No scope lets the caller search a type that is named, or any at all.
        """
        interaction = Interaction(code="search-system", type="")
        with self._refusals(interaction):
            confined = list(self._confined(queries, named=named))
            if not confined:
                raise ForbiddenError("The token has no scope to search any of these types.")
            page = self.ports.store.search_several(confined)
        self._audit(interaction, (*page.matches, *page.includes))
        return page

    def _confined(self, queries: Sequence[Query], *, named: bool) -> Iterator[ConfinedQuery]:
        for query in queries:
            if query.type == audit_search.TYPE:
                continue
            try:
                yield self._confinement.search(query)
            except ForbiddenError:
                if named:
                    raise

    def history(self, query: HistoryQuery) -> HistoryPage:
        """Return one page of versions, newest first.

        Raises:
            ForbiddenError: No scope lets the caller see this history.
            NotFoundError: An instance's history that is absent or withheld.
        """
        code = "history-type" if query.id is None else "history-instance"
        interaction = Interaction(code=code, type=query.type, id=query.id or "")
        with self._refusals(interaction):
            confined = self._confinement.history(query)
            if query.type == audit_search.TYPE:
                raise MethodNotAllowedError("AuditEvents do not change: they have no history.")
            page = self.ports.store.history(confined)
            if page is None:
                raise not_found()
        self._audit(interaction, page.versions)
        return page

    def history_of_several(self, queries: Sequence[HistoryQuery], *, named: bool) -> HistoryPage:
        """Return one page of the versions of several types, newest first.

        `named` and what is left out are as for `search_several`.

        Raises:
            ForbiddenError: No scope lets the caller see the history of a type that is named, or of
                any at all.
        """
        interaction = Interaction(code="history-system", type="")
        with self._refusals(interaction):
            confined = list(self._confined_histories(queries, named=named))
            if not confined:
                raise ForbiddenError("The token has no scope to search any of these types.")
            page = self.ports.store.history_of_several(confined)
        self._audit(interaction, page.versions)
        return page

    def _confined_histories(
        self, queries: Sequence[HistoryQuery], *, named: bool
    ) -> Iterator[ConfinedHistory]:
        for query in queries:
            if query.type == audit_search.TYPE:
                continue
            try:
                yield self._confinement.history(query)
            except ForbiddenError:
                if named:
                    raise

    def commit(
        self,
        changes: Sequence[Change],
        receipt: Receipt | Receipting | None = None,
        guards: Sequence[Guard] = (),
    ) -> tuple[Committed, ...]:
        """Make all `changes` or none, in one transaction; the results are in their order.

        They are made only while the searches of `guards` find what they found.

        `receipt` is noted in the same transaction. Where what it answers tells the versions that
        were written, as intake's does, it is a function of the results. Without changes, only the
        receipt is noted.

        Raises:
            ForbiddenError: No scope for one of the changes, or another agency is its custodian.
            UnprocessableError: A resource breaks its definition; every fault is named.
            VersionConflictError: `if_match` is not the current version.
            MethodNotAllowedError: An update of what is absent or withheld.
            ConflictError: The id is taken by something the caller may not see.
            ConditionChangedError: A guard finds something else by now.
            ReplayedError: The receipt's message was taken before.
            StaleError: A newer version of the receipt's record was taken before.
            UnavailableError: The database is busy; nothing was written.
        """
        placed = tuple((change, (change.type, change.id or self.new_id())) for change in changes)
        commit = Commit(
            ports=self.ports,
            confinement=self._confinement,
            changes=placed,
            receipt=receipt,
            guards=tuple(guards),
        )
        with self._refusals(commit.interaction):
            return commit.run()

    def aggregate(self, query: FactQuery) -> dict[str, int]:
        """Return the count of each population, by its code.

        Public health counts the encounters of every agency; an agency's own operations count its
        own. What may be published of the counts, reporting decides.

        Raises:
            ForbiddenError: The token is for another purpose, or has no scope for MeasureReport.
        """
        interaction = Interaction(code="operation", type="MeasureReport")
        with self._refusals(interaction):
            counts = self.ports.facts.counts(replace(query, custodians=self._counted()))
        self._audit(interaction, ())
        return counts

    def candidates(self, identifiers: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        """Return the ids of all Patients that have one of `identifiers` (system, value).

        For matching at intake only: it does not ask what the caller may see, so neither the ids
        nor their number may reach the caller.
        """
        if not identifiers:
            return ()
        query = matching_context.patients_with(identifiers, self.ports.definitions)
        return self._matching_ids(query)

    def same_person(self, patient_id: str) -> tuple[Stored, ...]:
        """Return a Patient, then the same person's Patients elsewhere that the caller may have.

        The same person is who shares a strong identifier, or is linked. Each Patient is decided on
        for itself; of those that are withheld nothing is told.

        Raises:
            ForbiddenError: No scope lets the caller read Patient.
            NotFoundError: The Patient is absent or withheld.
            GoneError: It was deleted.
        """
        asked = self.read("Patient", patient_id)
        # The links are in its agency's form; where they lead, the gate decides once more.
        full = self._confinement.internal_read("Patient", patient_id, asked.custodian)
        held = self.ports.store.read(full) or asked
        patient = decode(held.body or b"{}")
        ids = set(matching_context.linked(patient, self.ports.base))
        query = matching_context.same_person(patient, self.ports.definitions)
        ids.update(self._matching_ids(query))
        confined = (self._confinement.read("Patient", id_) for id_ in sorted(ids - {patient_id}))
        found = [self.ports.store.read(one) for one in confined]
        others = tuple(one for one in found if one is not None and not one.deleted)
        if others:
            self._audit(Interaction(code="search-type", type="Patient"), others)
        return asked, *others

    def new_id(self) -> str:
        """Return a fresh logical id, for a `Create` that others in its commit refer to."""
        return self.ports.new_id()

    def assigning_ids(self) -> "Repository":
        """Return the same caller's repository in which an update of an absent id creates it.

        For intake, whose ids the deployment makes itself (access/identity.py).

        Raises:
            ForbiddenError: The token is for one patient: records are handed in for an agency.
        """
        if self.context.launch_patient:
            raise ForbiddenError("Native records are handed in for an agency, not for one patient.")
        return Repository(replace(self.context, assign_ids=True), self.ports)

    def submitting_for(self, organization_id: str) -> "Repository":
        """Return a repository in which that organization is the custodian of what is written.

        Raises:
            ForbiddenError: The caller is neither it nor registered to submit for it.
        """
        context = self.context
        if organization_id == context.organization_id:
            return self
        if not context.system and organization_id not in context.submits_for:
            raise ForbiddenError(
                f"The client is not registered to submit for `Organization/{organization_id}`."
            )
        read = self._confinement.internal_read("Organization", organization_id)
        found = self.ports.store.read(read)
        if found is None:
            raise ForbiddenError(f"`Organization/{organization_id}` is not on file yet.")
        agency = replace(context, organization=found.key, organization_id=organization_id)
        return Repository(agency, self.ports)

    @property
    def _confinement(self) -> Confinement:
        return Confinement(
            context=self.context, definitions=self.ports.definitions, base=self.ports.base
        )

    def _matching_ids(self, query: Query) -> tuple[str, ...]:
        page = self.ports.store.search(self._confinement.internal_search(query))
        return tuple(found.id for found in page.matches)

    def _find(self, type_: str, id_: str, version: int | None = None) -> Stored:
        confined = self._confinement.read(type_, id_, version)
        if type_ == audit_search.TYPE:
            found = self._audit_event(id_, version)
        else:
            found = self.ports.store.read(confined)
        if found is None:
            raise not_found()
        return found

    def _audit_event(self, id_: str, version: int | None) -> Stored | None:
        audit_search.require_privacy_officer(self.context)
        if version not in (None, 1):
            return None
        page = self.ports.audit.search(audit_search.one(self.context.organization, id_))
        return next(iter(audit_search.rendered(self.ports.audit, page.rows)), None)

    def _search_audit(self, query: Query) -> Page:
        audit_search.require_privacy_officer(self.context)
        patient = audit_search.patient_in(query)
        found = (
            None
            if patient is None
            else self.ports.store.read(self._confinement.internal_read("Patient", patient))
        )
        key = None if found is None else found.key
        asked = audit_search.audit_query(query, self.context.organization, key)
        return audit_search.answer(self.ports.audit, asked, query)

    def _counted(self) -> frozenset[int] | None:
        """Return whose encounters the caller may count, None for everybody's."""
        reached = scope.reach(
            self.context, "MeasureReport", "r", self.ports.definitions, base=self.ports.base
        )
        if reached != Everything():
            raise ForbiddenError("The token has no scope to read `MeasureReport`.")
        if self.context.system or self.context.purpose is Purpose.PUBHLTH:
            return None
        if self.context.purpose & _OPERATIONS:
            return frozenset({self.context.organization})
        raise ForbiddenError("Counts are for public health or an agency's own operations.")

    def _disclosed(self, interaction: Interaction, found: Stored) -> Stored:
        self._audit(interaction, (found,))
        return found

    def _audit(self, interaction: Interaction, rows: Sequence[Stored]) -> None:
        """Hand the audit rows over; only then may the answer leave."""
        disclosed = touched(rows)
        self.ports.audit.append(
            audit_rows(self.context, interaction, self.ports.clock(), disclosed),
            durable=must_survive(self.context, disclosed),
        )

    @contextmanager
    def _refusals(self, interaction: Interaction) -> Iterator[None]:
        """Audit a refusal inside the block."""
        try:
            yield
        except FhirError as error:
            if error.status in _AUDITED and not isinstance(error, ConditionChangedError):
                row = refused_row(self.context, interaction, self.ports.clock(), error.status)
                self.ports.audit.append((row,), durable=False)
            raise

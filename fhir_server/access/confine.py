"""What a caller asks, confined to what this caller may have. Pure.

scope ∧ emergency rule ∧ consent, as one Expression inside the query, for every type that the
answer can hold. Only this module makes confined queries, and the store answers nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fhir_server.access import emergency, scope
from fhir_server.access.context import AccessContext
from fhir_server.access.directory import DIRECTORY_TYPES
from fhir_server.access.neighbours import confined
from fhir_server.consent.model import Request
from fhir_server.consent.plan import directory_only, plan
from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.outcome import ForbiddenError
from fhir_server.search.confined import ConfinedHistory, ConfinedQuery, ConfinedRead
from fhir_server.search.expression import (
    ConsentPermits,
    Everything,
    Expression,
    Nothing,
    OwnerIs,
    all_of,
)
from fhir_server.search.labels import Purpose
from fhir_server.search.query import HistoryQuery, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """One caller's permission; `base` is the server's FHIR base URL."""

    context: AccessContext
    definitions: Definitions
    base: str

    @property
    def leaf(self) -> ConsentPermits:
        """The consent policy for this caller, of whatever type and patient."""
        context = self.context
        request = Request(
            organization=context.organization,
            actors=context.actors | {context.organization},
            purpose=context.purpose,
            at=context.at,
            medical_personnel=context.medical_personnel,
        )
        return plan(request, system=context.system)

    @property
    def own(self) -> frozenset[int]:
        """The custodians whose own form the caller gets."""
        return self.leaf.own

    def read(self, type_: str, id_: str, version: int | None = None) -> ConfinedRead:
        """Return the read of one resource, or of one version.

        Raises:
            ForbiddenError: No scope reads `type_`.
        """
        return ConfinedRead(
            type=type_,
            id=id_,
            version=version,
            permits=all_of(self._readable(type_, "r"), self.leaf),
            own=self.own,
        )

    def search(self, query: Query) -> ConfinedQuery:
        """Return the search of what the caller may have.

        Raises:
            ForbiddenError: No scope searches the type, or one that a chain goes through, or the
                emergency rule forbids it.
        """
        permits = all_of(self._readable(query.type, "s"), self.leaf)
        about = self._about(query)
        where = confined(query.where, lambda type_: self._elsewhere(type_, about))
        return ConfinedQuery(
            query=replace(query, where=where),
            permits=permits if about is None else all_of(permits, about),
            include_permits=dict(self._included(query, about)),
            own=self.own,
        )

    def history(self, history: HistoryQuery) -> ConfinedHistory:
        """Return the history of what the caller may have.

        Raises:
            ForbiddenError: No scope reads the type (searches it, for the history of a type), or
                the emergency rule forbids it.
        """
        of_a_type = history.id is None
        if of_a_type and self._emergency and history.type not in DIRECTORY_TYPES:
            raise ForbiddenError(
                f"An emergency token does not see the history of all of `{history.type}`."
            )
        readable = self._readable(history.type, "s" if of_a_type else "r")
        return ConfinedHistory(history=history, permits=all_of(readable, self.leaf), own=self.own)

    def write(self, type_: str, letter: str) -> Expression:
        """Return which resources of `type_` the caller's scopes `c`reate, `u`pdate or `d`elete.

        Raises:
            ForbiddenError: None.
        """
        return self._readable(type_, letter)

    def within(self, type_: str, id_: str, reach: Expression) -> ConfinedRead:
        """Return the server's own look whether a resource is within the reach of a scope."""
        return ConfinedRead(type=type_, id=id_, permits=reach, own=frozenset())

    def internal_read(self, type_: str, id_: str, custodian: int = 0) -> ConfinedRead:
        """Return the server's own look at a resource, of which the caller is told nothing.

        With the key of its `custodian`, at the form that its agency has of it.
        """
        own = frozenset({custodian} - {0})
        return ConfinedRead(type=type_, id=id_, permits=Everything(), own=own)

    def internal_search(self, query: Query) -> ConfinedQuery:
        """Return the server's own search, of which the caller is told nothing."""
        return ConfinedQuery(query=query, permits=Everything(), include_permits={}, own=frozenset())

    def _readable(self, type_: str, letter: str) -> Expression:
        return scope.readable(self.context, type_, letter, self.definitions, base=self.base)

    @property
    def _emergency(self) -> bool:
        return self.context.purpose is Purpose.ETREAT and not self.context.system

    def _about(self, query: Query) -> OwnerIs | None:
        """Return whose resources alone may be in the answer, beyond what consent says."""
        if not self._emergency or query.type in DIRECTORY_TYPES:
            return None
        patient = emergency.patient_of(query)
        return None if patient is None else OwnerIs(patient_id=patient)

    def _included(self, query: Query, about: OwnerIs | None) -> Iterator[tuple[str, Expression]]:
        """Yield the permission of each type that an include can bring along."""
        for type_ in self._targets(query):
            reached = scope.reach(self.context, type_, "r", self.definitions, base=self.base)
            if reached != Nothing():
                yield type_, all_of(reached, self._include_policy(type_, about))

    def _elsewhere(self, type_: str, about: OwnerIs | None) -> Expression:
        """Return the permission of what a chain goes through."""
        return all_of(self._readable(type_, "s"), self._include_policy(type_, about))

    def _include_policy(self, type_: str, about: OwnerIs | None) -> Expression:
        """Return the consent policy; in an emergency, what is the patient's own or nobody's."""
        if not self._emergency:
            return self.leaf
        if about is None or type_ in DIRECTORY_TYPES:
            return directory_only(self.leaf)
        return all_of(about, self.leaf)

    def _targets(self, query: Query) -> tuple[str, ...]:
        """Return the types of which the includes can bring something."""
        targets: set[str] = set()
        for include in query.includes:
            of_one: tuple[str, ...]
            if include.reverse:
                of_one = () if include.source is None else (include.source,)
            elif include.target is not None:
                of_one = (include.target,)
            else:
                of_one = include.parameter.targets if include.parameter is not None else ()
            targets.update(of_one or self.definitions.resource_types)
        return tuple(sorted(targets))

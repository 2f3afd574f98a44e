"""The one entrance: check, authorise, label, stamp, store, index, audit; all or nothing.

What needs no lock (scopes, structure, labels, index values) is done before the transaction opens.
In it: locks, versions, rows, the effective rules of patients whose Consents changed, the receipt
and the audit rows. A collision with another writer is tried again from the look at what is there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from fhir_server.access import programs
from fhir_server.access.authority import Authority
from fhir_server.access.changes import Change, Committed, Create, Delete, Update
from fhir_server.access.conditions import Guard, require_unchanged
from fhir_server.access.confine import Confinement
from fhir_server.access.directives import Compiler
from fhir_server.access.disclose import Interaction, audit_rows
from fhir_server.access.ports import Ports
from fhir_server.access.prepare import Prepared, candidate, faults, identified, prepare
from fhir_server.access.scope import out_of_reach
from fhir_server.access.versions import Made, Planned, Stamp, addresses, make
from fhir_server.fhir.outcome import (
    CollisionError,
    FhirError,
    ForbiddenError,
    InvalidRequestError,
    Issue,
    MethodNotAllowedError,
    UnprocessableError,
)
from fhir_server.fhir.resource import Resource
from fhir_server.search.expression import Everything, Expression
from fhir_server.search.matches import matches
from fhir_server.storage.rows import Address, Current, Receipt
from fhir_server.storage.transaction import WriteTransaction

Receipting = Callable[[tuple[Committed, ...]], Receipt]
_LETTERS = {Create: "c", Update: "u", Delete: "d"}
_CODES = {Create: "create", Update: "update", Delete: "delete"}
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """The changes of one caller, each with the address that it will have."""

    ports: Ports
    confinement: Confinement
    changes: tuple[tuple[Change, Address], ...]
    receipt: Receipt | Receipting | None
    guards: tuple[Guard, ...] = ()

    def run(self) -> tuple[Committed, ...]:
        """Make all changes or none.

        Raises:
            FhirError: As for `Repository.commit`.
        """
        reaches = tuple(self._reach(change) for change, _ in self.changes)
        _require_unique([address for _, address in self.changes])
        resources = self._checked()
        own_program = bool(resources) and self._is_part2_program(resources)
        prepared = {
            address: self._prepare(resource, part2=own_program)
            for address, resource in resources.items()
        }
        self._require_within(prepared, reaches)
        attempt = partial(self._attempt, prepared, reaches, own_program=own_program)
        for _ in range(_TRIES - 1):
            try:
                return self.ports.store.retrying(attempt)
            except CollisionError:
                # Somebody made the same id since we looked: now it is there to be looked at.
                continue
        return self.ports.store.retrying(attempt)

    def _reach(self, change: Change) -> Expression:
        """Return what the caller's scopes let it change so, before anything is looked up."""
        if change.type == "AuditEvent":
            raise MethodNotAllowedError("AuditEvents are written by the server alone.")
        return self.confinement.write(change.type, _LETTERS[type(change)])

    def _require_within(
        self, prepared: Mapping[Address, Prepared], reaches: Sequence[Expression]
    ) -> None:
        """Require that what is to be written is within the scopes' reach."""
        for place, ((_, address), reach) in enumerate(zip(self.changes, reaches, strict=True)):
            found = prepared.get(address)
            if found is None or isinstance(reach, Everything):
                continue
            if not matches(reach, candidate(found, self.ports.definitions)):
                error = out_of_reach()
                error.issues = tuple(replace(issue, change=place) for issue in error.issues)
                raise error

    def _checked(self) -> dict[Address, Resource]:
        """Return the resources to be stored, under their ids.

        Raises:
            UnprocessableError: They break their definitions or the profiles that they must fit;
                every fault is named.
        """
        resources: dict[Address, Resource] = {}
        found: list[Issue] = []
        now = self.ports.clock()
        for place, (change, address) in enumerate(self.changes):
            if not isinstance(change, Delete):
                resources[address] = identified(change, address[1])
                # The id of a create is ignored, but it must be one.
                sent = change.resource if "id" in change.resource else resources[address]
                found.extend(faults(sent, place, self.ports, now))
        if found:
            message = "The resource does not fit its definition or profiles; nothing was written."
            raise UnprocessableError(message, issues=tuple(found))
        return resources

    def _is_part2_program(self, resources: Mapping[Address, Resource]) -> bool:
        """Say whether the writing organisation is one, as it stands or as this commit makes it."""
        id_ = self.confinement.context.organization_id
        now = self.ports.clock()
        written = resources.get(("Organization", id_))
        if written is not None:
            return programs.is_part2_program(written, now)
        stored = self.ports.store.read(self.confinement.internal_read("Organization", id_))
        body = None if stored is None else stored.body
        return body is not None and programs.body_is_part2_program(body, now)

    def _prepare(self, resource: Resource, *, part2: bool) -> Prepared:
        return prepare(resource, self.ports.definitions, base=self.ports.base, part2=part2)

    def _attempt(
        self,
        prepared: Mapping[Address, Prepared],
        reaches: Sequence[Expression],
        *,
        own_program: bool,
    ) -> tuple[Committed, ...]:
        ports = self.ports
        with ports.store.transaction(now=ports.clock(), durable=ports.durable) as transaction:
            require_unchanged(transaction, self.guards, self.confinement)
            if isinstance(self.receipt, Receipt):
                transaction.receipt(self.receipt)
            made = self._write(transaction, prepared, reaches, own_program=own_program)
            committed = tuple(found.committed for found in made)
            if callable(self.receipt):
                transaction.receipt(self.receipt(committed))
            self._audit(transaction, made)
        return committed

    def _write(
        self,
        transaction: WriteTransaction,
        prepared: Mapping[Address, Prepared],
        reaches: Sequence[Expression],
        *,
        own_program: bool,
    ) -> list[Made]:
        current = transaction.current([address for _, address in self.changes])
        planned = self._plan(current, prepared, reaches)
        planned = self._relabel(transaction, planned, own_program=own_program)
        base = self.ports.base
        needed = {address for found in planned for address in addresses(found, base)}
        stamp = Stamp(keys=transaction.keys(needed), at=transaction.stamp, base=base)
        made = [make(found, stamp) for found in planned]
        transaction.write([found.version for found in made if found.version is not None])
        self._recompile(transaction, planned, made)
        return made

    def _recompile(
        self, transaction: WriteTransaction, planned: Sequence[Planned], made: Sequence[Made]
    ) -> None:
        """Compile the rules of patients whose Consents changed, or what their rules speak of."""
        compiler = Compiler(
            transaction=transaction, definitions=self.ports.definitions, base=self.ports.base
        )
        changed = _patients(planned, made)
        compiler.recompile(changed)
        others = _touched(made) - changed
        if others:
            compiler.recompile(transaction.watched(sorted(others)))

    def _plan(
        self,
        current: Mapping[Address, Current],
        prepared: Mapping[Address, Prepared],
        reaches: Sequence[Expression],
    ) -> list[Planned]:
        context = self.confinement.context
        planned = []
        for place, (change, address) in enumerate(self.changes):
            found = current.get(address)
            authority = Authority(
                may_change=partial(self._may_change, address, reaches[place]),
                sees=self._sees,
                assign_ids=context.assign_ids,
            )
            try:
                version = authority.next_version(change, found)
            except FhirError as error:
                error.issues = tuple(replace(issue, change=place) for issue in error.issues)
                raise
            planned.append(
                Planned(
                    change=change,
                    address=address,
                    current=found,
                    version=version,
                    custodian=context.organization if found is None else found.custodian,
                    prepared=prepared.get(address),
                )
            )
        return planned

    def _may_change(self, address: Address, reach: Expression, current: Current) -> bool:
        """Say whether the caller holds it, may use it for its purpose, and has a scope for it.

        What there is is locked, so that it stays within the reach until it is changed.
        """
        context = self.confinement.context
        if context.system:
            return True
        held = current.custodian == context.organization and (
            current.owner == 0 or context.organization in self.confinement.own
        )
        if not held or isinstance(reach, Everything):
            return held
        return self.ports.store.read(self.confinement.within(*address, reach)) is not None

    def _sees(self, change: Change) -> bool:
        try:
            asked = self.confinement.read(change.type, change.id or "")
        except ForbiddenError:
            return False
        return self.ports.store.read(asked) is not None

    def _relabel(
        self, transaction: WriteTransaction, planned: Sequence[Planned], *, own_program: bool
    ) -> list[Planned]:
        """Return `planned`, prepared anew where a Part 2 program and another swap custodians.

        Only a system caller changes what another organisation holds.
        """
        own = self.confinement.context.organization
        others = {found.custodian for found in planned if found.custodian != own}
        held = transaction.bodies(others) if others else {}
        at = transaction.stamp
        programs_of = {
            custodian: programs.body_is_part2_program(held.get(custodian, b""), at)
            for custodian in others
        }
        return [
            found
            if found.prepared is None
            or programs_of.get(found.custodian, own_program) == own_program
            else replace(
                found,
                prepared=self._prepare(found.prepared.submitted, part2=not own_program),
            )
            for found in planned
        ]

    @property
    def interaction(self) -> Interaction:
        """What the audit calls it."""
        if len(self.changes) != 1:
            return Interaction(code="transaction", type="Bundle")
        ((change, (type_, id_)),) = self.changes
        return Interaction(code=_CODES[type(change)], type=type_, id=id_)

    def _audit(self, transaction: WriteTransaction, made: Sequence[Made]) -> None:
        if not made:
            return
        interaction = self.interaction
        if len(made) == 1:
            interaction = replace(interaction, version=made[0].committed.version)
        touched = [found.touched for found in made if found.touched is not None]
        rows = audit_rows(self.confinement.context, interaction, transaction.stamp, touched)
        transaction.audit(rows)


def _patients(planned: Iterable[Planned], made: Iterable[Made]) -> set[int]:
    """Return the owners whose Consents change, also those from whom one is taken away."""
    owners: set[int] = set()
    for before, after in zip(planned, made, strict=True):
        if after.version is not None and after.version.type == "Consent":
            owners.add(after.version.owner)
            if before.current is not None:
                owners.add(before.current.owner)
    return owners


def _touched(made: Iterable[Made]) -> set[int]:
    """Return whose file is changed: that of the owners and of further patients."""
    rows = [found.version for found in made if found.version is not None]
    owners = {owner for row in rows for owner in (row.owner, *row.patients)}
    return owners - {0}


def _require_unique(found: Sequence[Address]) -> None:
    twice = [address for address, count in Counter(found).items() if count > 1]
    if twice:
        raise InvalidRequestError(f"`{'/'.join(twice[0])}` is changed twice.")

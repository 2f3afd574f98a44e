"""A change that may be made, as the row to be written and the answer to be given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fhir_server.access.changes import Change, Committed, Create
from fhir_server.access.directives import organization_address, organization_key
from fhir_server.access.disclose import Touched
from fhir_server.access.prepare import Prepared
from fhir_server.access.stamp import bodies
from fhir_server.consent.relations import Assertion, organizations, relations
from fhir_server.facts.encounter import facts_of
from fhir_server.search.labels import Relation
from fhir_server.storage.rows import Address, Current, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A change, what there is, and the version that it makes (None: nothing to do).

    `prepared` is None for a deletion. `custodian` is a key.
    """

    change: Change
    address: Address
    current: Current | None
    version: int | None
    custodian: int
    prepared: Prepared | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The row and the answer; no row where there was nothing to delete."""

    version: Version | None
    committed: Committed

    @property
    def touched(self) -> Touched | None:
        """Whose record was changed."""
        row = self.version
        if row is None:
            return None
        return Touched(owner=row.owner, custodian=row.custodian, labels=row.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The keys of all addresses that are needed, the time (microseconds), and the FHIR base."""

    keys: Mapping[Address, int]
    at: int
    base: str


def addresses(planned: Planned, base: str) -> Iterator[Address]:
    """Yield the addresses whose keys `make` will ask for."""
    if planned.version is None:
        return
    yield planned.address
    if planned.prepared is None:
        return
    placement = planned.prepared.placement
    yield from placement.others
    if placement.owner is not None:
        yield placement.owner
    for element in organizations(planned.prepared.forms.own):
        address = organization_address(element, base)
        if address is not None:
            yield address


def make(planned: Planned, stamp: Stamp) -> Made:
    """Return what is to be written and answered for `planned`."""
    if planned.prepared is None or planned.version is None:
        return _deletion(planned, stamp)
    return _version(planned, planned.prepared, planned.version, stamp)


def _version(planned: Planned, prepared: Prepared, number: int, stamp: Stamp) -> Made:
    stored = bodies(prepared.forms, version=number, last_updated=stamp.at)
    placement = prepared.placement
    row = Version(
        key=stamp.keys[planned.address],
        type=prepared.type,
        id=prepared.id,
        version=number,
        method="POST" if isinstance(planned.change, Create) else "PUT",
        owner=0 if placement.owner is None else stamp.keys[placement.owner],
        custodian=_custodian(planned, stamp),
        labels=int(prepared.families),
        body=stored.shared,
        body_own=stored.own,
        indexed=prepared.indexed,
        patients=tuple(stamp.keys[other] for other in placement.others),
        relations=_relations(planned, prepared, stamp),
        fact=facts_of(prepared.forms.own),
    )
    absent = planned.current is None or planned.current.deleted
    return Made(version=row, committed=_committed(row, stamp.at, stored.full, created=absent))


def _custodian(planned: Planned, stamp: Stamp) -> int:
    """Return who holds it; an Organization that the system registers holds itself."""
    if not planned.custodian and planned.address[0] == "Organization":
        return stamp.keys[planned.address]
    return planned.custodian


def _relations(planned: Planned, prepared: Prepared, stamp: Stamp) -> tuple[Relation, ...]:
    patient = prepared.placement.patient
    if patient is None:
        return ()
    assertion = Assertion(
        source=stamp.keys[planned.address],
        custodian=planned.custodian,
        patient=stamp.keys[patient],
        at=stamp.at,
    )
    return relations(
        prepared.forms.own,
        assertion,
        lambda element: organization_key(element, stamp.keys, stamp.base),
    )


def _deletion(planned: Planned, stamp: Stamp) -> Made:
    """Return the end of a resource; whose it was stays known, so that its history is confined."""
    type_, id_ = planned.address
    current = planned.current
    if current is None or planned.version is None:
        nothing = Committed(
            type=type_,
            id=id_,
            version=0,
            last_updated=stamp.at,
            method="DELETE",
            created=False,
            body=None,
        )
        return Made(version=None, committed=nothing)
    row = Version(
        key=current.key,
        type=type_,
        id=id_,
        version=planned.version,
        method="DELETE",
        owner=current.owner,
        custodian=current.custodian,
        labels=current.labels,
        body=None,
    )
    return Made(version=row, committed=_committed(row, stamp.at, None, created=False))


def _committed(row: Version, at: int, body: bytes | None, *, created: bool) -> Committed:
    return Committed(
        type=row.type,
        id=row.id,
        version=row.version,
        last_updated=at,
        method=row.method,
        created=created,
        body=body,
    )

"""What the agency has on file of the records that it hands in.

Read in sets before a batch is written, so that a batch costs a few searches and not one per record.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from fhir_server.access.repository import Repository
from fhir_server.fhir.json import decode
from fhir_server.fhir.resource import Resource
from fhir_server.intake.record import Mapped
from fhir_server.search.expression import IdIs
from fhir_server.search.query import Query
from fhir_server.storage.rows import Address, Stored

_MOST_IDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class OnFile:
    """Resources by address, as far as they were asked for and exist."""

    stored: Mapping[Address, Stored]

    def version(self, address: Address) -> int | None:
        """Return the current version, None where there is nothing."""
        found = self.stored.get(address)
        return None if found is None else found.version

    def resource(self, address: Address) -> Resource | None:
        """Return the current resource, None where there is nothing."""
        found = self.stored.get(address)
        return None if found is None or found.body is None else decode(found.body)


def address(resource: Resource) -> Address:
    """Return the (type, id) of a resource."""
    return resource["resourceType"], resource["id"]


def targets(provenance: Resource) -> tuple[Address, ...]:
    """Return what a Provenance of ours says that the record became last time."""
    parts = (target["reference"].split("/") for target in provenance["target"])
    return tuple((type_, id_) for type_, id_ in parts)


def watched(mapped: Mapped) -> set[Address]:
    """Return the addresses that tell whether a record, or its person, is on file."""
    origins = [each for each in mapped.resources if each["resourceType"] == "Provenance"]
    return {address(each) for each in (mapped.resources[0], *origins, *mapped.if_absent)}


def find(repository: Repository, records: Iterable[Mapped]) -> OnFile:
    """Return what is on file of `records`.

    Raises:
        ForbiddenError: The client's scopes do not let it search what it writes.
    """
    mapped = tuple(records)
    first = _search(repository, {found for each in mapped for found in watched(each)})
    on_file = OnFile(stored=first)
    further: set[Address] = set()
    for each in mapped:
        if address(each.resources[0]) not in first:
            continue
        further.update(map(address, each.work))
        for resource in each.resources:
            before = on_file.resource(address(resource))
            if resource["resourceType"] == "Provenance" and before is not None:
                further.update(found for found in targets(before) if found[0] != "Patient")
    return OnFile(stored=first | _search(repository, further - first.keys()))


def _search(repository: Repository, addresses: set[Address]) -> dict[Address, Stored]:
    found: dict[Address, Stored] = {}
    for type_ in sorted({address_[0] for address_ in addresses}):
        ids = iter(sorted(id_ for of, id_ in addresses if of == type_))
        while some := tuple(islice(ids, _MOST_IDS)):
            page = repository.search(Query(type=type_, where=IdIs(ids=some), count=len(some)))
            found |= {(stored.type, stored.id): stored for stored in page.matches}
    return found

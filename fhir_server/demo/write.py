"""Writes the demo through the code that agencies' own messages go through.

Each message is one submission of its agency, under the id that it has for the same seed, people
and last day: what was taken before is answered as then, so that a demo that was interrupted goes
on where it ended.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from fhir_server.access.changes import Update
from fhir_server.access.repository import Repository
from fhir_server.demo import region
from fhir_server.demo.history import Message
from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.outcome import NotFoundError, UnprocessableError
from fhir_server.fhir.resource import Element, Resource, type_of
from fhir_server.intake.record import Kind, Mapped, Record
from fhir_server.intake.source import Identify, Source
from fhir_server.intake.submit import submit

# https://terminology.hl7.org/CodeSystem-v3-ActReason.html : made for tests, about nobody.
SYNTHETIC = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
}
# The system's repository for an organisation, given its key and its id; 0 and "" for none.
Repositories = Callable[[int, str], Repository]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where the region's agencies hand in: `records` are those that intake takes."""

    records: Sequence[Record]
    repositories: Repositories
    identify: Identify

    def write(self, messages: Iterator[Message]) -> Iterator[Message]:
        """Hand in one message after the other; yield each when it is in.

        Raises:
            UnprocessableError: A record was refused, which the tests rule out.
            UnavailableError: The database is busy or away. What was yielded is in.
        """
        marked = {kind: record for record in self.records for kind, record in _by_kind(record)}
        repository = cache(self._repository)
        for message in messages:
            answer = submit(
                marked[message.kind],
                encode(message.body),
                repository(message.agency),
                self.identify,
            )
            _require_taken(message, answer.body)
            yield message

    def organization(self, agency: str) -> tuple[int, str]:
        """Return the key and the id of an agency's Organization, which is made if it is absent."""
        system = self.repositories(0, "")
        found = self.identify("agency", "", agency)
        try:
            return system.read("Organization", found).key, found
        except NotFoundError:
            name = region.BY_ID[agency].name
            made: Resource = {"resourceType": "Organization", "id": found, "name": name}
            system.assigning_ids().commit((Update(type="Organization", id=found, resource=made),))
            return system.read("Organization", found).key, found

    def _repository(self, agency: str) -> Repository:
        return self.repositories(*self.organization(agency))


def _by_kind(record: Record) -> Iterator[tuple[str, Record]]:
    """Yield the names of the kinds of `record`, which marks what it writes as synthetic."""
    marked = replace(record, kinds=tuple(map(_marked, record.kinds)))
    for kind in record.kinds:
        yield kind.name, marked


def _marked(kind: Kind) -> Kind:
    def to_fhir(record: Element, source: Source) -> Mapped:
        mapped = kind.to_fhir(record, source)
        return replace(
            mapped,
            resources=tuple(map(synthetic, mapped.resources)),
            if_absent=tuple(map(synthetic, mapped.if_absent)),
        )

    return replace(kind, to_fhir=to_fhir)


def synthetic(resource: Resource) -> Resource:
    """Return a Patient marked as invented; other resources belong to one that is marked."""
    if type_of(resource) != "Patient":
        return resource
    meta = resource.get("meta", {})
    return {**resource, "meta": {**meta, "security": [*meta.get("security", []), SYNTHETIC]}}


def _require_taken(message: Message, answer: bytes) -> None:
    results: Sequence[Mapping[str, object]] = decode(answer)["results"]
    for result in results:
        if result["status"] == "refused":
            raise UnprocessableError(
                f"Intake refused {message.kind} `{result['id']}` of the demo: {result['errors']}"
            )

"""Episode: an agency's responsibility for a person after, or between, crises."""

from collections.abc import Iterator

from fhir_server.fhir import dates
from fhir_server.fhir.resource import Element
from fhir_server.intake.fault import Fault
from fhir_server.intake.record import Kind, Record
from fhir_server.intake.records.episode.from_fhir import from_fhir
from fhir_server.intake.records.episode.schema import EPISODE
from fhir_server.intake.records.episode.to_fhir import to_fhir


def check(record: Element) -> Iterator[Fault]:
    """Yield the faults of an episode's fields taken together."""
    closed = record.get("closedAt")
    if closed is not None and dates.parse(closed).lo < dates.parse(record["openedAt"]).lo:
        yield Fault(path="closedAt", message="This is before `openedAt`.")


def review(record: Element) -> Iterator[Fault]:
    """Yield what is worth a warning."""
    if record["status"] == "closed":
        for field in ("closedAt", "closureReason"):
            if field not in record:
                yield Fault(path=field, message="A closed episode has one.")


RECORD = Record(
    path="episodes",
    kinds=(
        Kind(
            name="episode",
            plural="episodes",
            schema=EPISODE,
            check=check,
            review=review,
            to_fhir=to_fhir,
            from_fhir=from_fhir,
        ),
    ),
)

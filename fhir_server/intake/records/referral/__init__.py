"""Referral: a request to a service, followed until the person's outcome is known."""

from collections.abc import Iterator

from fhir_server.fhir.resource import Element
from fhir_server.intake.fault import Fault
from fhir_server.intake.record import Kind, Record
from fhir_server.intake.records.referral.from_fhir import from_fhir
from fhir_server.intake.records.referral.schema import REFERRAL
from fhir_server.intake.records.referral.to_fhir import to_fhir

_WITH_REASON = frozenset({"declined", "cancelled", "unable-to-contact", "person-declined"})


def check(record: Element) -> Iterator[Fault]:
    """Yield the faults of a referral's fields taken together."""
    service = record["service"]
    if record["status"] != "draft" and not service.keys() & {"serviceId", "organization"}:
        message = "A referral that was sent names a `serviceId` or an `organization`."
        yield Fault(path="service", message=message)
    for index, alternative in enumerate(record.get("alternatives", ())):
        if not alternative:
            yield Fault(path=f"alternatives[{index}]", message="This names nothing.")


def review(record: Element) -> Iterator[Fault]:
    """Yield what is worth a warning."""
    if record["status"] in _WITH_REASON and "statusReason" not in record:
        yield Fault(path="statusReason", message="This status should come with its reason.")
    if record["status"] == "closed" and "outcome" not in record:
        yield Fault(path="outcome", message="A closed referral should tell its outcome.")
    if record["status"] == "scheduled" and "appointment" not in record:
        yield Fault(path="appointment", message="A scheduled referral should tell when.")


RECORD = Record(
    path="referrals",
    kinds=(
        Kind(
            name="referral",
            plural="referrals",
            schema=REFERRAL,
            check=check,
            review=review,
            to_fhir=to_fhir,
            from_fhir=from_fhir,
        ),
    ),
)

"""From messages to what each record becomes; nothing is written here."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from fhir_server.access.repository import Repository
from fhir_server.fhir.json import encode
from fhir_server.fhir.resource import Element, Json
from fhir_server.intake import result, sender
from fhir_server.intake.envelope import Handed, Message
from fhir_server.intake.fault import Fault, InvalidRecordError
from fhir_server.intake.record import Kind, Mapped
from fhir_server.intake.result import Result
from fhir_server.intake.source import Identify, Source

_UNORDERED = Fault(
    path="recordVersion",
    message="Without this, messages are ordered by `source.sentAt`: the latest one stands.",
)
_FOREIGN = Fault(path="", message="This is another agency's entry: only that one may write it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A record that keeps all rules, and what it becomes."""

    handed: Handed
    source: Source
    record: Element
    mapped: Mapped
    warnings: tuple[Fault, ...]


def prepared(
    messages: Iterable[Message], repository: Repository, identify: Identify
) -> Iterator[Prepared | Result]:
    """Yield each record with what it becomes, or the result of its refusal, in their order.

    Raises:
        ForbiddenError: An agency is not one that the client may hand in records of.
    """
    for message in messages:
        if message.faults:
            yield from _refused(message)
            continue
        source = _source(message.source, repository, identify)
        for handed in message.records:
            yield _prepare(handed, source, repository)


def _refused(message: Message) -> Iterator[Result]:
    """Yield a refusal per record of a message whose envelope is at fault; one, if it has none."""
    if not message.records:
        yield result.refused("", None, message.faults)
    for handed in message.records:
        yield result.refused(handed.kind.name, _id(handed.native), message.faults)


def _source(head: Element, repository: Repository, identify: Identify) -> Source:
    return Source(
        agency=head["agency"],
        organization=sender.organization_of(head["agency"], repository, identify),
        identify=identify,
        system=head["system"],
        message_id=head["messageId"],
        sent_at=head["sentAt"].upper(),
    )


def _prepare(handed: Handed, source: Source, repository: Repository) -> Prepared | Result:
    kind = handed.kind
    try:
        record = _loaded(kind, handed.native, source, repository)
    except InvalidRecordError as error:
        faults = tuple(fault.under(handed.path) for fault in error.faults)
        return result.refused(kind.name, _id(handed.native), faults)
    signed = replace(source, digest=hashlib.sha256(encode(handed.native)).hexdigest())
    unordered = () if "recordVersion" in record else (_UNORDERED,)
    warnings = (*unordered, *kind.warnings(record))
    return Prepared(
        handed=handed,
        source=signed,
        record=record,
        mapped=kind.to_fhir(record, signed),
        warnings=tuple(fault.under(handed.path) for fault in warnings),
    )


def _loaded(kind: Kind, native: Json, source: Source, repository: Repository) -> Element:
    record = kind.load(native)
    named, context = kind.belongs_to(record), repository.context
    if not sender.may_write(named, source.agency, context, source.identify):
        raise InvalidRecordError((_FOREIGN,))
    return record


def _id(native: Json) -> str | None:
    found = native.get("id") if isinstance(native, dict) else None
    return found if isinstance(found, str) else None

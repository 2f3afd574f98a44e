"""The envelope of native records: who hands them in, and which records there are.

A body is one message or an array of messages; a message holds one record under its kind's name or
several under the plural (docs/guides/intake.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from marshmallow import ValidationError

from fhir_server.fhir import json
from fhir_server.fhir.outcome import InvalidRequestError
from fhir_server.fhir.resource import Element, Json
from fhir_server.intake.fault import Fault, flattened
from fhir_server.intake.fields import Code, Id, Instant, Object
from fhir_server.intake.record import Kind, Record
from fhir_server.intake.schema import compiled

SCHEMA = "crisis-native/1"
_MESSAGES = "messages"
_ENVELOPE = compiled(
    {
        "schema": Code(frozenset({SCHEMA}), required=True),
        "source": Object(
            {
                "agency": Id(required=True),
                "system": Id(required=True),
                "messageId": Id(required=True),
                "sentAt": Instant(required=True),
            },
            required=True,
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """One record as it was handed in.

    `number` counts within its message, for the receipt; `path` is where it stands in the body.
    """

    kind: Kind
    number: int
    path: str
    native: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: its source as sent and its records, or what is wrong with it as a whole."""

    source: Element
    records: tuple[Handed, ...] = ()
    faults: tuple[Fault, ...] = ()


def read(body: bytes, record: Record) -> tuple[Message, ...]:
    """Return the messages of a request's body.

    Raises:
        InvalidResourceError: The body is not JSON.
        InvalidRequestError: It is neither a message nor an array of messages.
    """
    if body.lstrip()[:1] == b"[":
        # Decoded as an object, because that decoder refuses keys that stand twice.
        found = json.decode(b'{"%s":%s}' % (_MESSAGES.encode(), body))[_MESSAGES]
        return tuple(_message(each, record, f"[{n}]") for n, each in enumerate(found))
    return (_message(json.decode(body), record, ""),)


def _message(value: Json, record: Record, path: str) -> Message:
    if not isinstance(value, dict):
        raise InvalidRequestError("The body must be a message or an array of messages.")
    head = {name: value[name] for name in ("schema", "source") if name in value}
    faults: list[Fault] = []
    try:
        _ENVELOPE.load(head)
    except ValidationError as error:
        faults.extend(fault.under(path) for fault in flattened(error.messages))
    handed = list(_records(value, record, path))
    faults.extend(_unknown(value, record, path))
    if not handed and not faults:
        names = " or ".join(f"`{kind.name}` or `{kind.plural}`" for kind in record.kinds)
        faults.append(Fault(path=path, message=f"The message holds no record: give {names}."))
    return Message(
        source=head.get("source", {}) if not faults else {},
        records=tuple(
            Handed(kind=kind, number=number, path=where, native=native)
            for number, (kind, where, native) in enumerate(handed)
        ),
        faults=tuple(faults),
    )


def _records(value: Element, record: Record, path: str) -> Iterator[tuple[Kind, str, Json]]:
    joint = "." if path else ""
    for kind in record.kinds:
        for name in (kind.name, kind.plural):
            found = value.get(name)
            if isinstance(found, list):
                for index, native in enumerate(found):
                    yield kind, f"{path}{joint}{name}[{index}]", native
            elif found is not None:
                yield kind, f"{path}{joint}{name}", found


def _unknown(value: Element, record: Record, path: str) -> Iterator[Fault]:
    known = {"schema", "source"} | {
        name for kind in record.kinds for name in (kind.name, kind.plural)
    }
    for name in sorted(value.keys() - known):
        message = f"There is no such field in a message to `{record.path}`."
        yield Fault(path=name, message=message).under(path)

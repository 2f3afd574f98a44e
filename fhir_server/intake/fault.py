"""What is wrong with a record, each fault named by its JSON path.

A path is written from the message down: `crisisEncounters[2].timeline.onSceneAt`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fhir_server.fhir.resource import Element, Json
from fhir_server.intake.fields import UNKNOWN_FIELD

_NULL = "Field may not be null."
CRIMINAL_JUSTICE = (
    "Criminal justice information is not taken (CJIS Security Policy):"
    " keep it in the records management system."
)
# Parts of names of fields, in lower case, that would hold such information. "arrested" and
# "offenseLevel" are the team's own observations and fields of ours, so they never get here.
_CRIMINAL_JUSTICE_NAMES = (
    "criminal",
    "warrant",
    "ncic",
    "fbinumber",
    "rapsheet",
    "conviction",
    "charge",
    "arresthistory",
    "arrestrecord",
    "booking",
    "mugshot",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault, or something worth a warning, at a JSON path."""

    path: str
    message: str

    def under(self, prefix: str) -> "Fault":
        """Return the fault as seen from further up."""
        if not self.path or not prefix:
            return Fault(path=prefix + self.path, message=self.message)
        joint = "" if self.path.startswith("[") else "."
        return Fault(path=f"{prefix}{joint}{self.path}", message=self.message)

    def as_json(self) -> Element:
        """Return the fault as the answer shows it."""
        return {"path": self.path, "message": self.message}


class InvalidRecordError(Exception):
    """A record breaks its definition; it is refused whole."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def flattened(messages: Json, path: str = "") -> Iterator[Fault]:
    """Yield the faults of marshmallow's tree of messages."""
    if isinstance(messages, Mapping):
        for name, below in messages.items():
            yield from flattened(below, _below(path, name))
    else:
        for message in messages:
            yield Fault(path=path, message=_message(path, message))


def criminal_justice(name: str) -> bool:
    """Return whether a field's or system's name speaks of criminal justice information."""
    letters = "".join(filter(str.isalnum, name)).lower()
    return any(part in letters for part in _CRIMINAL_JUSTICE_NAMES)


def _below(path: str, name: str | int) -> str:
    if isinstance(name, int):
        return f"{path}[{name}]"
    if name == "_schema":
        return path
    return f"{path}.{name}" if path else name


def _message(path: str, message: str) -> str:
    name = path.rpartition(".")[2]
    if message == UNKNOWN_FIELD and criminal_justice(name):
        return CRIMINAL_JUSTICE
    if message == _NULL:
        return "null is not taken here: leave the field out if it was not asked."
    return message

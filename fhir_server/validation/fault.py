"""What is wrong with one element, told relative to where it was found.

https://hl7.org/fhir/R4/valueset-issue-type.html
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from fhir_server.fhir.outcome import Issue
from fhir_server.fhir.resource import Json

# A key may be of any length; a message must not be.
_MOST_CHARACTERS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`path` leads from the checked value to the element: `.name[0].given[1]`, "" for itself.

    Each reader of a containing element puts its own step in front, so that the path costs nothing
    where there is no fault.
    """

    path: str = ""
    code: str
    diagnostics: str

    def issue(self, root: str) -> Issue:
        """Return the OperationOutcome.issue for a resource of type `root`."""
        return Issue(code=self.code, diagnostics=self.diagnostics, expression=root + self.path)


# Says what is wrong with the value of an element: nothing, nearly always.
ItemCheck = Callable[[Json], Sequence[Fault]]


def within(step: str, faults: Iterable[Fault]) -> list[Fault]:
    """Return `faults` as seen from the element that contains `step`."""
    return [replace(fault, path=step + fault.path) for fault in faults]


def structure(diagnostics: str, path: str = "") -> Fault:
    """Return the fault of an element that must not be there, or has the wrong shape."""
    return Fault(path=path, code="structure", diagnostics=diagnostics)


def unknown(name: str) -> Fault:
    """Return the fault of a property that the element does not have."""
    shown = name if len(name) <= _MOST_CHARACTERS else f"{name[:_MOST_CHARACTERS]}..."
    return structure(f"There is no element `{shown}` here.", f".{shown}")


def shape_of(value: Json) -> str:
    """Name the JSON type of `value` for a message that does not repeat it."""
    match value:
        case None:
            return "null"
        case dict():
            return "an object"
        case list():
            return "an array"
        case _:
            return "a single value"

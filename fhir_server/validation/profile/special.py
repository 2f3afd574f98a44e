"""What the text of the specification demands of some types, and no definition expresses.

https://hl7.org/fhir/R4/datatypes.html
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fhir_server.fhir.definitions import CANONICAL
from fhir_server.validation.profile import extensions, systems
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import Check, Problem, Report

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine

_WRONG_SIZE = Problem(
    code="value",
    diagnostics="The `size` must be the number of bytes that `data` has.",
    profile=f"{CANONICAL}Attachment",
    rule="attachment-size",
)


def _attachment(_: "Engine") -> Check:
    """Return the check of an Attachment's size, where its data stand beside it."""

    def check(node: Node, report: Report) -> None:
        data, size = node.value.get("data"), node.value.get("size")
        if isinstance(data, str) and isinstance(size, int) and size != _bytes(data):
            report.add(node, _WRONG_SIZE, ".size")

    return check


def _bytes(base64: str) -> int:
    digits = "".join(base64.split()).rstrip("=")
    return len(digits) * 6 // 8


SPECIAL: Mapping[str, Callable[["Engine"], Check]] = {
    "Attachment": _attachment,
    "Coding": systems.coding_check,
    "Extension": extensions.check,
    "Quantity": systems.coding_check,
}

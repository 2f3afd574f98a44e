"""Checks that concern nodes of some types only, left out where a node is of another.

https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.type ; a choice such as
`Extension.value[x]` has fifty types, and nearly all of its rules are about a few of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import Check, Report


@dataclass(frozen=True, slots=True, eq=False)
class ForTypes:
    """A check that has nothing to say of nodes of a type that it does not concern."""

    concerns: Callable[[str], bool]
    check: Check

    def __call__(self, node: Node, report: Report) -> None:
        """Report what is wrong with `node`, if it is concerned."""
        if self.concerns(node.type):
            self.check(node, report)


class Narrowed(dict[str, tuple[Check, ...]]):
    """The checks of an element by the type of its nodes, narrowed when the first of one comes."""

    __slots__ = ("every",)

    def __init__(self, checks: Sequence[Check]) -> None:
        super().__init__()
        self.every = tuple(checks)

    def __missing__(self, type_: str) -> tuple[Check, ...]:
        """Return the checks that concern nodes of a type, and keep them."""
        found = self[type_] = narrowed(self.every, type_)
        return found

    def run(self, nodes: Sequence[Node], report: Report) -> None:
        """Report what is wrong with each of the nodes of an element."""
        of, checks = "", self.every
        for node in nodes:
            if node.type != of:
                of = node.type
                checks = self[of]
            for check in checks:
                check(node, report)


def narrowed(checks: Sequence[Check], type_: str) -> tuple[Check, ...]:
    """Return those of the checks that concern nodes of a type."""
    found: list[Check] = []
    for each in checks:
        if not isinstance(each, ForTypes):
            found.append(each)
        elif each.concerns(type_):
            found.append(each.check)
    return tuple(found)

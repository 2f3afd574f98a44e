"""How often an element must and may be there, and what is done with each.

https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.min
"""

from dataclasses import dataclass

from fhir_server.validation.profile.narrow import Narrowed
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import INFORMATION, Check, Problem, Report, Scope
from fhir_server.validation.profile.slicing import Slicing
from fhir_server.validation.profile.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All nodes of one name below another; `min` 0 and `max` None where the type says as much."""

    name: str
    step: str
    min: int
    max: int | None
    too_few: Problem
    too_many: Problem
    unsupported: Problem | None
    checks: Narrowed
    slicing: Slicing | None

    @classmethod
    def of(
        cls, subject: Subject, checks: tuple[Check, ...], slicing: Slicing | None, scope: Scope
    ) -> "Group":
        """Return the group of an element."""
        definition, base = subject.definition, subject.base
        same_max = base is not None and definition.max == base.max
        same_min = base is not None and definition.min <= base.min
        name = definition.name + ("[x]" if definition.choice else "")
        return cls(
            name=definition.name,
            step=f".{definition.name}",
            min=0 if same_min else definition.min,
            max=None if same_max else definition.max,
            too_few=subject.problem("cardinality", "required", _too_few(name, definition.min)),
            too_many=subject.problem("cardinality", "structure", _too_many(name, definition.max)),
            unsupported=_unsupported(subject, name) if scope.must_support else None,
            checks=Narrowed(checks),
            slicing=slicing,
        )

    @property
    def matters(self) -> bool:
        """Say whether anything is demanded."""
        counted = self.min > 0 or self.max is not None
        return bool(counted or self.checks.every or self.slicing or self.unsupported)

    @property
    def wanted(self) -> bool:
        """Say whether something is told where there is none."""
        in_slices = self.slicing is not None and self.slicing.wanted
        return self.min > 0 or self.unsupported is not None or in_slices

    def __call__(self, node: Node, report: Report) -> None:
        """Report what is wrong with the children of `node` by this name."""
        children = node.children(self.name)
        number = len(children)
        if number < self.min and self._is_element_of(node):
            report.add(node, self.too_few, self.step)
        if self.max is not None and number > self.max:
            report.add(children[self.max], self.too_many)
        if not number and self.unsupported is not None:
            report.add(node, self.unsupported, self.step)
        if self.checks.every:
            self.checks.run(children, report)
        if self.slicing is not None:
            self.slicing(node, children, report)

    def _is_element_of(self, node: Node) -> bool:
        """Say whether the node has such an element: of a choice, only one type may have it."""
        return self.name in node.tree.properties(node.type)


def _unsupported(subject: Subject, name: str) -> Problem | None:
    if subject.definition.element.get("mustSupport") is not True:
        return None
    text = f"`{name}` must be supported by who implements the profile, and is not there."
    return subject.problem("must-support", "informational", text, severity=INFORMATION)


def _too_few(name: str, least: int) -> str:
    return f"`{name}` must be there." if least == 1 else f"`{name}` must be there {least} times."


def _too_many(name: str, most: int | None) -> str:
    if most == 0:
        return f"`{name}` must not be there."
    return f"`{name}` must be there {most} times at most."

"""Values that are laid down: fixed[x], which must be the same, and pattern[x], which must be in it.

https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.fixed_x_
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from fhir_server.fhir.resource import Json
from fhir_server.validation.profile.definition import Definition
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import Check, Problem, Report
from fhir_server.validation.profile.subject import Subject

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine

_MOST_CHARACTERS = 200


def checks(subject: Subject, _: "Engine") -> Iterator[Check]:
    """Yield the checks of fixed and pattern values that the type does not lay down itself."""
    for rule, fits, demand in (("fixed", same, "be"), ("pattern", holds, "have")):
        wanted = subject.definition.value_of(rule)
        if wanted is not None and not (subject.base and subject.base.value_of(rule) == wanted):
            text = f"The value must {demand} {shown(wanted)}."
            problem = subject.problem(rule, "value", text)
            yield Laid(problem=problem, fits=fits, wanted=wanted)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Laid:
    """The check that a value fits the one that is laid down."""

    problem: Problem
    fits: Callable[[Json, Json], bool]
    wanted: Json

    def __call__(self, node: Node, report: Report) -> None:
        """Report the problem, unless it does."""
        if not self.fits(node.value, self.wanted):
            report.add(node, self.problem)


def laid_down(definition: Definition) -> tuple[Callable[[Json, Json], bool], Json] | None:
    """Return what `definition` lays down, and how values fit it; None where it is nothing."""
    fixed = definition.value_of("fixed")
    if fixed is not None:
        return same, fixed
    pattern = definition.value_of("pattern")
    return None if pattern is None else (holds, pattern)


def same(value: Json, wanted: Json) -> bool:
    """Say whether two JSON values are equal, numbers by their value."""
    if type(value) is dict and type(wanted) is dict:
        return value.keys() == wanted.keys() and all(
            same(value[key], each) for key, each in wanted.items()
        )
    if type(value) is list and type(wanted) is list:
        return len(value) == len(wanted) and all(
            same(one, other) for one, other in zip(value, wanted, strict=True)
        )
    return _equal(value, wanted)


def holds(value: Json, pattern: Json) -> bool:
    """Say whether `pattern` is in `value`; each item of an array wants one that holds it."""
    if type(pattern) is dict:
        return type(value) is dict and all(
            key in value and holds(value[key], each) for key, each in pattern.items()
        )
    if type(pattern) is list:
        return type(value) is list and all(
            any(holds(one, each) for one in value) for each in pattern
        )
    return _equal(value, pattern)


def _equal(value: Json, wanted: Json) -> bool:
    if type(value) is type(wanted):
        return bool(value == wanted)
    return _is_number(value) and _is_number(wanted) and _decimal(value) == _decimal(wanted)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | Decimal | float) and not isinstance(value, bool)


def _decimal(value: Json) -> Decimal:
    return Decimal(str(value))


def shown(wanted: Json) -> str:
    """Return a value of a definition for a message, in backticks."""
    text = _flat(wanted)
    return f"`{text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + '...'}`"


def _flat(wanted: Json) -> str:
    if isinstance(wanted, dict):
        return "{" + ", ".join(f"{key}: {_flat(each)}" for key, each in wanted.items()) + "}"
    if isinstance(wanted, list):
        return "[" + ", ".join(_flat(each) for each in wanted) + "]"
    if isinstance(wanted, bool):
        return "true" if wanted else "false"
    return str(wanted)

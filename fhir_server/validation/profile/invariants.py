"""Constraints: FHIRPath that must be true of an element.

https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.constraint
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fhir_server.fhir.definitions import CANONICAL
from fhir_server.fhir.resource import Element
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.evaluation import Ports
from fhir_server.fhirpath.item import Items
from fhir_server.validation.profile.definition import objects
from fhir_server.validation.profile.native import NATIVE, STRUCTURAL
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.ports import UnknownHereError, ports_of, variables_of
from fhir_server.validation.profile.report import (
    ERROR,
    INFORMATION,
    WARNING,
    Check,
    Options,
    Problem,
    Report,
)
from fhir_server.validation.profile.subject import Subject

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine

_BEST_PRACTICE = f"{CANONICAL}elementdefinition-bestpractice"
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expression:
    """`as_part`: the constraint is one of an element, not of the root of a type."""

    text: str
    as_part: bool


def checks(subject: Subject, engine: "Engine") -> Iterator[Check]:
    """Yield the checks of the constraints that the type and the structure do not have already."""
    known = _known(subject, engine)
    for constraint in objects(subject.definition.element, "constraint"):
        key = _key(constraint)
        if not engine.scope.warnings and constraint.get("severity") == WARNING:
            continue
        if key[1] and key not in known and key not in STRUCTURAL:
            yield _check(subject, constraint, engine)


def _known(subject: Subject, engine: "Engine") -> set[_Key]:
    """Return the constraints that are checked where the element's type is."""
    elements = [] if subject.base is None else [subject.base.element]
    if "." in subject.definition.path:
        roots = (engine.type_definition(kind.code) for kind in subject.definition.types)
        elements += [root.element for root in roots if root]
    return {_key(each) for element in elements for each in objects(element, "constraint")}


def _key(constraint: Element) -> _Key:
    return str(constraint.get("key")), str(constraint.get("expression") or "")


def _check(subject: Subject, constraint: Element, engine: "Engine") -> Check:
    key, text = _key(constraint)
    human = str(constraint.get("human") or text)
    severity = WARNING if constraint.get("severity") == WARNING else ERROR
    problem = replace(
        subject.problem(key, "invariant", f"{key}: {human}", severity=severity),
        profile=str(constraint.get("source") or subject.definition.source),
    )
    is_best_practice = any(
        each.get("url") == _BEST_PRACTICE and each.get("valueBoolean") is True
        for each in objects(constraint, "extension")
    )
    native = NATIVE.get((key, text))
    expression = _Expression(text=text, as_part="." in subject.definition.path)

    def check(node: Node, report: Report) -> None:
        kept = None if native is None else native(node)
        if kept is None:
            kept = _evaluate(node, expression, problem, report, engine)
        if not kept:
            _report(node, problem, report, is_best_practice=is_best_practice)

    return check


def _report(node: Node, problem: Problem, report: Report, *, is_best_practice: bool) -> None:
    if not is_best_practice:
        report.add(node, problem)
    elif report.options.best_practice is not None:
        report.add(node, replace(problem, severity=report.options.best_practice))


def _evaluate(
    node: Node, expression: _Expression, problem: Problem, report: Report, engine: "Engine"
) -> bool:
    """Return whether the expression is true; that it has no result is reported here."""
    try:
        result = engine.expression(expression.text, node.type).evaluate(
            node.item,
            variables=variables_of(node, as_part=expression.as_part),
            ports=ports_of(engine, node, report),
            steps=report.options.steps,
        )
    except UnknownHereError as reason:
        told = f"{problem.rule}: cannot be told here. {reason}"
        report.add(node, replace(problem, severity=INFORMATION, code="not-found", diagnostics=told))
    except FhirPathError as reason:
        told = f"{problem.rule}: the constraint could not be evaluated. {reason}"
        report.add(node, replace(problem, code="exception", diagnostics=told))
    else:
        return holds(result)
    return True


def holds(result: Items) -> bool:
    """Say whether the result of a constraint counts as true: not if it is empty."""
    if len(result) == 1 and isinstance(result[0].value, bool):
        return result[0].value
    return bool(result)


def now_of(options: Options) -> Ports | None:
    """Return the port of the clock, None where no time was given."""
    now = options.now
    return None if now is None else Ports(now=lambda: now)

"""Codes by themselves: each must be one of its system, and its display one of the concept's.

https://hl7.org/fhir/R4/datatypes.html#Coding and https://hl7.org/fhir/R4/datatypes.html#Quantity
"""

from typing import TYPE_CHECKING

from fhir_server.fhir.definitions import CANONICAL
from fhir_server.terminology.coding import Coding
from fhir_server.terminology.terminology import Terminology
from fhir_server.validation.profile.known import Known
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import ERROR, Check, Problem, Report
from fhir_server.validation.profile.terms import remembering

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine


def coding_check(engine: "Engine") -> Check:
    """Return the check of a Coding or of the unit of a Quantity."""
    right = engine.codes
    by_terminology = _told(engine.terminology, right) if engine.terminology else None

    def check(node: Node, report: Report) -> None:
        if right.has(node.value):
            return
        coding = Coding.of(node.value)
        if not coding.system:
            return
        if ":" not in coding.system:
            text = "The `system` of a code must be an absolute URL."
            report.add(node, _problem(ERROR, "invalid", text), ".system")
        elif _is_value_set(coding.system, engine):
            text = f"`{coding.system}` is a value set; `system` must name a code system."
            report.add(node, _problem(ERROR, "invalid", text), ".system")
        elif coding.code and by_terminology is not None:
            by_terminology(node, report)

    return check


def _told(terminology: Terminology, right: Known) -> Check:
    """Return the check by a code's system; what is `right` needs not be looked at again."""
    # Where a concept that only groups others may stand is for value sets to say.
    ask = remembering(lambda coding: terminology.validate_in_system(coding, abstract=True))

    def check(node: Node, report: Report) -> None:
        coding = Coding.of(node.value)
        answer = ask(coding)
        if answer.result is not False and not answer.display_is_wrong:
            right.add(coding)
        elif answer.result is False:
            report.add(node, _problem(ERROR, "code-invalid", answer.message))
        elif report.options.display is not None:
            report.add(node, _problem(report.options.display, "invalid", answer.message))

    return check


def _is_value_set(url: str, engine: "Engine") -> bool:
    if "/ValueSet/" not in url:
        return False
    resolve = engine.packages.resolve
    return resolve("CodeSystem", url) is None and resolve("ValueSet", url) is not None


def _problem(severity: str, code: str, text: str) -> Problem:
    return Problem(
        severity=severity, code=code, diagnostics=text, profile=f"{CANONICAL}Coding", rule="coding"
    )

"""Extensions: by their own definition, in the places where that allows them.

https://hl7.org/fhir/R4/extensibility.html and https://hl7.org/fhir/R4/defining-extensions.html
"""

from typing import TYPE_CHECKING

from fhir_server.fhir.definitions import CANONICAL
from fhir_server.validation.profile.contexts import context_problem
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import ERROR, Check, Problem, Report

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine, Profile

_EXTENSION = f"{CANONICAL}Extension"
_MODIFIER = "modifierExtension"
_RELATIVE = "The `url` of an extension must be absolute, except inside another extension."


def check(engine: "Engine") -> Check:
    """Return the check of one extension by the definition that its `url` names."""

    def found(node: Node, report: Report) -> None:
        url = node.value.get("url")
        if not isinstance(url, str):
            return
        if ":" not in url:
            # The part of a complex extension; the definition of the whole says what it may be.
            if node.parent is not None and node.parent.type != "Extension":
                report.add(node, _problem(ERROR, "invalid", _RELATIVE))
            return
        profile = engine.profile(url)
        if profile is None:
            _unknown(node, url, report)
            return
        report.take(engine.issues(node, url, report))
        if profile.is_modifier is not (node.step is not None and node.step.name == _MODIFIER):
            report.add(node, _misplaced(profile))
        if node.parent is not None and node.parent.type not in profile.places:
            _look_around(node, profile, engine, report)

    return found


def _look_around(node: Node, profile: "Profile", engine: "Engine", report: Report) -> None:
    problem = context_problem(node, profile, engine, report)
    if problem is not None:
        report.add(node, problem)


def _unknown(node: Node, url: str, report: Report) -> None:
    severity = report.options.unknown_extension
    if severity is not None:
        text = f"The extension `{url}` is not known here, so it was not checked."
        report.add(node, _problem(severity, "not-found", text))


def _problem(severity: str, code: str, text: str) -> Problem:
    return Problem(
        severity=severity, code=code, diagnostics=text, profile=_EXTENSION, rule="extension"
    )


def _misplaced(profile: "Profile") -> Problem:
    where = "`modifierExtension`" if profile.is_modifier else "`extension`"
    text = f"The extension `{profile.url}` must stand in {where}."
    return Problem(code="structure", diagnostics=text, profile=profile.url, rule="modifier")

"""Narratives of which a profile demands sections by language, or a source for every text.

https://hl7.org/fhir/extensions/StructureDefinition-narrative-language-control.html and
https://hl7.org/fhir/extensions/StructureDefinition-narrative-source-control.html
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fhir_server.fhir.definitions import CANONICAL
from fhir_server.fhir.narrative import Outline, outline
from fhir_server.validation.profile.definition import objects
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import Check, Report
from fhir_server.validation.profile.subject import Subject

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine

_LANGUAGES = f"{CANONICAL}narrative-language-control"
_SOURCES = f"{CANONICAL}narrative-source-control"
# What is wrong with a narrative in a resource of a language, "" if nothing is.
Fault = Callable[[Outline, str], str]


def checks(subject: Subject, _: "Engine") -> Iterator[Check]:
    """Yield the checks that extensions on the definition of a Narrative ask for."""
    for extension in objects(subject.definition.element, "extension"):
        if extension.get("url") == _SOURCES:
            yield _check(subject, "narrative-source", _unsourced)
        if extension.get("url") == _LANGUAGES:
            yield _check(subject, "narrative-language", _languages(extension.get("valueCode")))


def _check(subject: Subject, rule: str, fault: Fault) -> Check:
    def check(node: Node, report: Report) -> None:
        div = node.element.get("div")
        if isinstance(div, str):
            language = str(node.resource.value.get("language", ""))
            told = fault(outline(div), language)
            if told:
                report.add(node, subject.problem(rule, "invalid", told))

    return check


def _unsourced(found: Outline, _: str) -> str:
    if not found.unsourced:
        return ""
    return (
        f"{found.unsourced} texts of the narrative do not tell their source: they need a class"
        " `boilerplate`, `generated` or `original`."
    )


def _languages(wanted: object) -> Fault:
    def fault(found: Outline, language: str) -> str:
        if wanted == "_no" and found.languages:
            return "The narrative must not have sections by language."
        if wanted == "_yes" and not found.languages:
            return "The narrative must have a section for each of its languages."
        named = language if wanted == "_resource" else wanted
        if wanted not in {"_no", "_yes"} and named and named not in found.languages:
            return f"The narrative must have a section in the language `{named}`."
        return ""

    return fault

"""Codes: whether they are in the value sets that elements are bound to, and of their systems.

https://hl7.org/fhir/R4/terminologies.html#strength ; what the terminology cannot tell is reported
as such and makes nothing invalid.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fhir_server.fhir.definitions import CANONICAL
from fhir_server.fhir.resource import Element
from fhir_server.terminology.coding import Coding, Membership
from fhir_server.terminology.terminology import Terminology
from fhir_server.validation.profile.codings import QUANTITIES, codings_of
from fhir_server.validation.profile.definition import objects, said
from fhir_server.validation.profile.known import Known
from fhir_server.validation.profile.narrow import ForTypes
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import (
    ERROR,
    INFORMATION,
    WARNING,
    Check,
    Problem,
    Report,
    Scope,
)
from fhir_server.validation.profile.subject import Subject

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine

_MAX = f"{CANONICAL}elementdefinition-maxValueSet"
_ADDITIONAL = "http://hl7.org/fhir/tools/StructureDefinition/additional-binding"
# It bounds the codes that there are, and wants none.
_MAX_RULE = "max-binding"
# What an additional binding demands, as the strength of a binding.
_PURPOSES = {"required": "required", "maximum": "required", "extensible": "extensible"}
_SEVERITIES = {"required": ERROR, "extensible": WARNING, "preferred": INFORMATION}
_CODED = frozenset({"code", "Coding", "CodeableConcept", "string", "uri", "url", "canonical"})
_MEDIA_TYPES = "http://hl7.org/fhir/ValueSet/mimetypes"
_FORMATS = frozenset({"xml", "json", "ttl"})
_MOST_REMEMBERED = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class _Binding:
    """A value set, and how much an element is bound to it; `rule` is the name for reports."""

    strength: str
    value_set: str
    rule: str = "binding"


def checks(subject: Subject, engine: "Engine") -> Iterator[Check]:
    """Yield the checks of the bindings that the type and the structure do not have already."""
    if engine.terminology is None:
        return
    before = set(_bindings(subject.base.element)) if subject.base else _structural(subject, engine)
    for binding in _bindings(subject.definition.element):
        if binding not in before and _is_asked(binding, engine.scope):
            yield _check(subject, binding, engine.terminology)


def _is_asked(binding: _Binding, scope: Scope) -> bool:
    if binding.strength == "preferred":
        return scope.preferred
    return binding.strength == "required" or (binding.strength == "extensible" and scope.warnings)


def _bindings(element: Element) -> Iterator[_Binding]:
    binding = element.get("binding")
    value_set = said(binding, "valueSet")
    if value_set is not None:
        yield _Binding(strength=str(said(binding, "strength")), value_set=value_set)
    for each in objects(binding, "extension"):
        if each.get("url") == _MAX:
            url = said(each, "valueCanonical") or said(each, "valueUri")
            if url:
                yield _Binding(strength="required", value_set=url, rule=_MAX_RULE)
        elif each.get("url") == _ADDITIONAL:
            yield from _additional(each)


def _additional(extension: Element) -> Iterator[_Binding]:
    """Yield an additional binding, unless it holds only for some uses or in some contexts."""
    parts = {str(each.get("url")): each for each in objects(extension, "extension")}
    strength = _PURPOSES.get(str(said(parts.get("purpose"), "valueCode")))
    value_set = said(parts.get("valueSet"), "valueCanonical")
    if strength and value_set and "usage" not in parts:
        yield _Binding(strength=strength, value_set=value_set, rule="additional-binding")


def _structural(subject: Subject, engine: "Engine") -> set[_Binding]:
    """Return the bindings of a type that the structural check has looked at."""
    codes = {kind.code for kind in subject.definition.types}
    return {
        binding
        for binding in _bindings(subject.definition.element)
        if binding.strength == "required"
        and codes <= {"code", "CodeableConcept"}
        and engine.definitions.required_codings(binding.value_set)
    }


def missing(subject: Subject) -> Iterator[Check]:
    """Yield the check of a code that has only extensions, where a required binding wants one."""
    for binding in _bindings(subject.definition.element):
        if binding.strength == "required" and subject.definition.types[0].code == "code":
            text = f"A code of `{binding.value_set}` must be there, whatever its extensions say."
            yield _missing(subject.problem(binding.rule, "code-invalid", text))


def _missing(problem: Problem) -> Check:
    def check(node: Node, report: Report) -> None:
        if node.value is None:
            report.add(node, problem)

    return check


def _check(subject: Subject, binding: _Binding, terminology: Terminology) -> Check:
    ask = remembering(_asking(terminology, binding.value_set))
    judge = _Judge(subject=subject, binding=binding)
    members = Known()

    def check(node: Node, report: Report) -> None:
        if members.has_any_of(node):
            return
        answers = [(coding, ask(coding)) for coding in codings_of(node.item)]
        for coding, answer in answers:
            if answer.result:
                members.add(coding)
        problem = judge.problem(node, answers)
        if problem is not None:
            report.add(node, problem)

    return ForTypes((_CODED | QUANTITIES).__contains__, check)


def _asking(terminology: Terminology, value_set: str) -> Callable[[Coding], Membership]:
    """Return what tells whether a code is of a value set.

    https://hl7.org/fhir/R4/capabilitystatement-definitions.html#CapabilityStatement.format allows
    names of formats among the media types.
    """
    formats = _FORMATS if value_set.partition("|")[0] == _MEDIA_TYPES else frozenset()

    def ask(coding: Coding) -> Membership:
        if coding.code in formats:
            return Membership(result=True)
        return terminology.validate_code(value_set, coding)

    return ask


def remembering(ask: Callable[[Coding], Membership]) -> Callable[[Coding], Membership]:
    """Return `ask` with a memory of bounded size: the same few codes come again and again."""
    known: dict[Coding, Membership] = {}

    def answer(coding: Coding) -> Membership:
        found = known.get(coding)
        if found is None:
            found = ask(coding)
            if len(known) >= _MOST_REMEMBERED:
                known.clear()
            known[coding] = found
        return found

    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """Says what the answers of terminology mean for a binding."""

    subject: Subject
    binding: _Binding

    def problem(self, node: Node, answers: list[tuple[Coding, Membership]]) -> Problem | None:
        """Return what is wrong, None where a code is in the value set."""
        strength, url = self.binding.strength, self.binding.value_set
        if any(answer.result for _, answer in answers):
            return None
        if not answers:
            return self._without_code(node)
        unknown = next((answer for _, answer in answers if answer.result is None), None)
        if unknown is not None:
            severity = INFORMATION if strength == "preferred" else WARNING
            text = f"Whether the code is of `{url}` cannot be told here. {unknown.message}"
            return self._told(severity, "not-found", text)
        names = ", ".join(f"`{coding.name}`" for coding, _ in answers)
        must = {
            "required": "must be",
            "extensible": "should be, unless no code of it applies,",
            "preferred": "would better be",
        }[strength]
        text = f"The code {must} of `{url}`, and {names} is not."
        return self._told(_SEVERITIES[strength], "code-invalid", text)

    def _without_code(self, node: Node) -> Problem | None:
        strength, url = self.binding.strength, self.binding.value_set
        if strength == "preferred" or node.type in QUANTITIES or self.binding.rule == _MAX_RULE:
            return None
        if strength == "required":
            return self._told(ERROR, "code-invalid", f"A code of `{url}` must be there.")
        if node.value is None or (node.type == "CodeableConcept" and "text" in node.value):
            return None
        return self._told(WARNING, "code-invalid", f"A code of `{url}` should be there.")

    def _told(self, severity: str, code: str, text: str) -> Problem:
        return self.subject.problem(self.binding.rule, code, text, severity=severity)

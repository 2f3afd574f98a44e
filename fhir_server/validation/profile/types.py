"""The types that an element may have, the profiles on them, and what references may lead to.

https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.type
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fhir_server.validation.profile.definition import Definition, Referring, TypeReference
from fhir_server.validation.profile.narrow import ForTypes
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import Check, Report
from fhir_server.validation.profile.subject import Subject

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine

_REFERENCE = "Reference"


def checks(subject: Subject, engine: "Engine") -> Iterator[Check]:
    """Yield the checks of types that are fewer, or demand more, than those of the base."""
    kinds = subject.definition.types
    before = _by_code(subject.base)
    if subject.base is not None:
        if kinds and {kind.code for kind in kinds} != before.keys():
            yield _allowed(subject, engine)
        for kind in kinds:
            known = before.get(kind.code)
            if kind.profiles and (known is None or known.profiles != kind.profiles):
                yield _profiled(subject, kind, engine)
    referring = tuple(kind for kind in kinds if kind.code == _REFERENCE)
    if referring and any(before.get(kind.code) != kind for kind in referring):
        yield _referring(subject, referring)


def _by_code(definition: Definition | None) -> dict[str, TypeReference]:
    return {} if definition is None else {kind.code: kind for kind in definition.types}


def _allowed(subject: Subject, engine: "Engine") -> Check:
    codes = tuple(dict.fromkeys(kind.code for kind in subject.definition.types))
    expected = " or ".join(f"`{code}`" for code in codes)
    problem = subject.problem("type", "structure", f"The type must be {expected}.")
    is_a = engine.model.is_a

    def is_other(type_: str) -> bool:
        return type_ not in codes and not any(is_a(type_, code) for code in codes)

    return ForTypes(is_other, lambda node, report: report.add(node, problem))


def _profiled(subject: Subject, kind: TypeReference, engine: "Engine") -> Check:
    profiles = kind.profiles
    names = ", ".join(f"`{url}`" for url in profiles)
    problem = subject.problem("profile", "structure", f"None of these profiles is met: {names}.")

    def check(node: Node, report: Report) -> None:
        if len(profiles) == 1:
            report.take(engine.issues(node, profiles[0], report))
        elif not any(engine.fits(node, url, report) for url in profiles):
            report.add(node, problem)

    return ForTypes(lambda type_: engine.model.is_a(type_, kind.code), check)


def _referring(subject: Subject, kinds: tuple[TypeReference, ...]) -> Check:
    rule = Referring.of(subject.definition.source, kinds)

    def check(node: Node, report: Report) -> None:
        report.references.check(node, rule, report)

    return ForTypes(lambda type_: type_ == _REFERENCE, check)

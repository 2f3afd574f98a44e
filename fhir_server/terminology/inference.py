"""The system of a code that was given without one, as elements of type `code` are.

https://hl7.org/fhir/R4/valueset-operation-validate-code.html
"""

from collections.abc import Iterator
from dataclasses import replace

from fhir_server.terminology.coding import Coding
from fhir_server.terminology.evaluation import Evaluation, Verdict
from fhir_server.terminology.value_set import ValueSet


def systems_with(
    evaluation: Evaluation, value_set: ValueSet, coding: Coding
) -> tuple[Verdict, ...]:
    """Return the verdicts that hold the code, one for each system; else one that tells why not."""
    found: list[Verdict] = []
    doubt: Verdict | None = None
    for system in dict.fromkeys(systems(evaluation, value_set)):
        verdict = evaluation.contains(value_set, replace(coding, system=system))
        if verdict.result:
            found.append(verdict)
        elif verdict.result is None or doubt is None:
            doubt = verdict
    if found:
        return tuple(found)
    return (doubt or evaluation.contains(value_set, coding),)


def systems(evaluation: Evaluation, value_set: ValueSet) -> Iterator[str]:
    """Yield the systems that a value set and its imports name."""
    evaluation.spend(1)
    if not value_set.includes:
        yield from (system for system, _ in value_set.stored or {})
        return
    evaluation.enter(value_set)
    try:
        for include in value_set.includes:
            if include.system:
                yield include.system
                continue
            for canonical in include.value_sets[:1]:
                imported = evaluation.artefacts.value_set(canonical)
                if imported is not None:
                    yield from systems(evaluation, imported)
    finally:
        evaluation.leave()

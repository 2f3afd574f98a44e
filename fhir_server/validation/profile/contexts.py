"""Where an extension may stand: StructureDefinition.context and contextInvariant.

https://hl7.org/fhir/R4/defining-extensions.html#context
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from fhir_server.fhir.definitions import CANONICAL
from fhir_server.fhir.resource import Element, Resource, items
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.validation.profile.definition import objects
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.ports import ports_of, variables_of
from fhir_server.validation.profile.report import Problem, Report

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine, Profile

_ANYWHERE = frozenset({"Element", "Base"})
# Interfaces of later versions, which guides for R4 name too, and what resources of theirs have.
_CANONICAL = frozenset({"CanonicalResource", "MetadataResource"})
_OF_CANONICAL = frozenset({"status", "publisher"})
# Contexts that the specification itself goes beyond, in its own definitions.
_ERRATA: Mapping[str, tuple[str, ...]] = {
    f"{CANONICAL}structuredefinition-fhir-type": ("ElementDefinition.type",),
    f"{CANONICAL}regex": ("ElementDefinition.type",),
    f"{CANONICAL}structuredefinition-normative-version": ("Element",),
}


def places_of(structure: Resource) -> frozenset[str]:
    """Return the types on which an extension may stand, whatever else is so: most stand there."""
    if structure.get("contextInvariant"):
        return frozenset()
    contexts = objects(structure, "context")
    named = {str(each.get("expression")) for each in contexts if each.get("type") == "element"}
    return frozenset(each.removesuffix("[x]") for each in named if "#" not in each)


def context_problem(
    node: Node, profile: "Profile", engine: "Engine", report: Report
) -> Problem | None:
    """Return what is wrong with the place of an extension, None if it may be there."""
    holder = node.parent
    if holder is None:
        return None
    contexts = [
        *objects(profile.structure, "context"),
        *({"type": "element", "expression": each} for each in _ERRATA.get(profile.url, ())),
    ]
    if contexts and not any(_allows(context, holder, node, engine, report) for context in contexts):
        places = ", ".join(f"`{each.get('expression')}`" for each in contexts)
        text = f"The extension `{profile.url}` may only stand in {places}."
        return _problem(profile, "context", text)
    for text in items(profile.structure, "contextInvariant"):
        if not _is_true(text, holder, node, engine, report):
            told = f"The extension `{profile.url}` may only stand where `{text}`."
            return _problem(profile, "context-invariant", told)
    return None


def _problem(profile: "Profile", rule: str, text: str) -> Problem:
    return Problem(code="structure", diagnostics=text, profile=profile.url, rule=rule)


def _allows(
    context: Element, holder: Node, extension: Node, engine: "Engine", report: Report
) -> bool:
    expression = str(context.get("expression"))
    match context.get("type"):
        case "element":
            return _is_element(expression, holder, engine, report)
        case "extension":
            return holder.type == "Extension" and holder.value.get("url") == expression
        case "fhirpath":
            return _is_found(expression, holder, extension, engine, report)
        case _:
            return True


def _is_element(expression: str, holder: Node, engine: "Engine", report: Report) -> bool:
    """Say whether the holder is the element that `Type.path` or `profile#path` names."""
    profile, hash_, path = expression.partition("#")
    if hash_ and not engine.fits(holder.resource, profile, report):
        return False
    wanted = (path if hash_ else expression).removesuffix("[x]")
    # Element stands for every element, and resources are among them.
    if wanted in _ANYWHERE:
        return True
    if wanted in _CANONICAL and holder.is_resource:
        return engine.tree.properties(holder.type).keys() >= _OF_CANONICAL
    return any(
        name == wanted or (is_type and engine.model.is_a(name, wanted))
        for name, is_type in _names(holder)
    )


def _names(node: Node) -> Iterator[tuple[str, bool]]:
    """Yield all names of an element, each with whether it is a type.

    They are its own type, and each type above it with the path that leads from there. An element
    of a resource that is derived has no other name by that of its base but the common ones.
    """
    yield node.type, True
    steps = ""
    at: Node | None = node
    while at is not None and at.step is not None and not at.is_resource:
        typed = at.step.key[len(at.step.name) :] if at.step.key != at.step.name else ""
        above = at.parent
        if above is None:
            break
        for tail in dict.fromkeys((at.step.name, at.step.name + typed)):
            yield f"{above.type}.{tail}{steps}", False
        steps = f".{at.step.name}{steps}"
        at = above


def _is_found(
    expression: str, holder: Node, extension: Node, engine: "Engine", report: Report
) -> bool:
    """Say whether the holder is among what the expression finds in the resource."""
    resource = holder.resource
    try:
        found = engine.expression(expression, resource.type).evaluate(
            resource.item,
            variables={**variables_of(holder), "extension": [extension.item]},
            ports=ports_of(engine, holder, report),
            steps=report.options.steps,
        )
    except FhirPathError:
        return True
    if len(found) == 1 and isinstance(found[0].value, bool) and not isinstance(holder.value, bool):
        return found[0].value
    return any(item.value is holder.value for item in found)


def _is_true(text: str, holder: Node, extension: Node, engine: "Engine", report: Report) -> bool:
    try:
        found = engine.expression(text, holder.type).evaluate(
            holder.item,
            variables={**variables_of(holder), "extension": [extension.item]},
            ports=ports_of(engine, holder, report),
            steps=report.options.steps,
        )
    except FhirPathError:
        return True
    return bool(found) and found[0].value is not False

"""Definitions that are resources themselves: what a profile says must be able to mean something.

https://hl7.org/fhir/R4/profiling.html#discriminator
"""

from typing import TYPE_CHECKING

from fhir_server.fhir.definitions import CANONICAL
from fhir_server.fhir.resource import Element
from fhir_server.validation.profile.definition import Definition
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.paths import parse_path
from fhir_server.validation.profile.report import Problem, Report

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine

_PROFILE = f"{CANONICAL}StructureDefinition"


def check_structure_definition(structure: Node, engine: "Engine", report: Report) -> None:
    """Report the discriminators whose path leads nowhere in the element that is sliced."""
    for view in (*structure.children("differential"), *structure.children("snapshot")):
        for element in view.children("element"):
            for slicing in element.children("slicing"):
                sliced = _definition(str(element.value.get("path")), engine)
                for discriminator in slicing.children("discriminator"):
                    if sliced and not _leads(discriminator.value, sliced, engine):
                        path = discriminator.value.get("path")
                        text = f"The path `{path}` leads to no element of what is sliced."
                        problem = Problem(
                            code="invalid", diagnostics=text, profile=_PROFILE, rule="discriminator"
                        )
                        report.add(discriminator, problem, ".path")


def _definition(path: str, engine: "Engine") -> Definition | None:
    """Return the element of a type that a path of a profile leads to."""
    root, *names = path.split(".")
    found = engine.type_definition(root)
    for name in names:
        found = found and engine.child(found, name.removesuffix("[x]"))
    return found


def _leads(discriminator: Element, sliced: Definition, engine: "Engine") -> bool:
    """Say whether a path of names leads somewhere; of others nothing is told."""
    path = parse_path(str(discriminator.get("path", "$this")))
    if any(step.kind != "name" for step in path.steps) or not sliced.types:
        return True
    return bool(path.definitions(sliced, engine))

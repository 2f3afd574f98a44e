"""Narratives that say which data their parts tell: both ends of such a link must be there.

https://hl7.org/fhir/extensions/StructureDefinition-textLink.html
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fhir_server.fhir.definitions import CANONICAL
from fhir_server.fhir.narrative import outline
from fhir_server.fhir.resource import Element, Json, items
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.expression import expression
from fhir_server.fhirpath.statics import Strictness
from fhir_server.validation.narrative_links import ids_of
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import Problem, Report

if TYPE_CHECKING:
    from fhir_server.validation.references import References

_TEXT_LINK = f"{CANONICAL}textLink"
_STRICT = Strictness(types=True, single_as=True)


def check_text_links(resource: Node, references: "References", report: Report) -> None:
    """Report the links of a resource's narrative of which one end is missing."""
    narrative = resource.value.get("text")
    if not isinstance(narrative, dict) or "extension" not in narrative:
        return
    for text in resource.children("text"):
        for extension in text.children("extension"):
            if extension.value.get("url") == _TEXT_LINK:
                div = text.value.get("div")
                parts = _parts(extension.value)
                for told in (
                    *_of_html(parts, div if isinstance(div, str) else ""),
                    *_of_data(parts, resource, references),
                ):
                    problem = Problem(
                        code="not-found", diagnostics=told, profile=_TEXT_LINK, rule="text-link"
                    )
                    report.add(extension, problem)


def _parts(extension: Element) -> dict[str, str]:
    """Return the texts of the link: `htmlid`, `data`, `selector`."""
    found: dict[str, str] = {}
    for part in items(extension, "extension"):
        values: list[Json] = [part[name] for name in part if name.startswith("value")]
        if len(values) == 1 and isinstance(values[0], str):
            found[str(part.get("url"))] = values[0]
    return found


def _of_html(parts: dict[str, str], div: str) -> Iterator[str]:
    id_ = parts.get("htmlid")
    if id_ is not None and id_ not in outline(div).ids:
        yield f"The narrative has no element with the id `{id_}`."


def _of_data(parts: dict[str, str], resource: Node, references: "References") -> Iterator[str]:
    reference, _, fragment = parts.get("data", "").partition("#")
    target: Node | None = resource
    if reference:
        target = references.resolver.local(resource, reference).node
    if target is None:
        return
    # Without an address it may be anywhere in the document.
    searched = target if reference else _outermost(target)
    if fragment and fragment not in ids_of(searched.value):
        yield f"There is no element with the id `{fragment}` where the link leads."
    selector = parts.get("selector")
    if selector is not None and not _is_of(selector, target, references):
        yield f"`{selector}` is no FHIRPath of a {target.type}."


def _outermost(node: Node) -> Node:
    return node if node.parent is None else _outermost(node.parent)


def _is_of(selector: str, target: Node, references: "References") -> bool:
    try:
        expression(selector, references.engine.model, base=target.type, strictness=_STRICT)
    except FhirPathError:
        return False
    return True

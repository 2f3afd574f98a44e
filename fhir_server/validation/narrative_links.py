"""Links within narratives: what `#place` names must be in the same resource.

https://hl7.org/fhir/R4/narrative.html#id
"""

from collections.abc import Iterator

from fhir_server.fhir.narrative import outline
from fhir_server.fhir.resource import Json
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import WARNING, Problem, Report
from fhir_server.validation.resolution import below

_NARRATIVE = "http://hl7.org/fhir/StructureDefinition/Narrative"
Keys = tuple[str | int, ...]


def check_links(resource: Node, report: Report) -> None:
    """Report each narrative with a link to a place that is not in the resource."""
    divs = [(div, keys) for div, keys in _divs(resource.value, ()) if 'href="#' in div]
    if not divs:
        return
    places = {id_ for div, _ in _divs(resource.value, ()) for id_ in outline(div).ids}
    places |= ids_of(resource.value)
    for div, keys in divs:
        for link in sorted(outline(div).links - places):
            text = f"The link to `#{link}` leads to no place in this resource."
            report.add(below(resource, keys), _problem(text))


def _problem(text: str) -> Problem:
    """Return a warning: the specification's own narratives have hundreds of such links."""
    return Problem(
        severity=WARNING,
        code="not-found",
        diagnostics=text,
        profile=_NARRATIVE,
        rule="narrative-link",
    )


def _divs(value: Json, keys: Keys) -> Iterator[tuple[str, Keys]]:
    """Yield the narratives of a resource, but not of the entries of a Bundle."""
    if isinstance(value, dict):
        for key, child in value.items():
            if key == "div" and isinstance(child, str):
                yield child, (*keys, key)
            elif not _is_other(key, child):
                yield from _divs(child, (*keys, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _divs(child, (*keys, index))


def ids_of(resource: Json) -> frozenset[str]:
    """Return all ids in a resource."""
    return frozenset(_ids(resource))


def _ids(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("id"), str):
            yield value["id"]
        for child in value.values():
            yield from _ids(child)
    elif isinstance(value, list):
        for child in value:
            yield from _ids(child)


def _is_other(key: str, child: Json) -> bool:
    return key == "resource" and isinstance(child, dict) and "resourceType" in child

"""Contained resources, and the ids within one resource.

https://hl7.org/fhir/R4/references.html#contained and https://hl7.org/fhir/R4/element.html#id

That a contained resource is referred to (dom-3), contains none (dom-2) and has no version of its
own (dom-4, dom-5), the invariants of DomainResource say.
"""

from collections import Counter
from collections.abc import Iterator

from fhir_server.fhir.resource import Element, Json
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import Problem, Report
from fhir_server.validation.resolution import below

_PROFILE = "http://hl7.org/fhir/StructureDefinition/DomainResource"
_ELEMENT = "http://hl7.org/fhir/StructureDefinition/Element"
_DEFINING = frozenset({"snapshot", "differential"})
Keys = tuple[str | int, ...]


def check_contained(resource: Node, report: Report) -> None:
    """Report contained resources that cannot be referred to, since they have no id of their own."""
    contained = resource.children("contained")
    counts = Counter(str(node.value.get("id")) for node in contained)
    for node in contained:
        id_ = node.value.get("id")
        if id_ is None:
            text = "A contained resource must have an `id`, so that it can be referred to."
            report.add(node, _problem(_PROFILE, "contained-id", text, "required"))
        elif counts[str(id_)] > 1:
            text = f"`{id_}` is the id of {counts[str(id_)]} contained resources."
            report.add(node, _problem(_PROFILE, "contained-id", text, "duplicate"))


def check_ids(resource: Node, report: Report) -> None:
    """Report elements that have the id of another element of the same resource.

    The ids of element definitions name what they define, in the snapshot and in the differential.
    """
    value = resource.value
    if resource.type == "StructureDefinition":
        value = {name: each for name, each in value.items() if name not in _DEFINING}
    told = _texts(value)
    if len(told) == len(set(told)):
        # So it nearly always is: places are kept in mind only to tell of those that are not.
        return
    seen: set[str] = set()
    for id_, keys in _ids(value, ()):
        if id_ in seen:
            text = f"`{id_}` is the id of another element of this resource."
            report.add(below(resource, keys), _problem(_ELEMENT, "id", text, "duplicate"))
        seen.add(id_)


def _texts(value: Element) -> list[str]:
    """Return the ids that `_ids` yields, without their places."""
    found: list[str] = []
    pending: list[Json] = [*value.values()]
    # The list grows while it is gone through: what is inside comes at its end.
    for each in pending:
        if type(each) is list:
            pending += each
        elif type(each) is dict and "resourceType" not in each:
            if isinstance(each.get("id"), str):
                found.append(each["id"])
            pending += each.values()
    return found


def _ids(element: Element, keys: Keys) -> Iterator[tuple[str, Keys]]:
    """Yield the ids of the elements below `element` that are no resources, nor in one."""
    for key, value in element.items():
        children = [(value, (*keys, key))]
        if isinstance(value, list):
            children = [(child, (*keys, key, index)) for index, child in enumerate(value)]
        for child, place in children:
            if isinstance(child, dict) and "resourceType" not in child:
                if isinstance(child.get("id"), str):
                    yield child["id"], place
                yield from _ids(child, place)


def _problem(profile: str, rule: str, diagnostics: str, code: str) -> Problem:
    return Problem(code=code, diagnostics=diagnostics, profile=profile, rule=rule)

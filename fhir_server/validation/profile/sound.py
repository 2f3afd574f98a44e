"""What of a resource with structural faults can be looked at all the same.

https://hl7.org/fhir/R4/json.html ; each value has the shape that its definition wants.
"""

from decimal import Decimal

from fhir_server.fhir.resource import Element, Json, Resource, type_of
from fhir_server.validation.profile.node import ABSTRACT, Property, Tree

_NUMBERS = frozenset({"decimal", "integer", "positiveInt", "unsignedInt"})


def sound(resource: Resource, tree: Tree) -> Resource:
    """Return `resource` without unknown elements, values of a wrong shape and second choices.

    Repetitions keep their places: a wrong one becomes an empty object, or null.
    """
    return {"resourceType": type_of(resource), **_object(resource, type_of(resource), tree)}


def _object(value: Element, type_: str, tree: Tree) -> Element:
    kept: Element = {}
    for properties in tree.properties(type_).values():
        for each in properties:
            for key, convert in ((each.key, _value), (each.twin, _twin)):
                found = convert(value.get(key), each, tree)
                if found is not None:
                    kept[key] = found
            if each.key in kept or each.twin in kept:
                break
    return {key: kept[key] for key in value if key in kept}


def _value(value: Json, step: Property, tree: Tree) -> Json:
    if step.many:
        return [_one(each, step, tree, gap=True) for each in value] if _is_array(value) else None
    return _one(value, step, tree, gap=False)


def _one(value: Json, step: Property, tree: Tree, *, gap: bool) -> Json:
    if step.primitive:
        return value if _is_primitive(value, step.type) else None
    if not isinstance(value, dict):
        return {} if gap else None
    if step.type not in ABSTRACT:
        return _object(value, step.type, tree)
    known = tree.properties(type_of(value))
    return sound(value, tree) if known else ({} if gap else None)


def _twin(value: Json, step: Property, tree: Tree) -> Json:
    if not step.primitive:
        return None
    if step.many:
        return [_element(each, tree) for each in value] if _is_array(value) else None
    return _element(value, tree)


def _element(value: Json, tree: Tree) -> Json:
    return _object(value, "Element", tree) if isinstance(value, dict) else None


def _is_array(value: Json) -> bool:
    return isinstance(value, list) and bool(value)


def _is_primitive(value: Json, type_: str) -> bool:
    if type_ == "boolean":
        return isinstance(value, bool)
    if type_ in _NUMBERS:
        return isinstance(value, int | Decimal) and not isinstance(value, bool)
    return isinstance(value, str)

"""A part of a resource: its summary, its text, its data, or the elements that are asked for.

https://hl7.org/fhir/R4/search.html#summary and https://hl7.org/fhir/R4/search.html#elements

What is left out is not there to be found missing: the resource bears the tag SUBSETTED.
"""

from collections.abc import Iterable
from functools import lru_cache

from fhir_server.fhir.definitions import Definitions, ElementDefinition
from fhir_server.fhir.resource import Element, Json, Resource, type_of

SUBSETTED: Element = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "Resource encoded in summary mode",
}
_ALWAYS = frozenset({"resourceType", "id", "meta"})
# The parts of one primitive, and those that only parts of a resource have.
_PRIMITIVE = "_"


def summary(resource: Resource, definitions: Definitions) -> Resource:
    """Return what is marked as part of the summary, at every depth.

    A Bundle, which is nothing but its entries, is returned whole.
    """
    if type_of(resource) == "Bundle":
        return resource
    return _tagged(_summarised(resource, type_of(resource), definitions))


def text(resource: Resource, definitions: Definitions) -> Resource:
    """Return the narrative, with id, meta and what no resource of the type is without."""
    return _top(resource, _required(definitions, type_of(resource)) | {"text"})


def data(resource: Resource) -> Resource:
    """Return everything but the narrative."""
    return _tagged({name: value for name, value in resource.items() if name != "text"})


def elements(resource: Resource, names: Iterable[str], definitions: Definitions) -> Resource:
    """Return the elements of `names`, with those that no resource of the type is without."""
    return _top(resource, _required(definitions, type_of(resource)) | frozenset(names))


def _top(resource: Resource, wanted: frozenset[str]) -> Resource:
    names = _json_names(resource, wanted)
    return _tagged({name: value for name, value in resource.items() if name in names})


def _json_names(resource: Resource, wanted: frozenset[str]) -> set[str]:
    """Return the properties of `resource` that hold `wanted`, choices of a type among them."""
    found = set(_ALWAYS)
    for name in resource:
        plain = name.removeprefix(_PRIMITIVE)
        if plain in wanted or any(
            plain.startswith(one) and plain[len(one) :][:1].isupper() for one in wanted
        ):
            found.add(name)
    return found


@lru_cache(maxsize=512)
def _required(definitions: Definitions, type_: str) -> frozenset[str]:
    table = definitions.structure(type_).elements[type_]
    return frozenset(
        element.name for element in table if element.min or (element.modifier and element.name)
    )


def _summarised(value: Element, table: str, definitions: Definitions) -> Element:
    known = _properties(definitions, table)
    found: Element = {}
    for name, part in value.items():
        if table in definitions.resource_types and name in _ALWAYS:
            found[name] = part
            continue
        kind = known.get(name.removeprefix(_PRIMITIVE))
        if kind is None:
            continue
        inner = [
            _inner(one, kind, definitions) for one in (part if isinstance(part, list) else [part])
        ]
        found[name] = inner if isinstance(part, list) else inner[0]
    return found


def _inner(part: Json, kind: str, definitions: Definitions) -> Json:
    if not isinstance(part, dict):
        return part
    if kind in definitions.primitive_types or not _properties(definitions, kind):
        return part
    return _summarised(part, kind, definitions)


@lru_cache(maxsize=4096)
def _properties(definitions: Definitions, table: str) -> dict[str, str]:
    """Return the type of each JSON property of `table` that a summary has."""
    structure = table.partition(".")[0]
    if structure in definitions.primitive_types or structure not in definitions.structures():
        return {}
    of_summary = (
        element for element in definitions.structure(structure).elements[table] if _shown(element)
    )
    return {name: kind.code for e in of_summary for name, kind in e.json_names().items()}


def _shown(element: ElementDefinition) -> bool:
    # Where a profile of the specification forgot the mark of a required element, it is shown.
    return element.summary or element.modifier or bool(element.min)


def _tagged(resource: Resource) -> Resource:
    meta = resource.get("meta", {})
    tags = [tag for tag in meta.get("tag", ()) if tag.get("code") != SUBSETTED["code"]]
    return {**resource, "meta": {**meta, "tag": [*tags, SUBSETTED]}}

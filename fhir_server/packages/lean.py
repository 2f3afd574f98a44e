"""Leaves out of a definition what only its readers need: narrative, texts, mappings.

https://hl7.org/fhir/R4/structuredefinition.html

Of a StructureDefinition the snapshot stays, with all that a validator asks; its differential is
said again by the snapshot. A definition of another type loses its narrative only.
"""

from fhir_server.fhir.definitions import CANONICAL
from fhir_server.fhir.resource import Element, Resource

_NARRATIVE = frozenset({"text", "_text"})
_OF_STRUCTURE = _NARRATIVE | {
    "contact",
    "contained",
    "copyright",
    "differential",
    "keyword",
    "mapping",
    "purpose",
    "useContext",
}
_OF_ELEMENT = frozenset(
    {
        "alias",
        "code",
        "comment",
        "definition",
        "example",
        "isModifierReason",
        "label",
        "mapping",
        "meaningWhenMissing",
        "orderMeaning",
        "requirements",
    }
)
_OF_CONSTRAINT = frozenset({"requirements", "xpath"})

_ID_TYPE = [
    {
        "extension": [
            {
                "url": f"{CANONICAL}structuredefinition-fhir-type",
                "valueUrl": "id",
            }
        ],
        "code": "http://hl7.org/fhirpath/System.String",
    }
]


def lean(resource: Resource) -> Resource:
    """Return a definition without what the server never asks for; it shares the rest."""
    if resource.get("resourceType") != "StructureDefinition":
        return _without(resource, _NARRATIVE)
    found = _without(resource, _OF_STRUCTURE)
    snapshot = found.get("snapshot")
    if isinstance(snapshot, dict):  # complete() has looked at its shape
        elements = [lean_element(element) for element in snapshot.get("element", ())]
        _correct(elements, resource)
        found["snapshot"] = {"element": elements}
    return found


def _correct(elements: list[Element], structure: Resource) -> None:
    """Say the same in the same way, whatever version of the publisher's tool wrote it.

    A resource's id is an `id` (4.0.1 itself says string, and later tools correct it), a content
    reference within the type is written without the type's URL, and a rule has a source.
    """
    own = f"{CANONICAL}{structure.get('type')}#"
    for element in elements:
        reference = element.get("contentReference")
        if isinstance(reference, str):
            element["contentReference"] = reference.replace(own, "#")
        if structure.get("kind") == "resource" and element["path"] == f"{structure['type']}.id":
            element["type"] = _ID_TYPE
        for rule in element.get("constraint", ()):
            rule.setdefault("source", structure.get("url", ""))


def lean_element(element: Element) -> Element:
    """Return an ElementDefinition without its texts, but for `short`."""
    found = {name: value for name, value in element.items() if name.lstrip("_") not in _OF_ELEMENT}
    if isinstance(found.get("constraint"), list):
        found["constraint"] = [_without(rule, _OF_CONSTRAINT) for rule in found["constraint"]]
    if isinstance(found.get("binding"), dict):
        found["binding"] = _without(found["binding"], frozenset({"description"}))
    return found


def _without(element: Element, names: frozenset[str]) -> Element:
    return {name: value for name, value in element.items() if name not in names}

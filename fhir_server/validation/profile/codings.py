"""The codes of a coded element, whatever its type.

https://hl7.org/fhir/R4/terminologies.html
"""

from fhir_server.fhir.resource import items
from fhir_server.fhirpath.item import Item
from fhir_server.terminology.coding import Coding

QUANTITIES = frozenset({"Quantity", "Age", "Count", "Distance", "Duration", "Money"})


def codings_of(item: Item) -> list[Coding]:
    """Return what codes an item has: of a quantity that of its unit, of a text the text itself."""
    value = item.value
    if isinstance(value, str):
        return [Coding(code=value)]
    if not isinstance(value, dict):
        return []
    if item.type == "CodeableConcept":
        return [Coding.of(each) for each in items(value, "coding") if _has_code(each)]
    if item.type == "Money":
        return [Coding(code=str(value["currency"]))] if "currency" in value else []
    return [Coding.of(value)] if _has_code(value) else []


def _has_code(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("code"), str)

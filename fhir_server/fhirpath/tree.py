"""Where an item's children are.

https://hl7.org/fhir/R4/fhirpath.html#types and https://hl7.org/fhir/R4/json.html#primitive ;
a primitive's id and extensions stand in a property of their own beside it.
"""

from fhir_server.fhir.resource import Element, Json, type_of
from fhir_server.fhirpath.item import PRIMITIVES, TYPE_INFO, Item, Items, system_item
from fhir_server.fhirpath.model import Child, Model

# So many properties can be asked for one by one; `Extension.value[x]` has 50.
_FEW = 4
_ABSTRACT = frozenset({"Resource", "DomainResource"})


def child_items(model: Model, item: Item, name: str) -> Items:
    """Return the children of `item` by that name."""
    value = item.value
    if item.type in PRIMITIVES:
        return _of_primitive(item.element, name) if item.element else []
    if not isinstance(value, dict):
        return []
    found: Items = []
    children = model.layout(item.type).get(name, ())
    if len(children) > _FEW:
        children = _present(model, item.type, value, children)
    for child in children:
        gather(value, child, found)
    if item.type == TYPE_INFO and name in value:
        found.append(system_item(value[name]))
    return found


def _present(
    model: Model, type_name: str, value: Element, children: tuple[Child, ...]
) -> tuple[Child, ...]:
    """Return those of many types of a choice of which something is there."""
    properties = model.properties(type_name)
    found = {id(properties.get(key.removeprefix("_"))) for key in value}
    return tuple([child for child in children if id(child) in found])


def gather(value: Element, child: Child, found: Items) -> None:
    """Add what stands in the property of `child` to `found`."""
    present = value.get(child.key)
    if child.type in PRIMITIVES:
        beside = value.get("_" + child.key)
        if beside is not None or type(present) is list:
            found.extend(_primitives(child.type, present, beside))
        elif present is not None:
            found.append(Item(child.type, present))
    elif present is None:
        return
    elif child.type in _ABSTRACT:
        each = present if isinstance(present, list) else [present]
        found.extend([Item(type_of(one), one) for one in each])
    elif type(present) is list:
        kind = child.type
        found.extend([Item(kind, one) for one in present])
    else:
        found.append(Item(child.type, present))


def _primitives(type_name: str, present: Json, beside: Json) -> Items:
    """Return the primitives of an array or none, each with what stands beside it."""
    values = present if isinstance(present, list) else [present]
    elements = beside if isinstance(beside, list) else [beside]
    missing = len(values) - len(elements)
    pairs = zip(values + [None] * -missing, elements + [None] * missing, strict=True)
    return [
        Item(type_name, value, element)
        for value, element in pairs
        if value is not None or element is not None
    ]


def _of_primitive(element: Element, name: str) -> Items:
    if name == "extension":
        return [Item("Extension", one) for one in element.get("extension", ())]
    if name == "id" and "id" in element:
        return [Item("string", element["id"])]
    return []


def children(model: Model, item: Item) -> Items:
    """Return all children of `item`."""
    if item.type in PRIMITIVES:
        element = item.element or {}
        return _of_primitive(element, "id") + _of_primitive(element, "extension")
    if item.type == TYPE_INFO:
        return [system_item(value) for value in item.value.values()]
    found: Items = []
    if isinstance(item.value, dict):
        properties = model.properties(item.type)
        for key in item.value:
            # A primitive may have nothing but what stands beside it.
            name = key if key[:1] != "_" or key[1:] in item.value else key[1:]
            if name in properties:
                gather(item.value, properties[name], found)
    return found

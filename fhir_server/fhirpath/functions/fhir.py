"""The functions that FHIR adds.

https://hl7.org/fhir/R4/fhirpath.html#functions ; what needs to look elsewhere asks a port.
"""

from typing import TypeVar

from fhir_server.fhir.resource import Element, Resource, items, type_of
from fhir_server.fhirpath.errors import FhirPathEvaluationError
from fhir_server.fhirpath.evaluation import Run
from fhir_server.fhirpath.function import Function, Static, a, anything, same
from fhir_server.fhirpath.functions.strings import text_of
from fhir_server.fhirpath.item import (
    EMPTY,
    PRIMITIVES,
    Item,
    Items,
    resource_item,
    single,
    system_item,
    truth,
    value_of,
)
from fhir_server.fhirpath.tree import child_items

_STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
_Port = TypeVar("_Port")


def _port(port: _Port | None, name: str) -> _Port:
    if port is None:
        raise FhirPathEvaluationError(f"`{name}()` cannot be answered in this evaluation.")
    return port


def _extension(run: Run, focus: Items, url: Items) -> Items:
    wanted = text_of(url)
    # Most elements have none, or many others: items are made of those alone that are wanted.
    found = [
        Item("Extension", extension)
        for item in focus
        for extension in _extensions_of(item)
        if extension.get("url") == wanted
    ]
    run.spend(len(focus) + len(found))
    return found


def _extensions_of(item: Item) -> list[Element]:
    holder = item.element if item.type in PRIMITIVES else item.value
    return items(holder, "extension") if isinstance(holder, dict) else []


def _has_extension(run: Run, focus: Items, url: Items) -> Items:
    return truth(bool(_extension(run, focus, url)))


def _has_value(_: Run, focus: Items) -> Items:
    return truth(len(focus) == 1 and _is_primitive(focus[0]) and focus[0].value is not None)


def _is_primitive(item: Item) -> bool:
    return item.type in PRIMITIVES


def _get_value(_: Run, focus: Items) -> Items:
    if len(focus) != 1 or not _is_primitive(focus[0]):
        return EMPTY
    value = value_of(focus[0])
    return EMPTY if value is None else [system_item(value)]


def _resolve(run: Run, focus: Items) -> Items:
    run.spend(len(focus))
    found = [_resolved(run, reference) for item in focus if (reference := _reference(item))]
    return [resource_item(resource) for resource in found if resource is not None]


def _reference(item: Item) -> str | None:
    text = item.value.get("reference") if isinstance(item.value, dict) else item.value
    return text if isinstance(text, str) else None


def _resolved(run: Run, reference: str) -> Resource | None:
    """Look into the containing resource first; what is elsewhere is for the port to find."""
    if reference.startswith("#"):
        container: Resource = run.variables["rootResource"][0].value
        if reference == "#":
            return container
        contained = items(container, "contained")
        return next((each for each in contained if each.get("id") == reference[1:]), None)
    return None if run.ports.resolve is None else run.ports.resolve(reference)


def _member_of(run: Run, focus: Items, value_set: Items) -> Items:
    item, url = single(focus), text_of(value_set)
    if item is None or url is None:
        return EMPTY
    return truth(_port(run.ports.member_of, "memberOf")(item, url))


def _subsumes(run: Run, focus: Items, other: Items) -> Items:
    one, two = single(focus), single(other)
    if one is None or two is None:
        return EMPTY
    return truth(_port(run.ports.subsumes, "subsumes")(one, two))


def _subsumed_by(run: Run, focus: Items, other: Items) -> Items:
    return _subsumes(run, other, focus)


def _conforms_to(run: Run, focus: Items, profile: Items) -> Items:
    item, url = single(focus), text_of(profile)
    if item is None or url is None:
        return EMPTY
    name = url.removeprefix(_STRUCTURE)
    if name != url and run.model.base_of(name) is not None:
        # To be of a type is to conform to its definition: only valid resources are evaluated.
        return truth(run.model.is_a(item.type, name))
    return truth(_port(run.ports.conforms_to, "conformsTo")(item, url))


def _html_checks(run: Run, focus: Items) -> Items:
    text = text_of(focus)
    if text is None:
        return EMPTY
    return truth(_port(run.ports.html_checks, "htmlChecks")(text))


def _check_modifiers(run: Run, focus: Items, *known: Items) -> Items:
    urls = {text_of(url) for url in known}
    for item in focus:
        for extension in child_items(run.model, item, "modifierExtension"):
            if extension.value.get("url") not in urls:
                raise FhirPathEvaluationError("There is a modifier extension that is not known.")
    return focus


def _type(_: Run, focus: Items) -> Items:
    return [Item("System.TypeInfo", _type_info(item)) for item in focus]


def _type_info(item: Item) -> dict[str, str]:
    namespace, dot, name = item.type.partition(".")
    if namespace == "System" and dot:
        return {"namespace": "System", "name": name}
    backbone = "BackboneElement" if dot else item.type
    return {"namespace": "FHIR", "name": type_of(item.value) if _is_resource(item) else backbone}


def _is_resource(item: Item) -> bool:
    return isinstance(item.value, dict) and "resourceType" in item.value


def _extensions(_focus: Static, _arguments: tuple[Static, ...]) -> Static:
    return Static(types=frozenset({"Extension"}))


_BOOLEAN = a("Boolean")
_ANY_NUMBER = 32
FUNCTIONS = (
    Function(name="extension", call=_extension, arguments=(1, 1), result=_extensions),
    # Of no specification, but a search parameter of R4 is written with it.
    Function(name="hasExtension", call=_has_extension, arguments=(1, 1), result=_BOOLEAN),
    Function(name="hasValue", call=_has_value, result=_BOOLEAN),
    Function(name="getValue", call=_get_value, result=anything),
    Function(name="resolve", call=_resolve, result=anything),
    Function(name="memberOf", call=_member_of, arguments=(1, 1), result=_BOOLEAN),
    Function(name="subsumes", call=_subsumes, arguments=(1, 1), result=_BOOLEAN),
    Function(name="subsumedBy", call=_subsumed_by, arguments=(1, 1), result=_BOOLEAN),
    Function(name="conformsTo", call=_conforms_to, arguments=(1, 1), result=_BOOLEAN),
    Function(name="htmlChecks", call=_html_checks, result=_BOOLEAN),
    Function(name="checkModifiers", call=_check_modifiers, arguments=(0, _ANY_NUMBER), result=same),
    Function(name="type", call=_type, result=a("TypeInfo", many=True)),
)

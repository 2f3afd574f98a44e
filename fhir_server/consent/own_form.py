"""The form of a resource for others than its agency: without what police did.

Use of force, involvement of law enforcement and diversion from jail follow a person for life and
help no treatment (domain research 1.5). They and the incident numbers of police records are left
out, wherever in the resource they stand; what search finds is taken from this form alone.

So are a Patient's links to the same person's records elsewhere: that another agency knows the
person is not this one's to tell (42 CFR 2.13).
"""

from fhir_server.fhir.crisis import (
    IDENTIFIER_TYPE_SYSTEM,
    JAIL_DIVERSION,
    LAW_ENFORCEMENT,
    USE_OF_FORCE,
)
from fhir_server.fhir.resource import Element, Json, Resource, items, type_of

OWN_EXTENSIONS = frozenset({LAW_ENFORCEMENT, USE_OF_FORCE, JAIL_DIVERSION})
OWN_IDENTIFIER_TYPES = frozenset({"rms"})


_LINKED = "seealso"
_MARKS = (
    *(url.encode() for url in sorted(OWN_EXTENSIONS)),
    IDENTIFIER_TYPE_SYSTEM.encode(),
    _LINKED.encode(),
)


def shared_form(resource: Resource, body: bytes | None = None) -> Resource:
    """Return what others may get; the same object where that is all of it.

    `body` is the resource as compact JSON, where there is one.
    """
    if body is not None and not any(mark in body for mark in _MARKS):
        return resource
    return _unlinked(_of_element(resource) or resource)


def _unlinked(resource: Resource) -> Resource:
    links = items(resource, "link") if type_of(resource) == "Patient" else []
    kept = [link for link in links if link.get("type") != _LINKED]
    if len(kept) == len(links):
        return resource
    without = {name: value for name, value in resource.items() if name != "link"}
    return {**without, "link": kept} if kept else without


def _shared(value: Json) -> Json:
    """Return `value` without own elements, None where nothing is left of it."""
    if isinstance(value, dict):
        return None if _is_own(value) else _of_element(value)
    if isinstance(value, list):
        return _of_list(value)
    return value


def _of_element(element: Element) -> Element | None:
    changed: Element | None = None
    for name, value in element.items():
        if not isinstance(value, dict | list):
            continue
        kept = _shared(value)
        if kept is value:
            continue
        if changed is None:
            changed = dict(element)
        if kept is None:
            del changed[name]
        else:
            changed[name] = kept
    return element if changed is None else changed or None


def _of_list(values: list[Json]) -> list[Json] | None:
    kept = [_shared(value) for value in values]
    if all(one is other for one, other in zip(kept, values, strict=True)):
        return values
    # A null in a list stands for a primitive whose extensions are beside it, and has to stay.
    left = [
        one for one, other in zip(kept, values, strict=True) if one is not None or other is None
    ]
    return left or None


def _is_own(value: Element) -> bool:
    if value.get("url") in OWN_EXTENSIONS:
        return True
    kind = value.get("type")
    return isinstance(kind, dict) and any(
        coding.get("system") == IDENTIFIER_TYPE_SYSTEM
        and coding.get("code") in OWN_IDENTIFIER_TYPES
        for coding in items(kind, "coding")
    )

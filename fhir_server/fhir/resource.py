"""A resource in memory: parsed JSON, with its order and its decimals' digits kept.

https://hl7.org/fhir/R4/json.html
"""

from typing import Any

# `Any` lives here and nowhere else: JSON is only as typed as its definitions make it.
Json = Any
Element = dict[str, Any]
Resource = dict[str, Any]

# One millionth of a second: every instant inside the server is an int of these since 1970 UTC.
MICROSECONDS = 1_000_000


def type_of(resource: Resource) -> str:
    """Return `resourceType`, or an empty string where there is none."""
    value = resource.get("resourceType")
    return value if isinstance(value, str) else ""


def id_of(resource: Resource) -> str:
    """Return `id`, or an empty string where there is none."""
    value = resource.get("id")
    return value if isinstance(value, str) else ""


def items(element: Element, name: str) -> list[Any]:
    """Return the repetitions of `name` as a list: empty, of one, or of many."""
    value = element.get(name)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def extensions(element: Element, url: str) -> list[Element]:
    """Return the extensions of `element` whose url is `url`."""
    return [found for found in items(element, "extension") if found.get("url") == url]

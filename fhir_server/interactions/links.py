"""References between the entries of a transaction: placeholders become the server's ids.

https://hl7.org/fhir/R4/http.html#trules : "Servers SHALL replace all matching links in the bundle,
whether they are found in the resource ids, resource references, elements of type uri, url, oid,
uuid, and <a href="" & <img src="" in the narrative. Elements of type canonical are not replaced."

https://hl7.org/fhir/R4/bundle.html#references tells how a relative reference finds its entry.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.resource import Json, Resource, type_of

_URI_TYPES = frozenset({"uri", "url", "oid", "uuid"})
# Stands for Reference.reference, which is of type string and yet a link.
_REFERENCE = "Reference.reference"
_PLACEHOLDERS = ("urn:uuid:", "urn:oid:")
_NARRATIVE_LINK = re.compile(r"""\b(href|src)=(["'])(.*?)\2""")
_RESTFUL_URL = re.compile(r"(https?://.+?)/([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})")


class _TypesNeededError(Exception):
    """A matching string stands where only its type tells whether it is a link."""


class Links:
    """`targets` maps the fullUrl of each entry to the relative URL that its resource will have."""

    def __init__(self, targets: Mapping[str, str], definitions: Definitions) -> None:
        self._targets = targets
        self._definitions = definitions
        self._by_base: dict[str, dict[str, str]] = {}
        for full_url, target in targets.items():
            found = _RESTFUL_URL.fullmatch(full_url)
            if found is not None:
                self._by_base.setdefault(found[1], dict(targets))[found[2]] = target

    def replaced(self, resource: Resource, full_url: str) -> Resource:
        """Return `resource`, whose entry has this fullUrl, with its links replaced.

        What has no link in it is shared with the argument, which is not changed.
        """
        found = _RESTFUL_URL.fullmatch(full_url)
        targets = self._targets if found is None else self._by_base.get(found[1], self._targets)
        try:
            linked: Resource = _references_replaced(resource, targets)
        except _TypesNeededError:
            linked = TypedWalk(targets, self._definitions).resource(resource)
        return linked


def references(resource: Json) -> Iterator[str]:
    """Yield every `Reference.reference` in `resource`."""
    if isinstance(resource, dict):
        for name, value in resource.items():
            if isinstance(value, str):
                if name == "reference":
                    yield value
            else:
                yield from references(value)
    elif isinstance(resource, list):
        for value in resource:
            yield from references(value)


def unresolved(found: Iterable[str]) -> list[str]:
    """Return the placeholders among references, which after replacement lead nowhere."""
    return [reference for reference in found if reference.startswith(_PLACEHOLDERS)]


def conditional(found: Iterable[str]) -> list[str]:
    """Return the references that are searches (`Patient?identifier=...`)."""
    return [reference for reference in found if "?" in reference and "://" not in reference]


def _references_replaced(value: Json, targets: Mapping[str, str]) -> Json:
    """Replace Reference.reference alone: nearly every link is one, and no types are needed."""
    if isinstance(value, list):
        return _items_replaced(value, targets)
    changed: dict[str, Json] = {}
    for name, child in value.items():
        if isinstance(child, str):
            if child in targets and name == "reference":
                changed[name] = targets[child]
            elif child in targets or (name == "div" and _NARRATIVE_LINK.search(child)):
                raise _TypesNeededError
        elif isinstance(child, dict | list):
            new = _references_replaced(child, targets)
            if new is not child:
                changed[name] = new
    return {**value, **changed} if changed else value


def _items_replaced(value: list[Json], targets: Mapping[str, str]) -> list[Json]:
    if any(isinstance(item, str) and item in targets for item in value):
        raise _TypesNeededError
    new = [
        _references_replaced(item, targets) if isinstance(item, dict | list) else item
        for item in value
    ]
    return new if any(map(_differs, new, value)) else value


def _differs(new: Json, old: Json) -> bool:
    return new is not old


class TypedWalk:
    """Goes along the definitions, since only they tell a uri from a canonical or a string."""

    def __init__(self, targets: Mapping[str, str], definitions: Definitions) -> None:
        self._targets = targets
        self._definitions = definitions

    def resource(self, value: Json) -> Json:
        """Return a resource with every link replaced; what the definitions lack stays as it is."""
        name = type_of(value) if isinstance(value, dict) else ""
        return self._complex(value, name) if self._definitions.is_resource_type(name) else value

    def _complex(self, value: Json, code: str) -> Json:
        if not isinstance(value, dict):
            return value
        codes = _element_codes(self._definitions, code)
        return {
            name: self._element(child, "Element" if name[:1] == "_" else codes.get(name))
            for name, child in value.items()
        }

    def _element(self, value: Json, code: str | None) -> Json:
        if code is None:
            return value
        if isinstance(value, list):
            return [self._element(item, code) for item in value]
        if isinstance(value, str):
            return self._primitive(value, code)
        return self.resource(value) if code == "Resource" else self._complex(value, code)

    def _primitive(self, value: str, code: str) -> str:
        if code in _URI_TYPES or code == _REFERENCE:
            return self._targets.get(value, value)
        return _NARRATIVE_LINK.sub(self._narrative_link, value) if code == "xhtml" else value

    def _narrative_link(self, found: re.Match[str]) -> str:
        return f"{found[1]}={found[2]}{self._targets.get(found[3], found[3])}{found[2]}"


@cache
def _element_codes(definitions: Definitions, table: str) -> Mapping[str, str]:
    """Return the type of each JSON property of a table (`Patient`, `Patient.contact`)."""
    structure, _, _ = table.partition(".")
    if structure in definitions.primitive_types or structure not in definitions.structures():
        return {}
    elements = definitions.structure(structure).elements[table]
    codes = {name: kind.code for e in elements for name, kind in e.json_names().items()}
    return {**codes, "reference": _REFERENCE} if table == "Reference" else codes

"""References between the entries of a transaction: placeholders become the server's ids.

https://hl7.org/fhir/R4/http.html#trules : "Servers SHALL replace all matching links in the bundle,
whether they are found in the resource ids, resource references, elements of type uri, url, oid,
uuid, and <a href="" & <img src="" in the narrative. Elements of type canonical are not replaced."

https://hl7.org/fhir/R4/bundle.html#references tells how a relative reference finds its entry.
"""

import re
from collections.abc import Mapping
from functools import cache

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.outcome import InvalidRequestError
from fhir_server.fhir.resource import Json, Resource, type_of

_URI_TYPES = frozenset({"uri", "url", "oid", "uuid"})
# Stands for Reference.reference, which is of type string and yet a link.
_REFERENCE = "Reference.reference"
_CONDITIONAL = re.compile(r"[A-Z][A-Za-z]+\?")
_PLACEHOLDERS = ("urn:uuid:", "urn:oid:")
_NARRATIVE_LINK = re.compile(r"""\b(href|src)=(["'])(.*?)\2""")
_RESTFUL_URL = re.compile(r"(https?://.+?)/([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})")


class ConditionalReferenceError(Exception):
    """`reference` is a search, whose result has to be known first."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


class _TypesNeededError(Exception):
    """A matching string stands where only its type tells whether it is a link."""


class Links:
    """`targets` maps the fullUrl of each entry to the relative URL that its resource will have."""

    def __init__(self, targets: Mapping[str, str], definitions: Definitions) -> None:
        self._targets = dict(targets)
        self._definitions = definitions
        self._by_base: dict[str, dict[str, str]] = {}
        for full_url, target in targets.items():
            found = _RESTFUL_URL.fullmatch(full_url)
            if found is not None:
                self._by_base.setdefault(found[1], dict(targets))[found[2]] = target

    def add(self, reference: str, target: str) -> None:
        """Let a conditional reference lead to what it found."""
        for known in (self._targets, *self._by_base.values()):
            known[reference] = target

    def replaced(self, resource: Resource, full_url: str) -> Resource:
        """Return `resource`, whose entry has this fullUrl, with its links replaced.

        What has no link in it is shared with the argument, which is not changed.

        Raises:
            InvalidRequestError: A reference is a placeholder that no entry has as its fullUrl.
            ConditionalReferenceError: A reference is a search whose result was not added yet.
        """
        found = _RESTFUL_URL.fullmatch(full_url)
        targets = self._targets if found is None else self._by_base.get(found[1], self._targets)
        try:
            linked: Resource = _references_replaced(resource, targets)
        except _TypesNeededError:
            linked = TypedWalk(targets, self._definitions).resource(resource)
        return linked


def _target(reference: str, targets: Mapping[str, str]) -> str:
    """Return where `Reference.reference` leads.

    Raises:
        InvalidRequestError: It is a placeholder, and no entry has that fullUrl.
        ConditionalReferenceError: It is a search.
    """
    found = targets.get(reference)
    if found is not None:
        return found
    if reference.startswith(_PLACEHOLDERS):
        raise InvalidRequestError(
            f"`{reference}` is not the fullUrl of an entry that is created or updated."
        )
    if _CONDITIONAL.match(reference):
        raise ConditionalReferenceError(reference)
    return reference


# The three functions below see every element of every Bundle: they ask for the exact type, since
# `isinstance` costs twice as much.


def _references_replaced(value: Json, targets: Mapping[str, str]) -> Json:
    """Replace Reference.reference alone: nearly every link is one, and no types are needed."""
    changed: dict[str, Json] = {}
    for name, child in value.items():
        kind = type(child)
        if kind is dict:
            new = _references_replaced(child, targets)
        elif kind is list:
            new = _items_replaced(child, targets)
        elif kind is str:
            new = _string_replaced(name, child, targets)
        else:
            continue
        if new is not child:
            changed[name] = new
    return {**value, **changed} if changed else value


def _items_replaced(value: list[Json], targets: Mapping[str, str]) -> list[Json]:
    changed: dict[int, Json] = {}
    for index, item in enumerate(value):
        if type(item) is dict:
            new = _references_replaced(item, targets)
            if new is not item:
                changed[index] = new
        elif type(item) is str and item in targets:
            raise _TypesNeededError
    return [changed.get(index, item) for index, item in enumerate(value)] if changed else value


def _string_replaced(name: str, value: str, targets: Mapping[str, str]) -> str:
    if name == "reference":
        return _target(value, targets)
    if value in targets or (name == "div" and _NARRATIVE_LINK.search(value)):
        raise _TypesNeededError
    return value


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
        if code == _REFERENCE:
            return _target(value, self._targets)
        if code in _URI_TYPES:
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

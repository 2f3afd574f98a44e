"""A code system that lists its concepts: a CodeSystem resource.

https://hl7.org/fhir/R4/codesystem.html#hierarchy

Concepts stand above others by nesting, by the properties `parent` and `child`, or by
`subsumedBy`, as code systems of HL7 version 3 have it.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from types import MappingProxyType

from fhir_server.fhir.resource import Element, Resource, items
from fhir_server.terminology import words
from fhir_server.terminology.concept import PROPERTIES, About, Concept

_ABOVE = frozenset({"parent", "subsumedBy"})
_ABSTRACT = frozenset({"notSelectable", "abstract"})
_INACTIVE_STATUSES = frozenset({"retired", "inactive"})


class Listed:
    """The concepts of one CodeSystem resource, by code."""

    def __init__(self, resource: Resource, supplements: Iterable[Resource] = ()) -> None:
        self.about = about(resource)
        # A property's well-known name is told by its URI, whatever its code here.
        self._known = {
            code: uri.removeprefix(PROPERTIES)
            for code, uri in self.about.properties
            if uri.startswith(PROPERTIES)
        }
        self._concepts: dict[str, Concept] = {}
        self._parents: dict[str, list[str]] = {}
        self._children: dict[str, list[str]] = {}
        added = _added(supplements)
        for element, parent in _walk(items(resource, "concept")):
            self._add(element, parent, added.get(element["code"], ()))
        self._link()

    @property
    def concepts(self) -> MappingProxyType[str, Concept]:
        """The concepts in their order."""
        return MappingProxyType(self._concepts)

    def find(self, code: str) -> Concept | None:
        """Return the concept that `code` names."""
        found = self._concepts.get(code)
        if found is None and not self.about.case_sensitive:
            normal = self._folded.get(code.casefold())
            found = None if normal is None else self._concepts[normal]
        return found

    def parents(self, code: str) -> Sequence[str]:
        """Return the concepts right above."""
        return self._parents.get(code, ())

    def children(self, code: str) -> Sequence[str]:
        """Return the concepts right below."""
        return self._children.get(code, ())

    def codes(self, below: str | None = None) -> Sequence[str]:
        """Return all codes, or `below` and all under it."""
        if below is None:
            return tuple(self._concepts)
        seen = {below}
        level = [below]
        while level:
            level = [child for code in level for child in self.children(code) if child not in seen]
            seen.update(level)
        return tuple(code for code in self._concepts if code in seen)

    def named(self, wanted: Sequence[str]) -> Iterable[str]:
        """Return the codes of the concepts that all words fit."""
        return [code for code, found in self._concepts.items() if words.fits(found, wanted)]

    @cached_property
    def _folded(self) -> dict[str, str]:
        return {code.casefold(): code for code in reversed(self._concepts)}

    def _add(self, element: Element, parent: str, added: Sequence[Element]) -> None:
        code: str = element["code"]
        if code in self._concepts:
            # A concept under several others may be written out under each.
            self._parents[code].append(parent)
            return
        properties = tuple(found for each in (element, *added) for found in items(each, "property"))
        self._concepts[code] = Concept(
            code=code,
            display=str(element.get("display", "")),
            definition=str(element.get("definition", "")),
            abstract=any(self._is(p, _ABSTRACT) for p in properties),
            inactive=any(self._is(p, {"inactive"}) or self._is_retired(p) for p in properties),
            designations=tuple(
                found for each in (element, *added) for found in items(each, "designation")
            ),
            properties=properties,
        )
        self._parents[code] = [parent] if parent else []

    def _name(self, found: Element) -> str:
        code = str(found.get("code", ""))
        return self._known.get(code, code)

    def _is(self, found: Element, names: Iterable[str]) -> bool:
        return found.get("valueBoolean") is True and self._name(found) in names

    def _is_retired(self, found: Element) -> bool:
        return found.get("valueCode") in _INACTIVE_STATUSES and self._name(found) == "status"

    def _link(self) -> None:
        for code, concept in self._concepts.items():
            for found in concept.properties:
                self._link_by(found, code)
        for code, parents in self._parents.items():
            self._parents[code] = list(dict.fromkeys(p for p in parents if p in self._concepts))
            for parent in self._parents[code]:
                self._children.setdefault(parent, []).append(code)

    def _link_by(self, found: Element, code: str) -> None:
        other = found.get("valueCode")
        if not isinstance(other, str) or other not in self._concepts or other == code:
            return
        name = self._name(found)
        if name in _ABOVE:
            self._parents[code].append(other)
        elif name == "child":
            self._parents[other].append(code)


def about(resource: Resource) -> About:
    """Return what a CodeSystem resource says about itself."""
    return About(
        url=str(resource.get("url", "")),
        version=str(resource.get("version", "")),
        name=str(resource.get("title") or resource.get("name") or ""),
        content=str(resource.get("content", "complete")),
        # Where the rule is not stated, codes are accepted in any case.
        case_sensitive=resource.get("caseSensitive") is True,
        language=str(resource.get("language", "")),
        value_set=str(resource.get("valueSet", "")),
        properties=tuple(
            (str(found.get("code", "")), str(found.get("uri", "")))
            for found in items(resource, "property")
        ),
        filters=tuple(str(found.get("code", "")) for found in items(resource, "filter")),
    )


def _walk(concepts: Iterable[Element], parent: str = "") -> Iterator[tuple[Element, str]]:
    for element in concepts:
        code = element.get("code")
        if isinstance(code, str):
            yield element, parent
            yield from _walk(items(element, "concept"), code)


def _added(supplements: Iterable[Resource]) -> dict[str, list[Element]]:
    added: dict[str, list[Element]] = {}
    for supplement in supplements:
        for element, _ in _walk(items(supplement, "concept")):
            added.setdefault(element["code"], []).append(element)
    return added

"""Right resources of every type of the definitions, with whatever elements they allow.

    @given(resources())

https://hl7.org/fhir/R4/resourcelist.html . Cardinalities, choices, required bindings, targets of
references, gaps in arrays of primitives and their extensions, narratives, and contained resources
are as the definitions say; invariants are looked at only where JSON shows them (`ext-1`, `ele-1`).
"""

import random
from dataclasses import dataclass

from hypothesis import strategies as st

from fhir_server.fhir.definitions import Definitions, ElementDefinition, TypeReference, load
from fhir_server.fhir.resource import Element, Json, Resource
from tests.strategies.values import UNLISTED, VALUES

DEFINITIONS = load()
# Deeper there is only what must be there.
MOST_LEVELS = 3
_ATTRIBUTES = frozenset({"id", "url"})
_RESOURCE_LEVELS = 2
_NOTHING: frozenset[str] = frozenset()
_CONTAINED = frozenset({"contained"})
_TYPE = frozenset({"type"})


@dataclass(frozen=True, slots=True)
class Author:
    """Makes resources up: the same source of chance gives the same ones.

    `richness` is about how many optional elements an object has.
    """

    definitions: Definitions
    chance: random.Random
    richness: int

    def resource(self, type_: str, level: int = 0, *, contained: bool = False) -> Resource:
        """Return a resource of the type; a contained one has none in it, and an id."""
        found = self._element(type_, type_, level, _CONTAINED if contained else _NOTHING)
        return {"resourceType": type_, **found} | ({"id": "c-1"} if contained else {})

    def _element(
        self, structure: str, path: str, level: int, left_out: frozenset[str] = _NOTHING
    ) -> Element:
        own = [
            element
            for element in self.definitions.structure(structure).elements[path]
            if element.name not in left_out and element.max != 0
        ]
        found: Element = {}
        for element in own:
            if element.min > 0 or self._wants(own, level):
                self._put(found, structure, element, level)
        if path == "Extension":
            return self._extension(found, own, level)
        if path not in self.definitions.resource_types and not found.keys() - {"id"}:
            self._fill(found, structure, own, level)
        return dict(self.chance.sample(list(found.items()), len(found)))

    def _wants(self, own: list[ElementDefinition], level: int) -> bool:
        return level <= MOST_LEVELS and self.chance.random() < self.richness / len(own)

    def _fill(
        self, found: Element, structure: str, own: list[ElementDefinition], level: int
    ) -> None:
        """Give an element something besides its id."""
        simple = [e for e in own if self._is_primitive(e.types[0].code) and e.name != "id"]
        self._put(found, structure, self.chance.choice(simple or own[2:]), level)

    def _extension(self, found: Element, own: list[ElementDefinition], level: int) -> Element:
        """Give an extension a value or extensions, not both."""
        kept: Element = {name: found[name] for name in ("id", "url") if name in found}
        if "extension" in found and level < MOST_LEVELS:
            return kept | {"extension": found["extension"]}
        value = next(element for element in own if element.choice)
        types = [kind for kind in value.types if self._is_primitive(kind.code)]
        chosen = self.chance.choice(types if level >= MOST_LEVELS else list(value.types))
        self._put_as(kept, value, f"value{chosen.code[0].upper()}{chosen.code[1:]}", chosen, level)
        return kept

    def _is_primitive(self, code: str) -> bool:
        return code in self.definitions.primitive_types

    def _put(self, found: Element, structure: str, element: ElementDefinition, level: int) -> None:
        name, kind = self.chance.choice(list(element.json_names().items()))
        self._put_as(found, element, name, kind, level, structure)

    def _put_as(  # noqa: PLR0917
        self,
        found: Element,
        element: ElementDefinition,
        name: str,
        kind: TypeReference,
        level: int,
        structure: str = "",
    ) -> None:
        if kind.code == "xhtml" or (name in _ATTRIBUTES and self._is_primitive(kind.code)):
            found[name] = self._value(element, kind)
        elif self._is_primitive(kind.code):
            self._put_primitive(found, element, name, kind, level)
        else:
            several = [
                self._complex(element, kind, structure, level)
                for _ in range(1 if element.max == 1 else self.chance.randint(1, 2))
            ]
            found[name] = several[0] if element.max == 1 else several

    def _complex(
        self, element: ElementDefinition, kind: TypeReference, structure: str, level: int
    ) -> Element:
        if kind.code == "Resource":
            type_ = self.chance.choice(self.definitions.resource_types)
            is_contained = element.name == "contained"
            return self.resource(type_, level + _RESOURCE_LEVELS, contained=is_contained)
        if kind.code == "CodeableConcept" and element.required_binding:
            return self._concept(element.required_binding)
        # The type of a Reference would have to agree with what it refers to.
        left_out = _TYPE if kind.code == "Reference" else _NOTHING
        path = structure if "." in kind.code else kind.code
        made = self._element(path, kind.code, level + 1, left_out)
        if kind.code == "Reference" and "reference" in made:
            made["reference"] = self._reference(kind)
        if kind.profiles:
            made = {name: made[name] for name in made if "comparator" not in name}
            return made if made.keys() - {"id"} else {**made, "unit": "x"}
        return made

    def _reference(self, kind: TypeReference) -> str:
        target = self.chance.choice(kind.targets or self.definitions.resource_types)
        return self.chance.choice(
            (
                f"{target}/1",
                f"{target}/a-b/_history/2",
                f"http://x.example/{target}/1",
                "#c-1",
                "urn:uuid:0c4a",
            )
        )

    def _put_primitive(
        self,
        found: Element,
        element: ElementDefinition,
        name: str,
        kind: TypeReference,
        level: int,
    ) -> None:
        count = 1 if element.max == 1 else self.chance.randint(1, 3)
        pairs = [self._pair(element, kind, level) for _ in range(count)]
        values, twins = [value for value, _ in pairs], [twin for _, twin in pairs]
        if any(value is not None for value in values):
            found[name] = values[0] if element.max == 1 else values
        if any(twin is not None for twin in twins):
            found[f"_{name}"] = twins[0] if element.max == 1 else twins

    def _pair(
        self, element: ElementDefinition, kind: TypeReference, level: int
    ) -> tuple[Json, Element | None]:
        """Return a value, the extensions that stand beside or instead of it, or both."""
        dice = self.chance.random() if level < MOST_LEVELS else 1.0
        value = None if dice < 0.1 else self._value(element, kind)
        if dice >= 0.2:
            return value, None
        twin: Element = {"extension": [self._element("Extension", "Extension", level + 1)]}
        return value, ({"id": "x"} if dice > 0.15 else twin | ({"id": "x"} if dice > 0.12 else {}))

    def _value(self, element: ElementDefinition, kind: TypeReference) -> Json:
        if kind.code == "code" and element.required_binding:
            return self._coding(element.required_binding)[1]
        return VALUES[kind.code](self.chance)

    def _concept(self, value_set: str) -> Element:
        system, code = self._coding(value_set)
        return {"coding": [{"system": system, "code": code}]}

    def _coding(self, value_set: str) -> tuple[str, str]:
        url = value_set.partition("|")[0]
        if url in UNLISTED:
            return UNLISTED[url]
        codings = self.definitions.required_codings(value_set) or {}
        system = self.chance.choice(sorted(codings))
        return system, self.chance.choice(sorted(codings[system]))


def resource(type_: str, seed: int, richness: int) -> Resource:
    """Return the resource that these numbers stand for."""
    chance = random.Random(seed)  # noqa: S311 - tests are no secret
    return Author(DEFINITIONS, chance, richness).resource(type_)


SEEDS = st.integers(0, 2**64)
TYPES = st.sampled_from(DEFINITIONS.resource_types)


def resources(
    types: st.SearchStrategy[str] = TYPES, richness: int = 8
) -> st.SearchStrategy[Resource]:
    """Return a strategy of right resources; it shrinks towards their required elements."""
    return st.builds(resource, types, SEEDS, st.integers(0, richness))

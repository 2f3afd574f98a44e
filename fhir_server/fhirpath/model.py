"""What the compiler must know of a FHIR version: which elements a type has.

https://hl7.org/fhir/R4/fhirpath.html#types
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Protocol

from typing_extensions import override

from fhir_server.fhir.definitions import Definitions, ElementDefinition

# https://hl7.org/fhir/R4/datatypes.html#primitive : the primitives that specialise another.
_PRIMITIVE_BASES = {
    "canonical": "uri",
    "code": "string",
    "id": "string",
    "markdown": "string",
    "oid": "uri",
    "positiveInt": "integer",
    "unsignedInt": "integer",
    "url": "uri",
    "uuid": "uri",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One JSON property in which an element can stand.

    `type` is a data type's name, or the path of a backbone element ("Encounter.participant").
    `many`: the property holds an array. `binding` is the value set that its codes must be of.
    """

    key: str
    type: str
    many: bool
    binding: str | None = None


class Model(Protocol):
    """The types of one FHIR version."""

    def children(self, type_name: str, name: str) -> tuple[Child, ...]:
        """Return where `name` of a `type_name` stands: none, one, or one for each choice."""
        ...

    def layout(self, type_name: str) -> Mapping[str, tuple[Child, ...]]:
        """Return where each element of a `type_name` can stand, in their order."""
        ...

    def properties(self, type_name: str) -> Mapping[str, Child]:
        """Return what each JSON property of a `type_name` is."""
        ...

    def base_of(self, type_name: str) -> str | None:
        """Return what `type_name` specialises: `""` at the root, None where it is no type."""
        ...

    def is_a(self, type_name: str, ancestor: str) -> bool:
        """Return whether `type_name` is `ancestor` or derived from it."""
        ...


class DefinedModel(Model):
    """The model that the definitions give."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._structures = frozenset(definitions.structures())
        # Working one out twice in two threads gives the same, so no lock is needed.
        self._layouts: dict[str, Mapping[str, tuple[Child, ...]]] = {}
        self._properties: dict[str, Mapping[str, Child]] = {}

    @override
    def children(self, type_name: str, name: str) -> tuple[Child, ...]:
        return self.layout(type_name).get(name, ())

    @override
    def layout(self, type_name: str) -> Mapping[str, tuple[Child, ...]]:
        found = self._layouts.get(type_name)
        if found is None:
            found = self._layouts[type_name] = MappingProxyType(self._layout(type_name))
        return found

    @override
    def properties(self, type_name: str) -> Mapping[str, Child]:
        found = self._properties.get(type_name)
        if found is None:
            places = self.layout(type_name).values()
            by_key = {child.key: child for each in places for child in each}
            found = self._properties[type_name] = MappingProxyType(by_key)
        return found

    def _layout(self, type_name: str) -> dict[str, tuple[Child, ...]]:
        root = type_name.partition(".")[0]
        if root not in self._structures:
            return {}
        table = self._definitions.structure(root).elements.get(type_name, ())
        return {element.name: _children(element) for element in table}

    @override
    def base_of(self, type_name: str) -> str | None:
        if type_name in self._structures:
            return self._definitions.structure(type_name).base
        if type_name in self._definitions.primitive_types:
            return _PRIMITIVE_BASES.get(type_name, "Element")
        root, dot, _ = type_name.partition(".")
        if not dot or root not in self._structures:
            return None
        resource = self._definitions.structure(root).kind == "resource"
        return "BackboneElement" if resource else "Element"

    @override
    def is_a(self, type_name: str, ancestor: str) -> bool:
        while type_name != ancestor:
            base = self.base_of(type_name)
            if not base:
                return False
            type_name = base
        return True


@cache
def model_of(definitions: Definitions) -> Model:
    """Return the model of `definitions`, made once."""
    return DefinedModel(definitions)


def _children(element: ElementDefinition) -> tuple[Child, ...]:
    return tuple(
        Child(
            key=key,
            type=kind.code,
            many=element.max != 1,
            binding=element.required_binding,
        )
        for key, kind in element.json_names().items()
    )

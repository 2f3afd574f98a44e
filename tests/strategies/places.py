"""Where the elements of a resource are, what they may be, and their FHIRPaths.

A walk through the definitions that shares no code with validation.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fhir_server.fhir.definitions import Definitions, ElementDefinition, TypeReference
from fhir_server.fhir.resource import Element, Json, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The property `key` of `holder`; `kind` None for a twin (`_key`)."""

    holder: Element
    key: str
    path: str
    element: ElementDefinition
    kind: TypeReference | None
    primitive: bool

    @property
    def value(self) -> Json:
        return self.holder[self.key]

    @property
    def many(self) -> bool:
        return self.element.max != 1


def places(resource: Resource, definitions: Definitions) -> list[Place]:
    """Return every element of a right resource, parents before children."""
    type_ = resource["resourceType"]
    return list(_Walk(definitions).through(resource, type_, type_, type_))


@dataclass(frozen=True, slots=True)
class _Walk:
    definitions: Definitions

    def through(self, holder: Element, structure: str, table: str, path: str) -> Iterator[Place]:
        for element in self.definitions.structure(structure).elements[table]:
            for name, kind in element.json_names().items():
                step = f".{element.name}.ofType({kind.code})" if element.choice else f".{name}"
                if name in holder:
                    yield from self._at(holder, name, element, kind, structure, path + step)
                if f"_{name}" in holder:
                    yield Place(
                        holder=holder,
                        key=f"_{name}",
                        path=path + step,
                        element=element,
                        kind=None,
                        primitive=False,
                    )

    def _at(  # noqa: PLR0917 - one element is all of that
        self,
        holder: Element,
        name: str,
        element: ElementDefinition,
        kind: TypeReference,
        structure: str,
        path: str,
    ) -> Iterator[Place]:
        primitive = kind.code in self.definitions.primitive_types
        yield Place(
            holder=holder, key=name, path=path, element=element, kind=kind, primitive=primitive
        )
        if primitive:
            return
        value = holder[name]
        for index, item in enumerate(value if element.max != 1 else [value]):
            inner = f"{path}[{index}]" if element.max != 1 else path
            if kind.code == "Resource":
                type_ = item["resourceType"]
                yield from self.through(item, type_, type_, inner)
            else:
                owner = structure if "." in kind.code else kind.code
                yield from self.through(item, owner, kind.code, inner)

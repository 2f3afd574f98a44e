"""What the compiler must know of a FHIR version: which elements a type has.

https://hl7.org/fhir/R4/fhirpath.html#types
"""

from dataclasses import dataclass
from functools import cache
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

    def is_a(self, type_name: str, ancestor: str) -> bool:
        """Return whether `type_name` is `ancestor` or derived from it."""
        ...


class DefinedModel(Model):
    """The model that the definitions give."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._structures = frozenset(definitions.structures())

    @override
    def children(self, type_name: str, name: str) -> tuple[Child, ...]:
        root = type_name.partition(".")[0]
        if root not in self._structures:
            return ()
        table = self._definitions.structure(root).elements[type_name]
        return next((_children(element) for element in table if element.name == name), ())

    @override
    def is_a(self, type_name: str, ancestor: str) -> bool:
        while type_name != ancestor:
            if type_name in self._structures:
                type_name = self._definitions.structure(type_name).base
            elif type_name in _PRIMITIVE_BASES:
                type_name = _PRIMITIVE_BASES[type_name]
            else:
                return False
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

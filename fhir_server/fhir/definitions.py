"""The R4 definitions in memory: structures, search parameters, compartments, required codes.

https://hl7.org/fhir/R4/definitions.html

Reads what `compile_definitions` wrote. Loading decodes an index only; the tables of a type are
decoded when somebody first asks for them (README.md in this folder).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

import msgspec

DATA = Path(__file__).parent / "data"
COMPILED = DATA / "definitions.msgpack"

VERSION = "4.0.1"
CANONICAL = "http://hl7.org/fhir/StructureDefinition/"


class DefinitionsError(Exception):
    """The compiled definitions are missing or were written by another version of the compiler."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeReference:
    """One type that an element may have.

    `code` is a type of the specification (`HumanName`, `code`, `Resource`) or the path of a
    table in the same structure (`Patient.contact`, also where the element refers to it by
    contentReference). `targets` are the resource types that a Reference or canonical may name,
    empty for any. `profiles` are profiles of the datatype, such as SimpleQuantity.
    """

    code: str
    targets: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementDefinition:
    """One element; `max` None is `*`; `required_binding` the value set its codes must be of.

    `summary`: a summary has it. `modifier`: it changes what the others mean.
    """

    name: str
    min: int
    max: int | None
    types: tuple[TypeReference, ...]
    choice: bool = False
    required_binding: str | None = None
    summary: bool = False
    modifier: bool = False

    def json_names(self) -> Mapping[str, TypeReference]:
        """Return the JSON property names that the element may have: several for a choice."""
        if not self.choice:
            return {self.name: self.types[0]}
        return {self.name + kind.code[0].upper() + kind.code[1:]: kind for kind in self.types}


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """A resource or datatype; `elements` by table: its own name, then its backbone paths.

    `base` is the type that it specialises, "" at the root.
    """

    name: str
    kind: str
    abstract: bool
    base: str
    elements: Mapping[str, tuple[ElementDefinition, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchParameterDefinition:
    """`code` on `base`; `expression` is only the part that applies to `base`.

    `param_id` is `param_id(base, code)`. `components` of a composite are pairs of the canonical
    url and the expression relative to `expression`.
    """

    base: str
    code: str
    param_id: int
    type: str
    url: str
    expression: str
    targets: tuple[str, ...] = ()
    components: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """The file: every `Raw` is decoded only when it is asked for.

    `structures` hold resources and complex datatypes, `search` is by base (Resource among them),
    `value_sets` has {code system: codes} of the required bindings that can be expanded.
    """

    version: str
    resource_types: tuple[str, ...]
    primitive_types: tuple[str, ...]
    structures: dict[str, msgspec.Raw]
    search: dict[str, msgspec.Raw]
    compartments: dict[str, dict[str, tuple[str, ...]]]
    value_sets: dict[str, msgspec.Raw]


SEARCH = tuple[SearchParameterDefinition, ...]
# Its parameters are those of every resource type. DomainResource has none with an expression.
ROOT = "Resource"


def param_id(base: str, code: str) -> int:
    """Return the 31-bit number of the search parameter `code` of `base`, the same everywhere."""
    digest = hashlib.sha256(f"{base}.{code}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFF_FFFF


class Definitions:
    """What the specification defines; values are decoded once and shared.

    Decoding twice in two threads gives equal values, so no lock is needed.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.version = compiled.version
        self.resource_types = compiled.resource_types
        self.primitive_types = frozenset(compiled.primitive_types)
        self._compiled = compiled
        self._ids = {name: number for number, name in enumerate(compiled.resource_types, 1)}
        self._structures: dict[str, Structure] = {}
        self._search: dict[str, Mapping[str, SearchParameterDefinition]] = {}
        self._codings: dict[str, Mapping[str, frozenset[str]]] = {}

    def is_resource_type(self, name: str) -> bool:
        """Say whether `name` is one of the 146 concrete resource types."""
        return name in self._ids

    def type_id(self, name: str) -> int:
        """Return the number of a resource type: its place, from 1, in `resource_types`.

        Raises:
            KeyError: There is no such resource type.
        """
        return self._ids[name]

    def type_name(self, type_id: int) -> str:
        """Return the resource type of `type_id`.

        Raises:
            KeyError: There is no such number.
        """
        if not 1 <= type_id <= len(self.resource_types):
            raise KeyError(type_id)
        return self.resource_types[type_id - 1]

    def structures(self) -> tuple[str, ...]:
        """Return the names of all resources and complex datatypes."""
        return tuple(self._compiled.structures)

    def structure(self, name: str) -> Structure:
        """Return the element tables of a resource or complex datatype.

        Raises:
            KeyError: There is no such type, or it is a primitive.
        """
        found = self._structures.get(name)
        if found is None:
            found = msgspec.msgpack.decode(self._compiled.structures[name], type=Structure)
            self._structures[name] = found
        return found

    def search_parameters(self, type_: str) -> Mapping[str, SearchParameterDefinition]:
        """Return the parameters of a resource type by code, those of every resource included.

        Raises:
            KeyError: There is no such resource type.
        """
        found = self._search.get(type_)
        if found is None:
            found = self._search[type_] = MappingProxyType(self._decode_search(type_))
        return found

    def _decode_search(self, type_: str) -> dict[str, SearchParameterDefinition]:
        self.type_id(type_)
        parameters: dict[str, SearchParameterDefinition] = {}
        for base in (ROOT, type_):
            raw = self._compiled.search.get(base)
            for found in [] if raw is None else msgspec.msgpack.decode(raw, type=SEARCH):
                number = param_id(type_, found.code)
                parameters[found.code] = replace(found, base=type_, param_id=number)
        return parameters

    def compartment(self, name: str) -> Mapping[str, tuple[str, ...]]:
        """Return the types of a compartment (`Patient`) and the parameters that put them there.

        A type without an entry is not in the compartment. `{def}` is not a parameter: it says
        that the resource that the compartment is about is in it.

        Raises:
            KeyError: There is no such compartment.
        """
        return MappingProxyType(self._compiled.compartments[name])

    def required_codings(self, value_set: str) -> Mapping[str, frozenset[str]] | None:
        """Return {code system: codes} of a value set that some R4 element requires.

        None where the codes cannot be listed (UCUM, media types, currencies, a LOINC answer
        list); a version after `|` is not looked at, since the definitions have only one.
        """
        url = value_set.partition("|")[0]
        found = self._codings.get(url)
        if found is None and url in self._compiled.value_sets:
            raw = self._compiled.value_sets[url]
            found = msgspec.msgpack.decode(raw, type=dict[str, frozenset[str]])
            self._codings[url] = found
        return found

    def required_codes(self, value_set: str) -> frozenset[str] | None:
        """Return the codes of `required_codings(value_set)`, whatever their system."""
        codings = self.required_codings(value_set)
        return None if codings is None else frozenset().union(*codings.values())


def read(file: Path) -> Definitions:
    """Return the definitions that were compiled into `file`.

    Raises:
        DefinitionsError: They were not compiled, or by another version of the compiler.
    """
    try:
        return Definitions(msgspec.msgpack.decode(file.read_bytes(), type=Compiled))
    except FileNotFoundError:
        raise DefinitionsError(f"`{file}` is missing: run `make setup`.") from None
    except msgspec.MsgspecError:
        raise DefinitionsError(f"`{file}` is of another version: run `make setup`.") from None


@cache
def load() -> Definitions:
    """Return the definitions of the package data, read once per process.

    Raises:
        DefinitionsError: They were not compiled, or by another version of the compiler.
    """
    return read(COMPILED)

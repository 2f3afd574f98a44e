"""The elements of each type as XML has them: their order, and how each stands in JSON.

https://hl7.org/fhir/R4/xml.html and https://hl7.org/fhir/R4/json.html

Compiled from the definitions, table by table as they are met. Both directions read these tables.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from functools import cache

from fhir_server.fhir.definitions import Definitions, ElementDefinition, TypeReference
from fhir_server.fhir.json import MOST_EXPONENT
from fhir_server.fhir.narrative import DIV
from fhir_server.fhir.resource import Json

FHIR = "http://hl7.org/fhir"

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,399})(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?")
# What stands as an attribute instead of an element. `Element` as such is the twin of a primitive.
_ID = frozenset({"id"})
_ATTRIBUTES = {"Element": frozenset({"id", "value"}), "Extension": frozenset({"id", "url"})}


class Kind(Enum):
    """How an element is written."""

    PRIMITIVE = auto()
    ELEMENT = auto()
    RESOURCE = auto()
    XHTML = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One element; of a choice, one for each type.

    `name` is that of the JSON property and of the XML element, `rank` its place in the order,
    `step` its FHIRPath, `many` whether JSON has an array. `type` is the table of an ELEMENT, and
    `read` returns the JSON value of a PRIMITIVE's text, or raises ValueError.
    """

    name: str
    twin: str
    rank: int
    step: str
    many: bool
    kind: Kind
    type: str
    read: Callable[[str], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The elements of a type: by name in XML (with the namespace), and by property in JSON.

    `by_property` has the twin `_name` of a primitive too, `ranks` the attributes before all.
    """

    by_tag: dict[str, Property]
    by_property: dict[str, Property]
    ranks: dict[str, int]
    attributes: frozenset[str]


class Tables(dict[str, Table]):
    """Tables by type or by path of a backbone element (`Patient.contact`), made when asked for.

    Making one twice in two threads gives equal values, so no lock is needed.
    """

    def __init__(self, definitions: Definitions) -> None:
        super().__init__()
        self._definitions = definitions
        self.resource_types = frozenset(definitions.resource_types)

    def __missing__(self, path: str) -> Table:
        """Make and keep the table of `path`."""
        found = self[path] = self._table(path)
        return found

    def _table(self, path: str) -> Table:
        own = self._definitions.structure(path.partition(".")[0]).elements[path]
        is_resource = path in self.resource_types
        attributes = frozenset() if is_resource else _ATTRIBUTES.get(path, _ID)
        properties = [
            found
            for rank, element in enumerate(own)
            if element.name not in attributes
            for found in self._properties(rank, element)
        ]
        by_property = {found.name: found for found in properties}
        twins = {found.twin: found for found in properties if found.kind is Kind.PRIMITIVE}
        ranks = {name: found.rank for name, found in (by_property | twins).items()}
        unranked = {"resourceType"} if is_resource else attributes
        return Table(
            by_tag={_tag(found): found for found in properties},
            by_property=by_property | twins,
            ranks={**dict.fromkeys(unranked, -1), **ranks},
            attributes=attributes,
        )

    def _properties(self, rank: int, element: ElementDefinition) -> Iterator[Property]:
        for name, type_ in element.json_names().items():
            step = f".{element.name}.ofType({type_.code})" if element.choice else f".{name}"
            yield Property(
                name=name,
                twin=f"_{name}",
                rank=rank,
                step=step,
                many=element.max != 1,
                kind=self._kind(type_),
                type=type_.code,
                read=_READ.get(type_.code, str),
            )

    def _kind(self, type_: TypeReference) -> Kind:
        if type_.code == "xhtml":
            return Kind.XHTML
        if type_.code in self._definitions.primitive_types:
            return Kind.PRIMITIVE
        return Kind.RESOURCE if type_.code == "Resource" else Kind.ELEMENT


@cache
def tables(definitions: Definitions) -> Tables:
    """Return the tables of one set of definitions."""
    return Tables(definitions)


def _tag(found: Property) -> str:
    return DIV if found.kind is Kind.XHTML else f"{{{FHIR}}}{found.name}"


def _boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("`true` or `false`")
    return text == "true"


def _number(text: str) -> Decimal | int:
    """Return what the JSON number of the same spelling would be read as."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError("a number")
    if found[1] is None and found[2] is None:
        return int(text)
    number = Decimal(text)
    if abs(number.adjusted()) > MOST_EXPONENT:
        raise ValueError("a number")
    return number


_READ: dict[str, Callable[[str], Json]] = {
    "boolean": _boolean,
    "integer": _number,
    "unsignedInt": _number,
    "positiveInt": _number,
    "decimal": _number,
}

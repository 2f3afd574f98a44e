"""One package of definitions, and the one that is made of resources in memory.

https://hl7.org/fhir/R4/packages.html
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from fhir_server.fhir.resource import Resource, id_of, type_of


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What the index says of one resource; `place` and `size` are for its package only.

    `constrains` is the type that a profile or extension constrains, "" for all other resources.
    """

    url: str
    version: str
    id: str
    constrains: str
    place: int
    size: int = 0


class Package(Protocol):
    """The definitions of one package: an index by type, and each when it is asked for."""

    @property
    def name(self) -> str:
        """`hl7.fhir.us.core`, or "" for what is only in memory."""
        ...

    @property
    def version(self) -> str:
        """`7.0.0`."""
        ...

    @property
    def dependencies(self) -> Mapping[str, str]:
        """Name to version of each package that this one builds upon."""
        ...

    @property
    def types(self) -> Sequence[str]:
        """The resource types that it defines something by."""
        ...

    def entries(self, type_: str) -> Sequence[Entry]:
        """Return the index of the resources of a type."""
        ...

    def read(self, entry: Entry) -> Resource:
        """Return the resource of an entry; it is shared, and nobody may change it."""
        ...


class MemoryPackage:
    """Resources in memory as a package; those without a canonical URL are left out."""

    name = ""
    version = ""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.dependencies: Mapping[str, str] = {}
        self._resources = [found for found in resources if isinstance(found.get("url"), str)]
        self._index: dict[str, list[Entry]] = {}
        for place, found in enumerate(self._resources):
            self._index.setdefault(type_of(found), []).append(entry_of(found, place))
        self.types = tuple(self._index)

    def entries(self, type_: str) -> Sequence[Entry]:
        """Return the index of the resources of a type."""
        return self._index.get(type_, ())

    def read(self, entry: Entry) -> Resource:
        """Return the resource of an entry."""
        return self._resources[entry.place]


def entry_of(resource: Resource, place: int, size: int = 0) -> Entry:
    """Return the index entry of a resource that has a canonical URL."""
    constrains = resource.get("type") if resource.get("derivation") == "constraint" else ""
    return Entry(
        url=str(resource["url"]),
        version=_text(resource.get("version")),
        id=id_of(resource),
        constrains=_text(constrains),
        place=place,
        size=size,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

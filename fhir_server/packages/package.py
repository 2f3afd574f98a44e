"""One package of definitions, and the one that is made of resources in memory.

https://hl7.org/fhir/R4/packages.html
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from fhir_server.fhir.resource import Resource, id_of, type_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the index says of one resource; `number` is its place in its package.

    `constrains` is the type that a profile or extension constrains, "" for all other resources.
    """

    type: str
    url: str
    version: str
    id: str
    number: int
    constrains: str = ""


class Package(Protocol):
    """The resources of one package: an index, and each resource when it is asked for."""

    @property
    def name(self) -> str:
        """`hl7.fhir.us.core#7.0.0`."""
        ...

    @property
    def dependencies(self) -> Mapping[str, str]:
        """Name to version of each package that this one builds upon."""
        ...

    @property
    def entries(self) -> Sequence[Entry]:
        """The index."""
        ...

    def read(self, number: int) -> Resource:
        """Return the resource of the entry with that number."""
        ...


class MemoryPackage:
    """Resources in memory as a package; those without a canonical URL are left out."""

    def __init__(self, resources: Iterable[Resource], *, name: str = "memory") -> None:
        self.name = name
        self.dependencies: Mapping[str, str] = {}
        self._resources = [found for found in resources if isinstance(found.get("url"), str)]
        self.entries = tuple(entry(found, n) for n, found in enumerate(self._resources))

    def read(self, number: int) -> Resource:
        """Return the resource with that number."""
        return self._resources[number]


def entry(resource: Resource, number: int) -> Entry:
    """Return the index entry of a resource that has a canonical URL."""
    version = resource.get("version")
    constrains = resource.get("type") if resource.get("derivation") == "constraint" else ""
    return Entry(
        type=type_of(resource),
        url=str(resource["url"]),
        version=version if isinstance(version, str) else "",
        id=id_of(resource),
        number=number,
        constrains=constrains if isinstance(constrains, str) else "",
    )

"""A ValueSet as read: what it includes and excludes, and the expansion that it came with.

https://hl7.org/fhir/R4/valueset.html#compositions
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from fhir_server.fhir.resource import Element, Resource, items

_SUPPLEMENT = "http://hl7.org/fhir/StructureDefinition/valueset-supplement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One condition on the concepts of a system."""

    property: str
    op: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A code that is included by name, as the value set calls it."""

    code: str
    display: str = ""
    designations: tuple[Element, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Include:
    """One include or exclude: all that its parts agree on.

    `listed` None: no codes are listed. Without that and filters, the whole system is meant.
    """

    system: str = ""
    version: str = ""
    listed: Mapping[str, Listing] | None = None
    filters: tuple[Filter, ...] = ()
    value_sets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contained:
    """A code of an expansion that the value set came with."""

    system: str
    version: str
    listing: Listing
    abstract: bool = False
    inactive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSet:
    """`inactive` False: inactive codes do not belong to it. `stored` None: it has no expansion."""

    url: str
    version: str = ""
    name: str = ""
    includes: tuple[Include, ...] = ()
    excludes: tuple[Include, ...] = ()
    inactive: bool = True
    stored: Mapping[tuple[str, str], Contained] | None = None
    supplements: tuple[str, ...] = ()
    resource: Resource = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How messages name it."""
        return self.url or "the value set that was given"


def read(resource: Resource) -> ValueSet:
    """Return what a ValueSet resource says."""
    compose = resource.get("compose")
    compose = compose if isinstance(compose, dict) else {}
    return ValueSet(
        url=str(resource.get("url", "")),
        version=str(resource.get("version", "")),
        name=str(resource.get("title") or resource.get("name") or ""),
        includes=tuple(map(_include, items(compose, "include"))),
        excludes=tuple(map(_include, items(compose, "exclude"))),
        inactive=compose.get("inactive") is not False,
        stored=_stored(resource.get("expansion")),
        supplements=tuple(
            str(found["valueCanonical"])
            for found in items(resource, "extension")
            if found.get("url") == _SUPPLEMENT and "valueCanonical" in found
        ),
        resource=resource,
    )


def _include(element: Element) -> Include:
    return Include(
        system=str(element.get("system", "")),
        version=str(element.get("version", "")),
        listed=_listed(items(element, "concept")) if "concept" in element else None,
        filters=tuple(
            Filter(
                property=str(found.get("property", "")),
                op=str(found.get("op", "")),
                value=str(found.get("value", "")),
            )
            for found in items(element, "filter")
        ),
        value_sets=tuple(map(str, items(element, "valueSet"))),
    )


def _listed(concepts: Iterable[Element]) -> dict[str, Listing]:
    return {
        found["code"]: _listing(found) for found in concepts if isinstance(found.get("code"), str)
    }


def _listing(element: Element) -> Listing:
    return Listing(
        code=element["code"],
        display=str(element.get("display", "")),
        designations=tuple(items(element, "designation")),
    )


def _stored(expansion: object) -> dict[tuple[str, str], Contained] | None:
    """Return the codes of a whole expansion; a page of one says nothing about the others."""
    if not isinstance(expansion, dict) or expansion.get("offset"):
        return None
    found = {(each.system, each.listing.code): each for each in _contained(expansion)}
    total = expansion.get("total")
    return found if not isinstance(total, int) or total <= len(found) else None


def _contained(element: Element) -> Iterator[Contained]:
    for found in items(element, "contains"):
        if isinstance(found.get("code"), str):
            yield Contained(
                system=str(found.get("system", "")),
                version=str(found.get("version", "")),
                listing=_listing(found),
                abstract=found.get("abstract") is True,
                inactive=found.get("inactive") is True,
            )
        yield from _contained(found)

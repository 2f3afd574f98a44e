"""What a ConceptMap says: which concepts stand for which in another code system.

https://hl7.org/fhir/R4/conceptmap.html
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fhir_server.fhir.resource import Element, Resource, items
from fhir_server.terminology.coding import Coding

# In R4 no other equivalence says that there is no mapping.
NO_MATCH = frozenset({"unmatched", "disjoint"})
REVERSED = {
    "wider": "narrower",
    "narrower": "wider",
    "subsumes": "specializes",
    "specializes": "subsumes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One translation. `concept` None: there is none. `products` are as the map has them.

    `depends` are the conditions under which it holds: (property, code or value, its system).
    """

    equivalence: str
    concept: Coding | None
    map_url: str
    products: tuple[Element, ...] = ()
    depends: tuple[tuple[str, str, str], ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmapped:
    """What becomes of a code that the map does not mention."""

    mode: str
    concept: Coding
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The mappings from one code system to another."""

    source: str
    target: str
    target_version: str = ""
    forward: dict[str, tuple[Match, ...]] = field(default_factory=dict)
    backward: dict[str, tuple[Match, ...]] = field(default_factory=dict)
    unmapped: Unmapped | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConceptMap:
    """`source` and `target` are canonical URLs of value sets, "" where they are not stated."""

    url: str
    source: str = ""
    target: str = ""
    groups: tuple[Group, ...] = ()


def read(resource: Resource) -> ConceptMap:
    """Return what a ConceptMap resource says."""
    url = str(resource.get("url", ""))
    return ConceptMap(
        url=url,
        source=_scope(resource, "source"),
        target=_scope(resource, "target"),
        groups=tuple(_group(group, url) for group in items(resource, "group")),
    )


def _scope(resource: Resource, name: str) -> str:
    return str(resource.get(f"{name}Canonical") or resource.get(f"{name}Uri") or "")


def _group(group: Element, url: str) -> Group:
    source, target = str(group.get("source", "")), str(group.get("target", ""))
    version = str(group.get("targetVersion", ""))
    forward: dict[str, list[Match]] = {}
    backward: dict[str, list[Match]] = {}
    for element, found in _targets(group):
        code, match = str(element.get("code", "")), _match(found, target, version, url)
        forward.setdefault(code, []).append(match)
        if match.concept is not None:
            display = str(element.get("display", ""))
            turned = Match(
                equivalence=REVERSED.get(match.equivalence, match.equivalence),
                concept=Coding(system=source, code=code, display=display),
                map_url=url,
                depends=match.depends,
                comment=match.comment,
            )
            backward.setdefault(match.concept.code, []).append(turned)
    return Group(
        source=source,
        target=target,
        target_version=version,
        forward={code: tuple(found) for code, found in forward.items()},
        backward={code: tuple(found) for code, found in backward.items()},
        unmapped=_unmapped(group.get("unmapped"), target),
    )


def _targets(group: Element) -> Iterator[tuple[Element, Element]]:
    """Yield each element with each of its targets; one without any is unmatched."""
    for element in items(group, "element"):
        for target in items(element, "target") or [{"equivalence": "unmatched"}]:
            yield element, target


def _match(target: Element, system: str, version: str, url: str) -> Match:
    code = target.get("code")
    return Match(
        equivalence=str(target.get("equivalence", "relatedto")),
        concept=None
        if not isinstance(code, str)
        else Coding(
            system=system, version=version, code=code, display=str(target.get("display", ""))
        ),
        map_url=url,
        products=tuple(items(target, "product")),
        depends=tuple(_depends(items(target, "dependsOn"))),
        comment=str(target.get("comment", "")),
    )


def _depends(conditions: Iterable[Element]) -> Iterator[tuple[str, str, str]]:
    for found in conditions:
        yield (
            str(found.get("property", "")),
            str(found.get("value", "")),
            str(found.get("system", "")),
        )


def _unmapped(unmapped: Element | None, target: str) -> Unmapped | None:
    if unmapped is None:
        return None
    return Unmapped(
        mode=str(unmapped.get("mode", "")),
        concept=Coding(
            system=target,
            code=str(unmapped.get("code", "")),
            display=str(unmapped.get("display", "")),
        ),
        url=str(unmapped.get("url", "")),
    )

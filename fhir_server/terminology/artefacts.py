"""Code systems and value sets as read, from several sources, of which the first that has one wins.

https://hl7.org/fhir/R4/resource.html#canonical

What was read of a source is kept with the source, so that those who ask several sources, of which
some are theirs alone, share the reading of the others.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Protocol, runtime_checkable

from fhir_server.fhir.canonical import CanonicalResources, satisfies
from fhir_server.fhir.resource import Resource
from fhir_server.terminology import concept_map
from fhir_server.terminology.built_in import Made
from fhir_server.terminology.concept import CodeSystem
from fhir_server.terminology.concept_map import ConceptMap
from fhir_server.terminology.later import with_later_codes
from fhir_server.terminology.listed import Listed
from fhir_server.terminology.value_set import Filter, Include, ValueSet, read

# Of each source. The largest of R4's code systems has 3,156 concepts, most have a few.
_MOST_KEPT = 256


@runtime_checkable
class Listing(Protocol):
    """A source that can say what it holds."""

    def resources(self, type_: str) -> Iterable[Resource]:
        """Return every resource of a type."""
        ...


class Layer:
    """One source, with what was read of it."""

    def __init__(self, source: CanonicalResources) -> None:
        self.source = source
        self.code_system = lru_cache(maxsize=_MOST_KEPT)(self._code_system)
        self.value_set = lru_cache(maxsize=_MOST_KEPT)(self._value_set)

    @cached_property
    def concept_maps(self) -> tuple[ConceptMap, ...]:
        """All concept maps, of a source that can list them."""
        source = self.source
        return tuple(
            concept_map.read(found)
            for found in (source.resources("ConceptMap") if isinstance(source, Listing) else ())
        )

    def _code_system(self, canonical: str) -> CodeSystem | None:
        found = self.source.resolve("CodeSystem", canonical)
        return None if found is None else Listed(with_later_codes(found))

    def _value_set(self, canonical: str) -> ValueSet | None:
        found = self.source.resolve("ValueSet", canonical)
        return None if found is None else read(found)


class Layers:
    """All sources, and the code systems that are tables and grammars; then those `behind` them.

    No source is asked for what one before it has.
    """

    def __init__(
        self, front: Sequence[Layer], built_in: Mapping[str, Made], behind: Sequence[Layer] = ()
    ) -> None:
        self.front = tuple(front)
        self.built_in = built_in
        self.behind = tuple(behind)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All sources in their order."""
        return (*self.front, *self.behind)

    def value_set(self, canonical: str) -> ValueSet | None:
        """Return the value set, also one that its URL describes."""
        described = implicit(canonical)
        if described is not None:
            return described
        for layer in self.layers:
            found = layer.value_set(canonical)
            if found is not None:
                return found
        return None

    def code_system(self, url: str, version: str = "") -> CodeSystem | None:
        """Return the code system; a resource that only says that there is one gives way."""
        first = None
        for found in self._code_systems(url, version):
            if found.about.content not in ("not-present", "supplement"):
                return found
            first = first or found
        return first

    def _code_systems(self, url: str, version: str) -> Iterator[CodeSystem]:
        canonical = f"{url}|{version}" if version else url
        for layer in self.front:
            found = layer.code_system(canonical)
            if found is not None:
                yield found
        made = self.built_in.get(url)
        if made is not None and satisfies(made().about.version, version):
            yield made()
        for layer in self.behind:
            found = layer.code_system(canonical)
            if found is not None:
                yield found

    def concept_map(self, canonical: str) -> ConceptMap | None:
        """Return the concept map of a canonical URL."""
        found = self.resolve("ConceptMap", canonical)
        return None if found is None else concept_map.read(found)

    def concept_maps(self) -> Iterator[ConceptMap]:
        """Yield every concept map, those of the first source first, each URL once."""
        seen: set[str] = set()
        for layer in self.layers:
            found = [each for each in layer.concept_maps if each.url not in seen]
            seen.update(each.url for each in found if each.url)
            yield from found

    def resolve(self, type_: str, canonical: str) -> Resource | None:
        """Return a resource of the first source that has it."""
        found = (layer.source.resolve(type_, canonical) for layer in self.layers)
        return next((resource for resource in found if resource is not None), None)

    def supplemented(self, system: CodeSystem, supplements: Sequence[str]) -> CodeSystem:
        """Return `system` with what those of `supplements` that are about it add to it."""
        if not isinstance(system, Listed) or not supplements:
            return system
        found = [
            resource
            for canonical in supplements
            if (resource := self.resolve("CodeSystem", canonical)) is not None
            and str(resource.get("supplements", "")).partition("|")[0] == system.about.url
        ]
        original = self.resolve("CodeSystem", system.about.url) if found else None
        return system if original is None else Listed(original, found)


def implicit(canonical: str) -> ValueSet | None:
    """Return the value set that a URL describes: `SYSTEM?fhir_vs` or `SYSTEM?fhir_vs=isa/CODE`.

    https://hl7.org/fhir/R4/snomedct.html#implicit has these for one code system; here they are
    understood for all.
    """
    system, mark, rest = canonical.partition("?fhir_vs")
    if not mark or not system:
        return None
    if not rest:
        return ValueSet(url=canonical, name=canonical, includes=(Include(system=system),))
    code = rest.removeprefix("=isa/")
    if code == rest or not code:
        return None
    below = Filter(property="concept", op="is-a", value=code)
    include = Include(system=system, filters=(below,))
    return ValueSet(url=canonical, name=canonical, includes=(include,))

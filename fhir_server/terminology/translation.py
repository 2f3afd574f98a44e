"""Translation: what a code becomes by a concept map, or by the maps between two value sets.

https://hl7.org/fhir/R4/conceptmap-operation-translate.html
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from fhir_server.fhir.canonical import parse
from fhir_server.terminology.coding import Coding
from fhir_server.terminology.concept_map import NO_MATCH, ConceptMap, Group, Match

Dependency = tuple[str, str, str]
# Maps that send what they do not know to other maps may do so this often.
_MOST_MAPS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be translated and into what; "" where it does not matter.

    `dependencies` are what is known of other elements: (element, code or value, system).
    """

    coding: Coding
    target_system: str = ""
    reverse: bool = False
    dependencies: tuple[Dependency, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """`unmet` are conditions that nobody told of, but for which there would be more matches."""

    matches: tuple[Match, ...]
    unmet: tuple[Dependency, ...] = ()

    @property
    def result(self) -> bool:
        """Whether one of the matches is a translation."""
        return any(match.equivalence not in NO_MATCH for match in self.matches)


FindMap = Callable[[str], ConceptMap | None]


def translate(maps: Iterable[ConceptMap], wanted: Wanted, find: FindMap) -> Translation:
    """Return the matches of all `maps`, each once; `find` gives the maps that these refer to."""
    found: list[Match] = []
    unmet: dict[Dependency, None] = {}
    for each in maps:
        for match in _matches(each, wanted, find, _MOST_MAPS):
            missing = [d for d in match.depends if not _is_met(d, wanted.dependencies)]
            unmet.update(dict.fromkeys(missing))
            if not missing and match not in found:
                found.append(match)
    return Translation(matches=tuple(found), unmet=tuple(unmet))


def applicable(
    maps: Iterable[ConceptMap], *, source: str, target: str, reverse: bool
) -> Iterator[ConceptMap]:
    """Yield the maps between two value sets, "" for any; `reverse` swaps them."""
    if reverse:
        source, target = target, source
    for each in maps:
        if _is_same(each.source, source) and _is_same(each.target, target):
            yield each


def _is_same(one: str, wanted: str) -> bool:
    return not wanted or parse(one).url == parse(wanted).url


def _matches(each: ConceptMap, wanted: Wanted, find: FindMap, left: int) -> Iterator[Match]:
    coding = wanted.coding
    for group in each.groups:
        begin, end = (
            (group.target, group.source) if wanted.reverse else (group.source, group.target)
        )
        if (coding.system and begin and begin != coding.system) or (
            wanted.target_system and end and end != wanted.target_system
        ):
            continue
        known = group.backward if wanted.reverse else group.forward
        if coding.code in known:
            yield from known[coding.code]
        elif not wanted.reverse and group.unmapped is not None:
            yield from _unmapped(each, group, wanted, find, left)


def _unmapped(
    each: ConceptMap, group: Group, wanted: Wanted, find: FindMap, left: int
) -> Iterator[Match]:
    unmapped = group.unmapped
    match unmapped.mode if unmapped else "":
        case "provided":
            concept = replace(
                wanted.coding,
                system=group.target or wanted.coding.system,
                version=group.target_version,
            )
            yield Match(equivalence="equal", concept=concept, map_url=each.url)
        case "fixed" if unmapped is not None:
            yield Match(equivalence="inexact", concept=unmapped.concept, map_url=each.url)
        case "other-map" if unmapped is not None and left > 1:
            other = find(unmapped.url)
            if other is not None:
                yield from _matches(other, wanted, find, left - 1)
        case _:
            return


def _is_met(condition: Dependency, known: Iterable[Dependency]) -> bool:
    wanted_property, value, system = condition
    return any(
        property_ == wanted_property and value == code and system in ("", of)
        for property_, code, of in known
    )

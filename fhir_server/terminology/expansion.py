"""The expansion of a value set, or a page of it.

https://hl7.org/fhir/R4/valueset-operation-expand.html
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import overload

from typing_extensions import override

from fhir_server.fhir.outcome import TooCostlyError
from fhir_server.fhir.resource import Element
from fhir_server.terminology import words
from fhir_server.terminology.concept import Concept, ancestors
from fhir_server.terminology.displays import LANGUAGES, designations, display, speaks
from fhir_server.terminology.evaluation import Evaluation
from fhir_server.terminology.selection import Selected, select
from fhir_server.terminology.value_set import ValueSet
from fhir_server.terminology.versions import ANY, Versions

# Codes that one answer has: a page, or a whole expansion.
MOST_CODES = 10_000
_MOST_LEVELS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to expand. `count` None: all. `designations` are tokens of a use or language.

    `nested`: codes stand under those that subsume them, where all are asked for.
    """

    filter: str = ""
    offset: int = 0
    count: int | None = None
    include_designations: bool = False
    designations: tuple[str, ...] = ()
    language: str = ""
    active_only: bool = False
    nested: bool = True
    exclude_not_for_ui: bool = False
    exclude_systems: tuple[str, ...] = ()
    versions: Versions = ANY
    most: int = MOST_CODES


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One entry of an expansion, with what stands under it."""

    system: str
    code: str
    display: str
    abstract: bool = False
    inactive: bool = False
    designations: tuple[Element, ...] = ()
    contains: tuple["Code", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """`total` codes there are, `contains` those that were asked for.

    `versions` are the versions of the code systems that were used, as `system|version`.
    """

    value_set: ValueSet
    total: int
    contains: tuple[Code, ...]
    versions: tuple[str, ...] = field(default=())


_Place = tuple[Selected, str]


def expanded(evaluation: Evaluation, value_set: ValueSet, options: Options) -> Expansion:
    """Return the codes of `value_set` that the options ask for.

    Raises:
        UnprocessableError: A code system or value set that it needs is not here; it imports
            itself, or has a filter that is none.
        TooCostlyError: It has no end, more codes than are given at once, or takes too much work.
    """
    found = select(evaluation, value_set, words.parts(options.filter))
    found = [each for each in found if not _is_excluded(each, options)]
    if value_set.supplements:
        found = [_supplemented(evaluation, value_set, each) for each in found]
    places = _places(found, options)
    page = _page(places, options)
    whole = len(page) == len(places) and not options.filter and options.count is None
    codes = [_code(selected, code, options) for selected, code in page]
    return Expansion(
        value_set=value_set,
        total=len(places),
        contains=_nested(page, codes) if options.nested and whole else tuple(codes),
        versions=tuple(dict.fromkeys(f"{s.url}|{s.version}" for s in found if s.version)),
    )


class _Single(Sequence[_Place]):
    """The places of one selection, which is not listed before somebody looks at it."""

    def __init__(self, selected: Selected) -> None:
        self._selected = selected

    @override
    def __len__(self) -> int:
        return len(self._selected.codes)

    @overload
    def __getitem__(self, at: int) -> _Place: ...
    @overload
    def __getitem__(self, at: slice) -> "_Single": ...
    @override
    def __getitem__(self, at: int | slice) -> "_Place | _Single":
        if isinstance(at, slice):
            return _Single(replace(self._selected, codes=self._selected.codes[at]))
        return self._selected, self._selected.codes[at]


def _places(found: Sequence[Selected], options: Options) -> Sequence[_Place]:
    if len(found) == 1 and not options.active_only and not options.exclude_not_for_ui:
        return _Single(found[0])
    seen: set[tuple[str, str]] = set()
    places: list[_Place] = []
    for selected, code in ((each, code) for each in found for code in each.codes):
        if (selected.url, code) not in seen and _is_wanted(selected.concept(code), options):
            seen.add((selected.url, code))
            places.append((selected, code))
    return places


def _is_wanted(concept: Concept | None, options: Options) -> bool:
    return concept is None or not (
        (options.active_only and concept.inactive)
        or (options.exclude_not_for_ui and concept.abstract)
    )


def _is_excluded(found: Selected, options: Options) -> bool:
    return found.url in options.exclude_systems or (
        f"{found.url}|{found.version}" in options.exclude_systems
    )


def _supplemented(evaluation: Evaluation, value_set: ValueSet, found: Selected) -> Selected:
    if found.system is None:
        return found
    system = evaluation.artefacts.supplemented(found.system, value_set.supplements)
    return replace(found, system=system)


def _page(places: Sequence[_Place], options: Options) -> Sequence[_Place]:
    end = len(places) if options.count is None else options.offset + options.count
    page = places[options.offset : end]
    if len(page) > options.most:
        raise TooCostlyError(
            f"The expansion has {len(places)} codes, and {options.most} are the most that are given"
            " at once: narrow it with `filter`, or ask for pages with `count` and `offset`.",
            expression="count",
        )
    return page


def _code(selected: Selected, code: str, options: Options) -> Code:
    concept, listing = selected.concept(code), selected.listing(code)
    return Code(
        system=selected.url,
        code=code,
        display=display(concept, listing, options.language),
        abstract=concept is not None and concept.abstract,
        inactive=concept is not None and concept.inactive,
        designations=tuple(
            each for each in designations(concept, listing) if _is_asked(each, options)
        ),
    )


def _is_asked(designation: Element, options: Options) -> bool:
    if not options.designations:
        return options.include_designations
    return any(_is_token(designation, token) for token in options.designations)


def _is_token(designation: Element, token: str) -> bool:
    """Compare with `system|code`: of a use, or of a language."""
    system, bar, code = token.partition("|")
    if not bar:
        system, code = "", token
    use = designation.get("use", {})
    is_use = use.get("code") == code and use.get("system", "") == (system or use.get("system", ""))
    is_language = system in ("", LANGUAGES) and speaks(str(designation.get("language", "")), code)
    return is_use or is_language


def _nested(page: Sequence[_Place], codes: Sequence[Code]) -> tuple[Code, ...]:
    """Put each code under the nearest one that subsumes it, unless codes were listed by name."""
    known = {(code.system, code.code): number for number, code in enumerate(codes)}
    under: dict[int, list[int]] = {}
    tops: list[int] = []
    for number, (selected, code) in enumerate(page):
        above = _above(selected, code, known)
        (tops if above is None else under.setdefault(above, [])).append(number)

    below: dict[int, Code] = {}
    for level in reversed(_levels(tops, under)):
        for number in level:
            contains = tuple(below[child] for child in under.get(number, ()))
            below[number] = replace(codes[number], contains=contains)
    # What subsumes itself, by a fault of its code system, stands under nothing: then all are flat.
    return tuple(below[top] for top in tops) if len(below) == len(codes) else tuple(codes)


def _levels(tops: list[int], under: dict[int, list[int]]) -> list[list[int]]:
    """Return the numbers by how deep they stand; nothing where that is too deep for JSON."""
    levels = [tops]
    while levels[-1]:
        levels.append([child for number in levels[-1] for child in under.get(number, ())])
        if len(levels) > _MOST_LEVELS:
            return []
    return levels


def _above(selected: Selected, code: str, known: dict[tuple[str, str], int]) -> int | None:
    if selected.system is None or selected.listed is not None:
        return None
    found: Iterator[int] = (
        known[selected.url, each]
        for each in ancestors(selected.system, code)
        if (selected.url, each) in known
    )
    return next(found, None)

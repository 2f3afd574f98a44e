"""The codes that a value set has, system by system, with as little looked at as it takes.

https://hl7.org/fhir/R4/valueset.html#expansion

A whole code system, or what is below one of its concepts, stays the sequence that the system gives:
nothing is listed before somebody looks at it. Where words are asked for, the system's own index
finds them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fhir_server.fhir.outcome import Issue, TooCostlyError, UnprocessableError
from fhir_server.terminology import words
from fhir_server.terminology.coding import Coding
from fhir_server.terminology.concept import CodeSystem, Concept
from fhir_server.terminology.evaluation import Evaluation, concept_of, not_here
from fhir_server.terminology.filters import Condition, candidates, exact
from fhir_server.terminology.value_set import Contained, Include, Listing, ValueSet


class _MissingError(Exception):
    """What a value set rests on is not here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """Codes of one system. `listed` are those that were included by name, as they were called.

    `stored` are those of an expansion that the value set came with.
    """

    url: str
    version: str
    codes: Sequence[str]
    system: CodeSystem | None = None
    listed: Mapping[str, Listing] | None = None
    stored: Mapping[str, Contained] | None = None

    def concept(self, code: str) -> Concept | None:
        """Return what is known of a code."""
        if self.stored is not None:
            return concept_of(self.stored[code])
        return None if self.system is None else self.system.find(code)

    def listing(self, code: str) -> Listing | None:
        """Return how the value set calls it."""
        return None if self.listed is None else self.listed.get(code)


def select(
    evaluation: Evaluation, value_set: ValueSet, wanted: Sequence[str] = ()
) -> list[Selected]:
    """Return the codes that all words of `wanted` fit; one may stand in several selections.

    Raises:
        UnprocessableError: A code system or value set that it needs is not here; it imports
            itself, or has a filter that is none.
        TooCostlyError: It has no end, or takes too much work.
    """
    try:
        return _selected(evaluation, value_set, wanted)
    except _MissingError as missing:
        issue = Issue(code="not-found", diagnostics=f"It cannot be expanded: {missing}")
        raise UnprocessableError(issue.diagnostics, issues=(issue,)) from None


def _selected(evaluation: Evaluation, value_set: ValueSet, wanted: Sequence[str]) -> list[Selected]:
    try:
        return _composed(evaluation, value_set, wanted)
    except _MissingError:
        if value_set.stored is None:
            raise
        return list(_from_stored(value_set.stored.values(), wanted))


def _composed(evaluation: Evaluation, value_set: ValueSet, wanted: Sequence[str]) -> list[Selected]:
    if not value_set.includes:
        raise _MissingError(f"The codes of `{value_set.label}` are not available here.")
    evaluation.enter(value_set)
    try:
        found = [s for i in value_set.includes for s in _included(evaluation, i, wanted)]
    finally:
        evaluation.leave()
    return [_without(evaluation, value_set, each) for each in found]


def _included(
    evaluation: Evaluation, include: Include, wanted: Sequence[str]
) -> Iterator[Selected]:
    if include.system:
        found = [_in_system(evaluation, include, wanted)]
        imports = include.value_sets
    else:
        first = _imported(evaluation, include.value_sets[0]) if include.value_sets else None
        found = [] if first is None else _selected(evaluation, first, wanted)
        imports = include.value_sets[1:]
    others = [_imported(evaluation, canonical) for canonical in imports]
    for each in found:
        yield _in_all(evaluation, each, others) if others else each


def _imported(evaluation: Evaluation, canonical: str) -> ValueSet:
    found = evaluation.artefacts.value_set(canonical)
    if found is None:
        raise _MissingError(f"The value set `{canonical}` is not available here.")
    return found


def _in_all(evaluation: Evaluation, found: Selected, others: Iterable[ValueSet]) -> Selected:
    codes = found.codes
    for other in others:
        codes = [c for c in codes if _contains(evaluation, other, found.url, c)]
    return replace(found, codes=codes)


def _contains(evaluation: Evaluation, value_set: ValueSet, system: str, code: str) -> bool:
    verdict = evaluation.contains(value_set, Coding(system=system, code=code))
    if verdict.result is None:
        raise _MissingError(verdict.reason)
    return verdict.result


def _in_system(evaluation: Evaluation, include: Include, wanted: Sequence[str]) -> Selected:
    version = evaluation.versions.wanted(include.system, include.version)
    system = evaluation.artefacts.code_system(include.system, version)
    found = Selected(
        url=include.system,
        version=version if system is None else system.about.version,
        system=system,
        codes=(),
        listed=include.listed,
    )
    if include.listed is not None:
        codes = [code for code in include.listed if _fits(found, code, wanted)]
        if include.filters:
            if system is None:
                raise _MissingError(not_here(include.system, version))
            codes = _passing(evaluation, include, system, codes)
        return replace(found, codes=codes)
    if system is None or system.about.content in ("not-present", "supplement"):
        raise _MissingError(not_here(include.system, version))
    return replace(found, codes=_of(evaluation, include, system, wanted))


def _of(
    evaluation: Evaluation, include: Include, system: CodeSystem, wanted: Sequence[str]
) -> Sequence[str]:
    codes = candidates(system, include.filters, wanted)
    if codes is None:
        raise TooCostlyError(
            f"`{system.about.url}` is a grammar with no end of codes: it cannot be expanded."
            " Ask `$validate-code` about a code instead."
        )
    if not wanted and exact(system, include.filters):
        return codes
    return _passing(evaluation, include, system, codes)


def _passing(
    evaluation: Evaluation, include: Include, system: CodeSystem, codes: Iterable[str]
) -> list[str]:
    tests = [Condition.of(system, each, evaluation.spend) for each in include.filters]
    return [
        code
        for code in codes
        if not tests
        or ((concept := system.find(code)) and all(test.passes(concept) for test in tests))
    ]


def _fits(found: Selected, code: str, wanted: Sequence[str]) -> bool:
    if not wanted:
        return True
    concept, listing = found.concept(code), found.listing(code)
    texts = [] if concept is None else [{"value": text} for text in concept.texts]
    called = Concept(
        code=code,
        display="" if listing is None else listing.display,
        designations=(*texts, *(() if listing is None else listing.designations)),
    )
    return words.fits(called, wanted)


def _without(evaluation: Evaluation, value_set: ValueSet, found: Selected) -> Selected:
    """Take out what is excluded, and what is inactive where the value set has none such."""
    codes = found.codes
    if value_set.excludes:
        excluded = replace(value_set, includes=value_set.excludes, excludes=(), stored=None)
        codes = [code for code in codes if not _contains(evaluation, excluded, found.url, code)]
    if not value_set.inactive:
        codes = [code for code in codes if not _is_inactive(found, code)]
    return found if codes is found.codes else replace(found, codes=codes)


def _is_inactive(found: Selected, code: str) -> bool:
    concept = found.concept(code)
    return concept is not None and concept.inactive


def _from_stored(stored: Iterable[Contained], wanted: Sequence[str]) -> Iterator[Selected]:
    by_system: dict[tuple[str, str], dict[str, Contained]] = {}
    for each in stored:
        by_system.setdefault((each.system, each.version), {})[each.listing.code] = each
    for (url, version), found in by_system.items():
        codes = [c for c, each in found.items() if words.fits(concept_of(each), wanted)]
        yield Selected(url=url, version=version, codes=codes, stored=found)

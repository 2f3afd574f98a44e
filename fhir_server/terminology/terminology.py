"""Terminology: what is in a code system or value set, and how codes relate.

https://hl7.org/fhir/R4/terminology-service.html

The one entrance for everybody else. It reads what its sources hold and asks nobody; what no source
holds it calls "not available here", and never wrong.
"""

from collections.abc import Iterable, Mapping, Sequence

from fhir_server.fhir.canonical import CanonicalResources
from fhir_server.fhir.outcome import NotFoundError, TooCostlyError, UnprocessableError
from fhir_server.fhir.resource import Resource
from fhir_server.terminology.artefacts import Layer, Layers
from fhir_server.terminology.built_in import Made, built_in
from fhir_server.terminology.coding import Coding, Membership
from fhir_server.terminology.concept import CodeSystem, is_above
from fhir_server.terminology.concept_map import ConceptMap
from fhir_server.terminology.concept_map import read as read_map
from fhir_server.terminology.displays import is_name, names
from fhir_server.terminology.evaluation import (
    Evaluation,
    Verdict,
    not_here,
    unknown_code,
)
from fhir_server.terminology.expansion import Expansion, Options, expanded
from fhir_server.terminology.inference import systems_with
from fhir_server.terminology.translation import Translation, Wanted, applicable, translate
from fhir_server.terminology.value_set import ValueSet, read
from fhir_server.terminology.versions import ANY, Versions

# Codes that a bounded list may have, where nobody says how many.
MOST_CODES = 1_000


class Terminology:
    """Answers from `sources`, of which the first that holds an artefact is asked."""

    def __init__(
        self,
        sources: Sequence[CanonicalResources],
        systems: Mapping[str, Made] | None = None,
    ) -> None:
        made = built_in() if systems is None else systems
        self.artefacts = Layers([Layer(source) for source in sources], made)

    @classmethod
    def _of(cls, artefacts: Layers) -> "Terminology":
        found = cls.__new__(cls)
        found.artefacts = artefacts
        return found

    def with_sources(self, more: CanonicalResources) -> "Terminology":
        """Return one that asks `more` before everything that is asked here."""
        known = self.artefacts
        return self._of(Layers((Layer(more), *known.front), known.built_in, known.behind))

    def with_fallback(self, more: CanonicalResources) -> "Terminology":
        """Return one that asks `more` for what is not here otherwise."""
        known = self.artefacts
        return self._of(Layers(known.front, known.built_in, (*known.behind, Layer(more))))

    def validate_code(
        self,
        value_set: str | Resource,
        coding: Coding,
        *,
        abstract: bool = False,
        versions: Versions = ANY,
    ) -> Membership:
        """Return whether `coding` is in the value set of a canonical `url` or `url|version`.

        Without a system the code is looked for in all systems of the value set, which is what an
        element of type `code` needs. `abstract`: a concept that only groups others will do. A
        ValueSet may be given itself. A value set that cannot be evaluated leaves the answer open.
        """
        try:
            return self.decide(value_set, coding, abstract=abstract, versions=versions)
        except (UnprocessableError, TooCostlyError) as error:
            return Membership(result=None, message=str(error), code=error.code)

    def decide(
        self,
        value_set: str | Resource,
        coding: Coding,
        *,
        abstract: bool = False,
        versions: Versions = ANY,
    ) -> Membership:
        """Return the same as `validate_code`, but refuse a value set that cannot be evaluated.

        Raises:
            UnprocessableError: The value set imports itself, or has a filter that is none; or
                another version of a code system is required than the one it pins.
            TooCostlyError: It takes too much work.
        """
        found = self._value_set(value_set)
        if found is None:
            message = f"The value set `{value_set}` is not available here."
            return Membership(result=None, message=message, code="not-found")
        evaluation = Evaluation(self.artefacts, versions)
        if coding.system:
            return _membership(evaluation.contains(found, coding), coding, abstract=abstract)
        verdicts = systems_with(evaluation, found, coding)
        membership = _membership(verdicts[0], coding, abstract=abstract)
        return membership if len(verdicts) == 1 else _ambiguous(membership, verdicts)

    def validate_in_system(
        self, coding: Coding, *, abstract: bool = False, system: CodeSystem | None = None
    ) -> Membership:
        """Return whether `coding` is a code of its system, and its display right.

        `system` is asked instead, where it is given.
        """
        known = system or self.artefacts.code_system(coding.system, coding.version)
        if known is None:
            message = not_here(coding.system, coding.version)
            return Membership(result=None, message=message, code="not-found", system=coding.system)
        if known.about.content == "supplement":
            message = f"`{coding.system}` only adds to another code system: it has no codes itself."
            return Membership(result=False, message=message, code="invalid")
        concept = known.find(coding.code)
        if concept is None:
            return _membership(unknown_code(known, coding.code), coding, abstract=abstract)
        about = known.about
        verdict = Verdict(result=True, system=about.url, version=about.version, concept=concept)
        return _membership(verdict, coding, abstract=abstract)

    def subsumes(self, one: Coding, other: Coding) -> str | None:
        """Return `equivalent`, `subsumes`, `subsumed-by` or `not-subsumed` of two codes.

        None: a code or the system of one is not here, or they are of two systems.
        """
        if one.system != other.system:
            return None
        system = self.artefacts.code_system(one.system, one.version or other.version)
        return None if system is None else relation(system, one.code, other.code)

    def expand(self, value_set: str | Resource, options: Options) -> Expansion:
        """Return the codes of a value set, or a page of them.

        Raises:
            NotFoundError: The value set is not here.
            UnprocessableError: A code system that it needs is not here; it imports itself, or has
                a filter that is none.
            TooCostlyError: It has no end, more codes than are given at once, or takes too much
                work.
        """
        found = self._value_set(value_set)
        if found is None:
            raise NotFoundError(f"The value set `{value_set}` is not available here.")
        return expanded(Evaluation(self.artefacts, options.versions), found, options)

    def translate(
        self,
        wanted: Wanted,
        concept_map: str | Resource | None = None,
        *,
        source: str = "",
        target: str = "",
    ) -> Translation:
        """Return what a code becomes by a concept map, or by those from `source` to `target`.

        Raises:
            NotFoundError: The concept map is not here, or there is none between the two.
        """
        return translate(self._maps(wanted, concept_map, source, target), wanted, self.concept_map)

    def _maps(
        self, wanted: Wanted, concept_map: str | Resource | None, source: str, target: str
    ) -> Iterable[ConceptMap]:
        if isinstance(concept_map, dict):
            return (read_map(concept_map),)
        if concept_map is not None:
            found = self.concept_map(concept_map)
            if found is None:
                raise NotFoundError(f"The concept map `{concept_map}` is not available here.")
            return (found,)
        every = self.artefacts.concept_maps()
        maps = tuple(applicable(every, source=source, target=target, reverse=wanted.reverse))
        if not maps:
            raise NotFoundError(
                f"No concept map from `{source or 'any'}` to `{target or 'any'}` is available here."
            )
        return maps

    def concept_map(self, canonical: str) -> ConceptMap | None:
        """Return the concept map of a canonical URL as read."""
        return self.artefacts.concept_map(canonical)

    def codes(self, value_set: str, most: int = MOST_CODES) -> tuple[Coding, ...]:
        """Return all codes of a value set, of which there may be `most`.

        Raises:
            NotFoundError: The value set is not here.
            UnprocessableError: As for `expand`.
            TooCostlyError: There are more codes, or it takes too much work.
        """
        found = self.expand(value_set, Options(nested=False, most=most))
        return tuple(
            Coding(system=each.system, code=each.code, display=each.display)
            for each in found.contains
        )

    def value_set(self, canonical: str) -> ValueSet | None:
        """Return the value set of a canonical URL as read."""
        return self.artefacts.value_set(canonical)

    def code_system(self, url: str, version: str = "") -> CodeSystem | None:
        """Return the code system of a URL."""
        return self.artefacts.code_system(url, version)

    def _value_set(self, value_set: str | Resource) -> ValueSet | None:
        return self.value_set(value_set) if isinstance(value_set, str) else read(value_set)


def relation(system: CodeSystem, one: str, other: str) -> str | None:
    """Return how two codes of a system stand to each other, None if one is none of its codes."""
    first, second = system.find(one), system.find(other)
    if first is None or second is None:
        return None
    if first.code == second.code:
        return "equivalent"
    if is_above(system, first.code, second.code):
        return "subsumes"
    return "subsumed-by" if is_above(system, second.code, first.code) else "not-subsumed"


def _membership(found: Verdict, coding: Coding, *, abstract: bool) -> Membership:
    """Return what is told of a verdict: what is amiss with a code that belongs, too."""
    known = names(found.concept, found.listing)
    code = coding.code if found.concept is None else found.concept.code
    membership = Membership(
        result=found.result,
        message=found.reason,
        code=found.code if found.reason else "",
        display=known[0] if known else None,
        normal=code if found.result and code != coding.code else None,
        system=found.system or coding.system,
        version=found.version,
        inactive=found.concept is not None and found.concept.inactive,
    )
    if not found.result or (found.concept is None and not known):
        return membership
    if found.concept is not None and found.concept.abstract and not abstract:
        message = f"`{coding.name}` only groups other codes, and cannot be used itself."
        return membership.but(result=False, message=message, code="business-rule")
    if coding.display and known and not is_name(coding.display, known):
        message = f"`{coding.name}` is not called `{coding.display}`, but `{known[0]}`."
        return membership.but(message=message, code="invalid", display_is_wrong=True)
    if membership.inactive:
        return membership.but(message=f"`{coding.name}` is inactive.", code="business-rule")
    return membership


def _ambiguous(found: Membership, verdicts: Sequence[Verdict]) -> Membership:
    systems = " and ".join(f"`{verdict.system}`" for verdict in verdicts)
    message = f"The code is one of several systems: {systems}. Say which with `system`."
    return found.but(message=message, code="multiple-matches", is_ambiguous=True)

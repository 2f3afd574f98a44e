"""One evaluation of value sets: whether a code is in one, without expanding it.

https://hl7.org/fhir/R4/valueset.html#compositions

Three answers are possible, since what a value set rests on may not be here. An include holds what
all its parts agree on, a value set what any include holds and no exclude does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from fhir_server.fhir.outcome import TooCostlyError, UnprocessableError
from fhir_server.terminology.coding import Coding
from fhir_server.terminology.concept import CodeSystem, Concept
from fhir_server.terminology.filters import Condition
from fhir_server.terminology.value_set import Contained, Include, Listing, ValueSet
from fhir_server.terminology.versions import ANY, Versions

# Concepts that one request may look at; a second or two of work at the worst.
STEPS = 2_000_000
MOST_IMPORTS = 24


class Artefacts(Protocol):
    """Where value sets and code systems come from."""

    def value_set(self, canonical: str) -> ValueSet | None:
        """Return the value set of `url` or `url|version`."""
        ...

    def code_system(self, url: str, version: str = "") -> CodeSystem | None:
        """Return the code system, of that version if one is named."""
        ...

    def supplemented(self, system: CodeSystem, supplements: Sequence[str]) -> CodeSystem:
        """Return the code system with what those of `supplements` that are about it add."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a code belongs, and how it is known; `code` is the issue type of `reason`."""

    result: bool | None
    reason: str = ""
    code: str = "code-invalid"
    system: str = ""
    version: str = ""
    concept: Concept | None = None
    listing: Listing | None = None


class Evaluation:
    """The work of one request: what was asked so far, and how much is left."""

    def __init__(self, artefacts: Artefacts, versions: Versions = ANY, steps: int = STEPS) -> None:
        self.artefacts = artefacts
        self.versions = versions
        self._left = steps
        self._open: list[str] = []

    def spend(self, steps: int) -> None:
        """Take `steps` from what is left.

        Raises:
            TooCostlyError: There are not so many left.
        """
        self._left -= steps
        if self._left < 0:
            raise TooCostlyError(
                "Evaluating the value set takes more work than one request may ask for; ask for a"
                " value set with fewer or simpler filters and imports."
            )

    def contains(self, value_set: ValueSet, coding: Coding) -> Verdict:
        """Return whether `coding` belongs to `value_set`.

        Raises:
            UnprocessableError: The value set imports itself, or has a filter that is none.
            TooCostlyError: It takes too many steps.
        """
        self.spend(1)
        found = self._composed(value_set, coding)
        if found.result is None and value_set.stored is not None:
            return _stored(value_set, coding)
        if found.result and not value_set.inactive and found.concept and found.concept.inactive:
            reason = f"`{coding.name}` is inactive, and {_in(value_set)} has no inactive codes."
            return replace(found, result=False, reason=reason)
        return found

    def _composed(self, value_set: ValueSet, coding: Coding) -> Verdict:
        if not value_set.includes:
            reason = f"The codes of `{value_set.label}` are not available here."
            return Verdict(result=None, reason=reason, code="not-found")
        self.enter(value_set)
        try:
            included = self._any(value_set.includes, coding, value_set)
            if included.result is not True or not value_set.excludes:
                return included
            # What was found tells the system of a code that was asked for without one.
            excluded = self._any(
                value_set.excludes, replace(coding, system=included.system), value_set
            )
        finally:
            self.leave()
        if excluded.result is None:
            return replace(excluded, system=included.system)
        if excluded.result:
            reason = f"`{coding.name}` is excluded from {_in(value_set)}."
            return replace(included, result=False, reason=reason)
        return included

    def enter(self, value_set: ValueSet) -> None:
        """Begin with a value set, which may not be begun with inside of itself.

        Raises:
            UnprocessableError: It is being evaluated already, or too many are.
        """
        name = f"{value_set.url}|{value_set.version}" if value_set.url else ""
        if name and name in self._open:
            raise UnprocessableError(f"The value set `{value_set.label}` imports itself.")
        if len(self._open) >= MOST_IMPORTS:
            raise UnprocessableError(f"Value sets import each other over {MOST_IMPORTS} levels.")
        self._open.append(name)

    def leave(self) -> None:
        """End with the value set that was begun with last."""
        self._open.pop()

    def _any(self, includes: Iterable[Include], coding: Coding, value_set: ValueSet) -> Verdict:
        unknown = None
        absent = None
        for include in includes:
            found = self.includes(include, coding)
            if found.result:
                return found
            if found.result is None:
                unknown = unknown or found
            elif found.reason:
                absent = absent or found
        if unknown or absent:
            return unknown or absent  # type: ignore[return-value]  # one of the two is there
        reason = f"`{coding.name}` is not in {_in(value_set)}."
        return Verdict(result=False, reason=reason, system=coding.system)

    def includes(self, include: Include, coding: Coding) -> Verdict:
        """Return whether all parts of an include hold `coding`."""
        found = Verdict(result=True, system=coding.system)
        if include.system:
            if coding.system not in ("", include.system):
                return Verdict(result=False, system=coding.system)
            coding = replace(coding, system=include.system)
            found = self._in_system(include, coding)
        for canonical in include.value_sets if found.result is not False else ():
            value_set = self.artefacts.value_set(canonical)
            other = (
                Verdict(
                    result=None,
                    reason=f"The value set `{canonical}` is not available here.",
                    code="not-found",
                )
                if value_set is None
                else self.contains(value_set, replace(coding, system=found.system))
            )
            found = _both(found, other)
        return found

    def _in_system(self, include: Include, coding: Coding) -> Verdict:
        version = self.versions.wanted(include.system, include.version)
        found = Verdict(result=False, system=include.system, version=version)
        if coding.version and version and coding.version != version:
            reason = f"Version `{version}` of `{include.system}` is included, not that of the code."
            return replace(found, reason=reason)
        system = self.artefacts.code_system(include.system, version)
        concept = None if system is None else system.find(coding.code)
        found = replace(found, concept=concept)
        if include.listed is not None:
            code = coding.code if concept is None else concept.code
            listing = include.listed.get(coding.code) or include.listed.get(code)
            found = replace(found, result=listing is not None, listing=listing)
            if listing is None or not include.filters:
                return found
        if system is None:
            return replace(
                found, result=None, reason=not_here(include.system, version), code="not-found"
            )
        return self._passing(include, coding, replace(found, version=system.about.version), system)

    def _passing(
        self, include: Include, coding: Coding, found: Verdict, system: CodeSystem
    ) -> Verdict:
        if found.concept is None:
            return unknown_code(system, coding.code)
        tests = (Condition.of(system, each, self.spend) for each in include.filters)
        return replace(found, result=all(test.passes(found.concept) for test in tests))


def unknown_code(system: CodeSystem, code: str) -> Verdict:
    """Return the verdict on a code that `system` does not list."""
    about = system.about
    found = Verdict(result=False, system=about.url, version=about.version)
    if about.content == "complete":
        return replace(found, reason=f"`{code}` is not a code of `{about.url}`.")
    reason = f"`{code}` is not among the codes of `{about.url}` that are available here."
    return replace(found, result=None, reason=reason, code="not-found")


def not_here(system: str, version: str) -> str:
    """Return the sentence that says so."""
    which = f"Version `{version}` of the" if version else "The"
    return f"{which} code system `{system}` is not available here."


def _in(value_set: ValueSet) -> str:
    return f"the value set `{value_set.label}`" if value_set.url else value_set.label


def _both(one: Verdict, other: Verdict) -> Verdict:
    """Return what two parts of an include agree on."""
    if other.result is True and one.result is True:
        return replace(
            one,
            system=one.system or other.system,
            version=one.version or other.version,
            concept=one.concept or other.concept,
            listing=one.listing or other.listing,
        )
    return other if other.result is False or one.result is True else one


def _stored(value_set: ValueSet, coding: Coding) -> Verdict:
    """Look the code up in the expansion that the value set came with."""
    found = next(
        (
            each
            for (system, code), each in (value_set.stored or {}).items()
            if code == coding.code and coding.system in ("", system)
        ),
        None,
    )
    if found is None:
        reason = f"`{coding.name}` is not in {_in(value_set)}."
        return Verdict(result=False, reason=reason, system=coding.system)
    return Verdict(
        result=True,
        system=found.system,
        version=found.version,
        listing=found.listing,
        concept=concept_of(found),
    )


def concept_of(found: Contained) -> Concept:
    """Return what an expansion tells of a concept."""
    return Concept(
        code=found.listing.code,
        display=found.listing.display,
        abstract=found.abstract,
        inactive=found.inactive,
        designations=found.listing.designations,
    )

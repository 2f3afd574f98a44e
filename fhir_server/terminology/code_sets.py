"""Sets of codes for searches: a value set's, and those above or below a code.

https://hl7.org/fhir/R4/search.html#token : `:in`, `:not-in`, `:above`, `:below`
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fhir_server.fhir.outcome import NotFoundError, TooCostlyError, UnprocessableError
from fhir_server.terminology.concept import ancestors
from fhir_server.terminology.terminology import Terminology

# A search compares with each of them.
MOST_CODES = 10_000


@dataclass(frozen=True, slots=True)
class CodeSets:
    """What a search asks of a terminology; None where it cannot be told here."""

    terminology: Terminology
    most: int = MOST_CODES

    def members(self, value_set: str) -> Mapping[str, frozenset[str]] | None:
        """Return the codes of a value set by their system.

        Raises:
            TooCostlyError: It has more codes than a search may compare with, or no end.
        """
        try:
            found = self.terminology.codes(value_set, self.most)
        except (NotFoundError, UnprocessableError):
            return None
        sets: dict[str, set[str]] = {}
        for coding in found:
            sets.setdefault(coding.system, set()).add(coding.code)
        return {system: frozenset(codes) for system, codes in sets.items()}

    def related(self, system: str, code: str, *, above: bool) -> frozenset[str] | None:
        """Return the code and those above it, or below it.

        Raises:
            TooCostlyError: There are more than a search may compare with.
        """
        known = self.terminology.code_system(system)
        concept = None if known is None else known.find(code)
        if known is None or concept is None:
            return None
        if above:
            return frozenset((concept.code, *ancestors(known, concept.code)))
        below = known.codes(concept.code)
        if below is None:
            return frozenset({concept.code})
        if len(below) > self.most:
            raise TooCostlyError(
                f"`{code}` has {len(below)} codes below it, and a search compares with {self.most}"
                " at most: ask for one that is narrower."
            )
        return frozenset(below)

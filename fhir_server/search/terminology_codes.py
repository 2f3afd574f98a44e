"""Terminology, as the modifiers of tokens ask it: `:in`, `:not-in`, `:above`, `:below`.

https://hl7.org/fhir/R4/search.html#token
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fhir_server.fhir.outcome import FhirError
from fhir_server.terminology.concept import ancestors
from fhir_server.terminology.terminology import Terminology


@dataclass(frozen=True, slots=True)
class TerminologyCodes:
    """The codes of what is loaded; params.token_sets.Codes."""

    terminology: Terminology

    def members(self, value_set: str) -> Mapping[str, frozenset[str]] | None:
        """Return the codes of a value set by their system, None where they cannot be listed."""
        try:
            found = self.terminology.codes(value_set)
        except FhirError:
            return None
        by_system: dict[str, set[str]] = {}
        for coding in found:
            by_system.setdefault(coding.system, set()).add(coding.code)
        return {system: frozenset(codes) for system, codes in by_system.items()}

    def related(self, system: str, code: str, *, above: bool) -> frozenset[str] | None:
        """Return the code and those above it, or below it; None where it is not known."""
        known = self.terminology.code_system(system)
        concept = None if known is None else known.find(code)
        if known is None or concept is None:
            return None
        if above:
            return frozenset({concept.code, *ancestors(known, concept.code)})
        below = known.codes(concept.code)
        return None if below is None else frozenset({concept.code, *below})

"""Terminology: what is in a code system or value set, and how codes relate.

https://hl7.org/fhir/R4/terminology-service.html

The one entrance for everybody else. It reads what its sources hold and asks nobody; what no source
holds it calls "not available here", and never wrong.
"""

from collections.abc import Sequence
from typing import Protocol

from fhir_server.fhir.resource import Resource
from fhir_server.terminology.coding import Coding, Membership


class CanonicalResources(Protocol):
    """Artefacts by their canonical URL."""

    def resolve(self, type_: str, canonical: str) -> Resource | None:
        """Return the `type_` of `url` or `url|version`, the newest where none is named."""
        ...


class Terminology:
    """Answers from `sources`, of which the first that holds an artefact is asked."""

    def __init__(self, sources: Sequence[CanonicalResources]) -> None:
        self._sources = tuple(sources)

    def with_sources(self, more: CanonicalResources) -> "Terminology":
        """Return one that asks `more` before everything that is asked here."""
        return Terminology((more, *self._sources))

    def validate_code(
        self, value_set: str | Resource, coding: Coding, *, abstract: bool = False
    ) -> Membership:
        """Return whether `coding` is in the value set of a canonical `url` or `url|version`.

        Without a system the code is looked for in all systems of the value set, which is what an
        element of type `code` needs. `abstract`: a concept that only groups others will do.
        """
        del value_set, coding, abstract
        return Membership(result=None, message="Not available here.", code="not-supported")

    def validate_in_system(self, coding: Coding, *, abstract: bool = False) -> Membership:
        """Return whether `coding` is a code of its system, and its display right."""
        del coding, abstract
        return Membership(result=None, message="Not available here.", code="not-supported")

"""One concept of a code system, and what code systems of any kind can be asked.

https://hl7.org/fhir/R4/codesystem.html#concepts
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fhir_server.fhir.resource import Element

PROPERTIES = "http://hl7.org/fhir/concept-properties#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """`designations` and `properties` are as CodeSystem.concept has them.

    `abstract`: it only groups others. `inactive`: it is not to be used any more.
    """

    code: str
    display: str = ""
    definition: str = ""
    abstract: bool = False
    inactive: bool = False
    designations: tuple[Element, ...] = ()
    properties: tuple[Element, ...] = ()

    @property
    def texts(self) -> Iterator[str]:
        """What people may call it: the display, then the designations."""
        if self.display:
            yield self.display
        yield from (str(found["value"]) for found in self.designations if "value" in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a code system says about itself.

    `content` is `complete`, or why a code that is not found may exist all the same. `properties`
    are the codes of those that concepts may have, with the URI of each, "" where there is none.
    """

    url: str
    version: str = ""
    name: str = ""
    content: str = "complete"
    case_sensitive: bool = True
    language: str = ""
    value_set: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    filters: tuple[str, ...] = field(default=())


class CodeSystem(Protocol):
    """Concepts by code, and the hierarchy over them."""

    @property
    def about(self) -> About:
        """What it says about itself."""
        ...

    def find(self, code: str) -> Concept | None:
        """Return the concept that `code` names, also where it is spelled in another case."""
        ...

    def parents(self, code: str) -> Sequence[str]:
        """Return the concepts right above; `code` is as its concept has it."""
        ...

    def children(self, code: str) -> Sequence[str]:
        """Return the concepts right below; `code` is as its concept has it."""
        ...

    def codes(self, below: str | None = None) -> Sequence[str] | None:
        """Return all codes in their order, or `below` and all under it; None if endless."""
        ...

    def named(self, words: Sequence[str]) -> Iterable[str] | None:
        """Return the codes of the concepts that all `words` fit, in order; None if endless."""
        ...


def ancestors(system: CodeSystem, code: str) -> Iterator[str]:
    """Yield all concepts above `code`, each once, the nearest first."""
    seen = {code}
    level = [code]
    while level:
        above = [parent for each in level for parent in system.parents(each)]
        level = []
        for parent in above:
            if parent not in seen:
                seen.add(parent)
                level.append(parent)
                yield parent


def is_above(system: CodeSystem, above: str, code: str) -> bool:
    """Return whether `above` subsumes `code` and is another concept."""
    return above in ancestors(system, code)

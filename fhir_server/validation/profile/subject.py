"""One element that is being compiled, and the rule families' common ground.

https://hl7.org/fhir/R4/profiling.html
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from fhir_server.validation.profile.definition import Definition
from fhir_server.validation.profile.report import ERROR, Check, Problem

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """`base` is the same element in the definition of its type, which is checked anyway.

    Where `base` is None, `definition` is itself of a type: the structural check has been done.
    """

    definition: Definition
    base: Definition | None

    def problem(self, rule: str, code: str, diagnostics: str, *, severity: str = ERROR) -> Problem:
        """Return a problem that this element's definition raises."""
        return Problem(
            severity=severity,
            code=code,
            diagnostics=diagnostics,
            profile=self.definition.source,
            rule=rule,
        )


# Yields the checks of one family of rules for one element: none where nothing is added to the base.
Family: TypeAlias = Callable[[Subject, "Engine"], Iterator[Check]]

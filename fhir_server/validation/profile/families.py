"""The families of rules for the value of one element, in the order of their issues.

https://hl7.org/fhir/R4/elementdefinition.html ; a new family is a module and a line here.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fhir_server.validation.profile import (
    cautions,
    invariants,
    limits,
    narratives,
    terms,
    types,
    values,
)
from fhir_server.validation.profile.report import Check
from fhir_server.validation.profile.subject import Family, Subject

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine

FAMILIES: tuple[Family, ...] = (
    types.checks,
    values.checks,
    limits.checks,
    terms.checks,
    narratives.checks,
    cautions.checks,
    invariants.checks,
)


def family_checks(subject: Subject, engine: "Engine") -> Iterator[Check]:
    """Yield what all families demand of one node of an element."""
    for family in FAMILIES:
        yield from family(subject, engine)

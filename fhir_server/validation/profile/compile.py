"""From the tree of a profile to checks: what an element adds to that of its type.

https://hl7.org/fhir/R4/profiling.html ; an element that a contentReference leads to is the one of
the type, whatever the profile says of the place that is referred to.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fhir_server.validation.profile.cardinality import Group
from fhir_server.validation.profile.families import family_checks
from fhir_server.validation.profile.presence import Groups
from fhir_server.validation.profile.report import Check
from fhir_server.validation.profile.slicing import Slicing, slicing_of
from fhir_server.validation.profile.subject import Subject

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine


def checks_of(subject: Subject, engine: "Engine") -> tuple[Check, ...]:
    """Return the checks of one node of an element, its children among them."""
    groups = tuple(_groups(subject, engine))
    own = tuple(family_checks(subject, engine))
    return (*own, Groups(groups)) if groups else own


def _groups(subject: Subject, engine: "Engine") -> Iterator[Group]:
    base = subject.base
    for child in subject.definition.children:
        below = base and engine.child(base, child.name)
        if below is None:
            # No element of the type: the specification has it that way for one of several types.
            continue
        group = _group(Subject(definition=child, base=below), engine)
        if group is not None:
            yield group


def _group(subject: Subject, engine: "Engine") -> Group | None:
    checks = checks_of(subject, engine)
    slicing = _slicing(subject, engine)
    group = Group.of(subject, checks, slicing, engine.scope)
    return group if group.matters else None


def _slicing(subject: Subject, engine: "Engine") -> Slicing | None:
    """Return the slices of an element, each with what it demands of its nodes."""
    definition = subject.definition
    if not definition.slices:
        return None
    demands = {}
    for each in definition.slices:
        sliced = Subject(definition=each, base=subject.base)
        demands[each.slice_name or each.name] = (
            checks_of(sliced, engine),
            _slicing(sliced, engine),
        )
    return slicing_of(subject, demands, engine)

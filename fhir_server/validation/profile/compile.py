"""From the tree of a profile to checks: what an element adds to that of its type.

https://hl7.org/fhir/R4/profiling.html
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fhir_server.validation.profile.cardinality import Group
from fhir_server.validation.profile.definition import Definition
from fhir_server.validation.profile.families import family_checks
from fhir_server.validation.profile.node import Node
from fhir_server.validation.profile.report import Check, Report
from fhir_server.validation.profile.slicing import Slicing, slicing_of
from fhir_server.validation.profile.subject import Subject

if TYPE_CHECKING:
    from fhir_server.validation.profile.engine import Engine


def checks_of(subject: Subject, engine: "Engine") -> tuple[Check, ...]:
    """Return the checks of one node of an element, its children among them."""
    reference = subject.definition.element.get("contentReference")
    if reference and not subject.definition.children:
        path = str(reference).rpartition("#")[2]
        return *family_checks(subject, engine), _referenced(subject.definition, path, engine)
    return *family_checks(subject, engine), *_groups(subject, engine)


def shared_checks(profile: Definition, path: str, engine: "Engine") -> tuple[Check, ...]:
    """Return the checks of the children of the element at `path` of a profile's root."""
    target = profile.at(path)
    base = engine.type_definition(path)
    if target is None or base is None:
        return ()
    return tuple(_groups(Subject(definition=target, base=base), engine))


def _referenced(definition: Definition, path: str, engine: "Engine") -> Check:
    def check(node: Node, report: Report) -> None:
        profile = engine.profile(definition.source)
        for each in engine.shared(profile.root, path) if profile else ():
            each(node, report)

    return check


def _groups(subject: Subject, engine: "Engine") -> Iterator[Check]:
    base = subject.base
    for child in subject.definition.children:
        below = base and engine.child(base, child.name)
        if below is None:
            # No element of the type: the specification has it that way for one of several types.
            continue
        group = _group(Subject(definition=child, base=below), engine)
        if group is not None:
            yield group


def _group(subject: Subject, engine: "Engine") -> Check | None:
    checks = checks_of(subject, engine)
    slicing = _slicing(subject, engine)
    group = Group.of(subject, checks, slicing)
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

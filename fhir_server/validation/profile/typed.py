"""What a type demands beyond its structure, of all its elements.

https://hl7.org/fhir/R4/datatypes.html

A table by JSON key of what has anything to be checked: most keys of most resources have nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fhir_server.fhir.resource import Json
from fhir_server.validation.profile import resources, terms
from fhir_server.validation.profile.families import family_checks
from fhir_server.validation.profile.narrow import narrowed
from fhir_server.validation.profile.node import Node, Property
from fhir_server.validation.profile.report import Check, Report
from fhir_server.validation.profile.special import SPECIAL
from fhir_server.validation.profile.subject import Subject

if TYPE_CHECKING:
    from fhir_server.validation.profile.definition import Definition
    from fhir_server.validation.profile.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What is to be done with the nodes that stand in one property.

    Of JSON that is `right`, nothing: no nodes are made of it.
    """

    name: str
    key: str
    checks: tuple[Check, ...]
    right: Callable[[Json], bool] | None = None


class TypeCheck:
    """Checks a node of one type and all below it; compiled when the first one comes."""

    def __init__(self, type_: str, engine: "Engine") -> None:
        self._type = type_
        self._engine = engine
        self._own: tuple[Check, ...] = ()
        self._table: dict[str, _Entry] | None = None

    def __call__(self, node: Node, report: Report) -> None:
        """Report what is wrong with `node`."""
        table = self._table
        if table is None:
            table = self._compile()
        for check in self._own:
            check(node, report)
        value = node.value
        for key in value if type(value) is dict else node.element:
            entry = table.get(key)
            if entry is not None and not (entry.right and entry.right(node.element.get(key))):
                for child in node.children(entry.name):
                    for check in entry.checks:
                        check(child, report)

    def _compile(self) -> dict[str, _Entry]:
        definition = self._engine.type_definition(self._type)
        self._own = tuple(self._checks(definition)) if definition else ()
        table = {
            entry.key: entry
            for properties in self._engine.tree.properties(self._type).values()
            for each in properties
            for entry in self._entries(each, definition)
            if entry.checks
        }
        self._table = table
        return table

    def _checks(self, definition: "Definition") -> Iterator[Check]:
        yield from family_checks(Subject(definition=definition, base=None), self._engine)
        special = SPECIAL.get(self._type)
        if special is not None:
            yield special(self._engine)

    def _entries(self, step: Property, definition: "Definition | None") -> Iterator[_Entry]:
        child = definition.by_name.get(step.name) if definition else None
        subject = Subject(definition=child, base=None) if child else None
        every = tuple(family_checks(subject, self._engine)) if subject else ()
        own = every if step.abstract else narrowed(every, step.type)
        if step.primitive:
            yield _Entry(name=step.name, key=step.key, checks=own)
            beside = tuple(terms.missing(subject)) if subject else ()
            of_element = self._engine.of_type("Element")
            yield _Entry(name=step.name, key=step.twin, checks=(of_element, *beside))
        elif step.abstract:
            yield _Entry(name=step.name, key=step.key, checks=(*own, resources.check(self._engine)))
        else:
            of_type = self._engine.of_type(step.type)
            is_coding = step.type == "Coding" and not own
            # The path of a backbone element is its own type, whose checks are those of the element.
            yield _Entry(
                name=step.name,
                key=step.key,
                checks=(of_type,) if "." in step.type else (*own, of_type),
                right=self._engine.codes.are_all if is_coding else None,
            )

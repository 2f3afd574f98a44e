"""Which of a profile's elements there is anything to look at for, from the JSON keys of a node.

https://hl7.org/fhir/R4/json.html ; most elements of a profile are absent and may be, or are of a
type of which nothing is demanded. They cost one look at the keys, and no node is made of them.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fhir_server.validation.profile.cardinality import Group
from fhir_server.validation.profile.node import Node, Property, Tree
from fhir_server.validation.profile.report import Report
from fhir_server.validation.profile.values import Laid


class _Place(NamedTuple):
    """Where the nodes of `group` stand in nodes of one type.

    `keys` are all JSON keys of the element, `told` those of them under which something can be
    wrong; `wanted`: some must be there. What stands under `key` and is `fixed` is right.
    """

    group: Group
    keys: frozenset[str]
    told: frozenset[str]
    wanted: bool
    key: str
    fixed: str | None


class Groups:
    """The elements below one that a profile demands something of, in their order."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = tuple(groups)
        self._by_type: dict[str, tuple[_Place, ...]] = {}

    def __call__(self, node: Node, report: Report) -> None:
        """Report what is wrong with the children of `node`."""
        places = self._by_type.get(node.type)
        if places is None:
            places = tuple(_places(self._groups, node.type, node.tree))
            self._by_type[node.type] = places
        value = node.value
        element = value if type(value) is dict else node.element
        for group, keys, told, wanted, key, fixed in places:
            if fixed is not None and element.get(key) == fixed:
                continue
            if not told.isdisjoint(element) or (wanted and keys.isdisjoint(element)):
                group(node, report)


def _places(groups: Sequence[Group], type_: str, tree: Tree) -> Iterator[_Place]:
    for group in groups:
        properties = tree.properties(type_).get(group.name, ())
        keys = frozenset(key for each in properties for key in (each.key, each.twin))
        told = frozenset(
            key for each in properties if _is_told(group, each) for key in (each.key, each.twin)
        )
        if told or group.wanted:
            key = properties[0].key if properties else ""
            yield _Place(group, keys, told, group.wanted, key, _fixed(group, properties))


def _is_told(group: Group, step: Property) -> bool:
    """Say whether anything can be wrong with what stands in a property."""
    most = group.max
    counted = group.min > 1 or most == 0 or (most is not None and step.many)
    if counted or group.slicing is not None:
        return True
    return bool(group.checks.every) if step.abstract else bool(group.checks[step.type])


def _fixed(group: Group, properties: Sequence[Property]) -> str | None:
    """Return the text with which nothing is wrong, where only a text is laid down."""
    if len(properties) != 1 or properties[0].many or group.slicing is not None or group.max == 0:
        return None
    checks = group.checks[properties[0].type]
    if group.min > 1 or len(checks) != 1 or not isinstance(checks[0], Laid):
        return None
    return checks[0].wanted if type(checks[0].wanted) is str else None

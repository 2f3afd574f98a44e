"""Where an element stands in the text that it was read from: FHIRPath to line and column.

https://hl7.org/fhir/R4/operationoutcome.html , extensions issue-line and issue-col

Scanned only when there is something to tell, and only for a text that was read as JSON or XML
before: the scan follows right texts, it does not judge them. Where an element is missing, the
nearest element above it is what its path leads to.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from fhir_server.fhir.positions_scan import Node, scan_json, scan_xml

_STEP = re.compile(
    r"(?:^|\.)`?(?P<name>[A-Za-z_][A-Za-z0-9_\-]*)`?"
    r"(?:\[(?P<index>[0-9]+)\])?"
    r"(?:\.ofType\(`?(?:FHIR\.)?(?P<type>[A-Za-z0-9]+)`?\))?"
    r"(?:\[(?P<after>[0-9]+)\])?"
)
_COMMENT = re.compile(r"/\*.*?\*/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in a text: both count from 1, `column` in characters."""

    line: int
    column: int


class Positions:
    """The places of one text."""

    def __init__(self, data: bytes) -> None:
        text = data.decode(errors="replace").removeprefix("\ufeff")
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._root = scan_xml(text) if text.lstrip()[:1] == "<" else scan_json(text)

    def of(self, expression: str) -> Position:
        """Return where `expression` leads, as far as it leads."""
        return self._position(_reached(self._root, expression).offset)

    def at(self, offset: int) -> Position:
        """Return the place of the character at `offset`, which counts from 0."""
        return self._position(offset)

    def _position(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset)
        return Position(line=line, column=offset - self._starts[line - 1] + 1)


def position_of_byte(data: bytes, offset: int) -> Position:
    """Return the place of the byte at `offset`, for a text that could not be read."""
    before = data[:offset].decode(errors="replace")
    return Position(line=before.count("\n") + 1, column=len(before) - before.rfind("\n"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    name: str
    index: int | None
    type: str | None


def _steps(expression: str) -> Iterator[_Step]:
    """Yield the steps of a path, up to one that is more than a path."""
    text, end = _COMMENT.sub("", expression), 0
    while (found := _STEP.match(text, end)) is not None:
        end = found.end()
        if text[end : end + 1] == "(":
            return
        index = found["index"] or found["after"]
        yield _Step(
            name=found["name"], index=None if index is None else int(index), type=found["type"]
        )


def _reached(root: Node, expression: str) -> Node:
    steps = list(_steps(expression))
    if steps and steps[0].name[:1].isupper():
        del steps[0]
    node, twin = root, root
    for step in steps:
        value, beside = _child(node, twin, step)
        if value is None and beside is None:
            break
        node, twin = value or beside or root, beside or value or root
    return node


def _child(node: Node, twin: Node, step: _Step) -> tuple[Node | None, Node | None]:
    """Return the value of `step` and its `_` twin, each where it is there.

    What stands below a primitive stands in its twin.
    """
    for name in _names(step):
        for above in (node, twin):
            inside = above.inside(name)
            value, beside = inside.members.get(name), inside.members.get(f"_{name}")
            if value is not None or beside is not None:
                return _item(value, step.index), _item(beside, step.index)
    return None, None


def _names(step: _Step) -> tuple[str, ...]:
    if step.type is None:
        return (step.name,)
    return f"{step.name}{step.type[:1].upper()}{step.type[1:]}", step.name


def _item(node: Node | None, index: int | None) -> Node | None:
    if node is None or node.items is None or index is None:
        return node
    return node.items[index] if index < len(node.items) else node

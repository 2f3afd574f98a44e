"""The shape of a JSON or XML text with the offset of each element: nothing of its values is kept.

https://hl7.org/fhir/R4/json.html and https://hl7.org/fhir/R4/xml.html

Both shapes are told alike, so that one path leads through either: a member that stands in an array,
or repeats in XML, has `items`.
"""

import re
from dataclasses import dataclass, field

_JSON = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_XML = re.compile(
    r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    r"""|<(?P<close>/?)(?:[\w.\-]+:)?(?P<name>[\w.\-]+)(?:"[^"]*"|'[^']*'|[^"'>])*?(?P<empty>/?)>""",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\(.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An element: `offset` is where it (for a property of JSON, its name) begins.

    `items` are the elements of an array, or of an element that repeats; None where it is neither.
    """

    offset: int
    members: dict[str, "Node"] = field(default_factory=dict)
    items: "list[Node] | None" = None

    def inside(self, name: str) -> "Node":
        """Return the node in which a member `name` would stand.

        That is the first of an array that no index chose from, and in XML the resource within the
        element that holds it.
        """
        node = self
        if node.items:
            node = node.items[0]
        if name not in node.members and len(node.members) == 1:
            (only,) = node.members
            if only[:1].isupper():
                return node.members[only]
        return node


def scan_json(text: str) -> Node:
    """Return the outermost object of `text`; of a key that stands twice, the last counts."""
    whole: list[Node] = []
    above = [Node(offset=0, items=whole)]
    key: tuple[str, int] | None = None
    for token in _JSON.finditer(text):
        first, parent = token[0][0], above[-1]
        if first in ",:":
            continue
        if first in "}]":
            above.pop()
        elif first == '"' and parent.items is None and key is None:
            key = _unescaped(token[0]), token.start()
        else:
            offset = token.start() if key is None else key[1]
            node = Node(offset=offset, items=[] if first == "[" else None)
            _hold(parent, key, node)
            key = None
            if first in "{[":
                above.append(node)
    return whole[0]


def _hold(parent: Node, key: tuple[str, int] | None, node: Node) -> None:
    if parent.items is not None:
        parent.items.append(node)
    elif key is not None:
        parent.members[key[0]] = node


def _unescaped(token: str) -> str:
    if "\\" not in token:
        return token[1:-1]
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], token[1:-1])


def scan_xml(text: str) -> Node:
    """Return the root element of `text`."""
    root = Node(offset=0)
    above: list[Node] = [root]
    for token in _XML.finditer(text):
        name = token["name"]
        if name is None:
            continue
        if token["close"]:
            above.pop()
            continue
        node = Node(offset=token.start())
        _put(above[-1], name, node)
        if not token["empty"]:
            above.append(node)
    return next(iter(root.members.values()), root)


def _put(parent: Node, name: str, node: Node) -> None:
    before = parent.members.get(name)
    if before is None:
        parent.members[name] = node
    elif before.items is None:
        parent.members[name] = Node(offset=before.offset, items=[before, node])
    else:
        before.items.append(node)

"""A snapshot or differential as a tree, so that a profile can be laid over its base.

https://hl7.org/fhir/R4/elementdefinition.html#id

A node has the children of its element, and beside them its slices, which have children of their
own. A slice of a slice (`a/b`) is among the slices of `a`.
"""

from collections.abc import Iterable, Iterator

from fhir_server.fhir.outcome import PackageError
from fhir_server.fhir.resource import Element

Step = tuple[str, str]
# No definition has half as many; each level is walked by a function that calls itself.
MOST_LEVELS = 40


class Node:
    """One element; `slice` is "" for one that is no slice, `element` None for one not mentioned.

    It is built and changed in place, by whoever made the tree.
    """

    __slots__ = ("children", "element", "name", "slice", "slices")

    def __init__(self, name: str, *, slice_: str = "", element: Element | None = None) -> None:
        self.name = name
        self.slice = slice_
        self.element = element
        self.children: list[Node] = []
        self.slices: list[Node] = []

    def child(self, name: str) -> "Node | None":
        """Return the child of that name (`value[x]`)."""
        return next((found for found in self.children if found.name == name), None)

    def sliced(self, name: str) -> "Node | None":
        """Return the slice of that name, of this node itself only."""
        return next((found for found in self.slices if found.slice == name), None)

    def copy(self) -> "Node":
        """Return an equal tree of which everything but the values of elements is new."""
        element = None if self.element is None else dict(self.element)
        made = Node(self.name, slice_=self.slice, element=element)
        made.children = [child.copy() for child in self.children]
        made.slices = [found.copy() for found in self.slices]
        return made

    def find(self, path: str) -> "Node | None":
        """Return the node at a path of names that begins with this one's; no slice is entered."""
        name, _, rest = path.partition(".")
        if name != self.name:
            return None
        for found in self.children if rest else ():
            if (below := found.find(rest)) is not None:
                return below
        return None if rest else self


def parse(elements: Iterable[Element]) -> Node | None:
    """Return the tree of a list of ElementDefinitions, None of an empty one.

    An element's place is told by its id; where that is missing or does not fit the path, by path
    and sliceName: it belongs to the last element before it that has the path of its parent.

    Raises:
        PackageError: A path has more steps than any definition needs.
    """
    root: Node | None = None
    last: dict[str, tuple[Step, ...]] = {}
    for element in elements:
        path: str = element["path"]
        if max(path.count("."), str(element.get("sliceName")).count("/")) >= MOST_LEVELS:
            raise PackageError(f"A path has more than {MOST_LEVELS} steps: `{path[:100]}`.")
        steps = _steps_of_id(element) or _steps_of_path(element, last)
        last[path] = steps
        if root is None:
            root = Node(steps[0][0])
        _reach(root, steps[1:]).element = element
    return root


def _steps_of_id(element: Element) -> tuple[Step, ...] | None:
    parts = str(element.get("id", "")).split(".")
    names = element["path"].split(".")
    steps = tuple((name, found) for name, _, found in (part.partition(":") for part in parts))
    if len(parts) != len(names) or steps[0][0] != names[0]:
        return None
    return steps if element.get("sliceName", steps[-1][1]) == steps[-1][1] else None


def _steps_of_path(element: Element, last: dict[str, tuple[Step, ...]]) -> tuple[Step, ...]:
    above, _, name = element["path"].rpartition(".")
    own = (name, element.get("sliceName", ""))
    if above in last:
        return (*last[above], own)
    return (*((part, "") for part in above.split(".") if part), own)


def _reach(root: Node, steps: Iterable[Step]) -> Node:
    """Return the node at `steps` below `root`, which is made where it is missing."""
    node = root
    for name, slice_ in steps:
        child = node.child(name)
        if child is None:
            child = Node(name)
            node.children.append(child)
        node = _reach_slice(child, slice_) if slice_ else child
    return node


def _reach_slice(node: Node, slice_: str) -> Node:
    parts = slice_.split("/")
    for count in range(1, len(parts) + 1):
        name = "/".join(parts[:count])
        found = node.sliced(name)
        if found is None and count < len(parts):
            continue  # a name with a slash need not be of a slice of a slice
        if found is None:
            found = Node(node.name, slice_=name)
            node.slices.append(found)
        node = found
    return node


def flatten(root: Node) -> list[Element]:
    """Return the ElementDefinitions of a tree in a snapshot's order, with their ids and paths."""
    return list(_flat(root, "", ""))


def _flat(node: Node, above_id: str, above_path: str) -> Iterator[Element]:
    path = f"{above_path}.{node.name}" if above_path else node.name
    name = f"{node.name}:{node.slice}" if node.slice else node.name
    id_ = f"{above_id}.{name}" if above_id else name
    named = {"sliceName": node.slice} if node.slice else {}
    element = {k: v for k, v in (node.element or {}).items() if k not in _PLACE}
    yield {"id": id_, "path": path, **named, **element}
    for child in node.children:
        yield from _flat(child, id_, path)
    for found in node.slices:
        yield from _flat(found, above_id, above_path)


_PLACE = frozenset({"id", "path", "sliceName"})

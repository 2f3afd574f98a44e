"""An element of an instance, in its place: what checks are given.

https://hl7.org/fhir/R4/json.html ; a primitive's id and extensions stand in a property of their own
beside it, and become its `twin` here.
"""

from dataclasses import dataclass

from fhir_server.fhir.resource import Element, Json, Resource, type_of
from fhir_server.fhirpath.item import PRIMITIVES, Item
from fhir_server.fhirpath.model import Child, Model

ABSTRACT = frozenset({"Resource", "DomainResource"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Property:
    """One JSON property in which the element `name` can stand, and its FHIRPath `step`."""

    name: str
    key: str
    twin: str
    type: str
    many: bool
    primitive: bool
    step: str
    abstract: bool = False


class Tree:
    """Makes nodes; knows the properties of each type by JSON key and by element name."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._by_name: dict[str, dict[str, tuple[Property, ...]]] = {}
        self.steps = _Steps(self)

    def properties(self, type_: str) -> dict[str, tuple[Property, ...]]:
        """Return the properties of `type_` by element name; a primitive has those of an Element."""
        found = self._by_name.get(type_)
        if found is None:
            layout = self.model.layout("Element" if type_ in PRIMITIVES else type_)
            found = {
                name: tuple(_property(name, child, len(children) > 1) for child in children)
                for name, children in layout.items()
            }
            self._by_name[type_] = found
        return found

    def root(self, resource: Resource) -> "Node":
        """Return the node of a whole resource."""
        return Node(self, type_of(resource), resource, None, None, None, None)

    def detached(self, item: Item, resource: "Node") -> "Node":
        """Return the node of an item that FHIRPath found somewhere in `resource`."""
        if isinstance(item.value, dict) and "resourceType" in item.value:
            return self.root(item.value)
        step = Property(
            name=item.type, key="", twin="", type=item.type, many=False,
            primitive=item.type in PRIMITIVES, step="",
        )  # fmt: skip
        return Node(self, item.type, item.value, item.element, resource, step, None)


class _Steps(dict[str, dict[str, Property | dict[str, Property]]]):
    """By type and element name its property, or those of a choice by JSON key, with twins'."""

    def __init__(self, tree: Tree) -> None:
        super().__init__()
        self._tree = tree

    def __missing__(self, type_: str) -> dict[str, Property | dict[str, Property]]:
        """Return those of one type, and keep them."""
        found = self[type_] = {
            name: each[0]
            if len(each) == 1
            else {key: one for one in each for key in (one.key, one.twin)}
            for name, each in self._tree.properties(type_).items()
        }
        return found


def _property(name: str, child: Child, choice: bool) -> Property:  # noqa: FBT001 - a fact, not a switch
    return Property(
        name=name,
        key=child.key,
        twin="_" + child.key,
        type=child.type,
        many=child.many,
        primitive=child.type in PRIMITIVES,
        abstract=child.type in ABSTRACT,
        step=f".{name}.ofType({child.type})" if choice or child.key != name else f".{name}",
    )


class Node:
    """A value with its type, where it stands, and the resource that it is part of.

    `type` is a data type, a resource type, or the path of a backbone element. `parent`, `step` and
    `index` are None at the root.
    """

    __slots__ = (
        "_children",
        "index",
        "parent",
        "resource",
        "step",
        "tree",
        "twin",
        "type",
        "value",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - made for every element; names would cost as much again
        self,
        tree: Tree,
        type_: str,
        value: Json,
        twin: Element | None,
        parent: "Node | None",
        step: Property | None,
        index: int | None,
    ) -> None:
        whole = parent is None or (step is not None and step.abstract)
        self.tree = tree
        # What a resource in a resource is, only itself tells.
        self.type = type_of(value) if whole else type_
        self.value = value
        self.twin = twin
        self.parent = parent
        self.step = step
        self.index = index
        self.resource: Node = self if whole or parent is None else parent.resource
        self._children: dict[str, tuple[Node, ...]] | None = None

    @property
    def is_resource(self) -> bool:
        """Say whether this is a resource, whole or contained."""
        return self.resource is self

    @property
    def root(self) -> "Node":
        """The resource that contains this one's resource; itself where none does."""
        resource = self.resource
        contained = resource.step is not None and resource.step.name == "contained"
        return resource.parent.resource if contained and resource.parent else resource

    @property
    def element(self) -> Element:
        """The object in which the children stand: of a primitive, the twin."""
        if type(self.value) is dict:
            return self.value
        return self.twin or {}

    @property
    def item(self) -> Item:
        """The item that FHIRPath evaluates."""
        return Item(self.type, self.value, self.twin)

    def path(self) -> str:
        """Return the FHIRPath from the root."""
        if self.parent is None or self.step is None:
            return self.type or "Resource"
        index = "" if self.index is None else f"[{self.index}]"
        return f"{self.parent.path()}{self.step.step}{index}"

    def children(self, name: str) -> "tuple[Node, ...]":
        """Return the children by an element's name, a choice's whatever their type."""
        cache = self._children
        if cache is None:
            cache = self._children = {}
        found = cache.get(name)
        if found is None:
            found = cache[name] = self._find(name)
        return found

    def _find(self, name: str) -> "tuple[Node, ...]":
        by_key = self.tree.steps[self.type].get(name)
        if by_key is None:
            return ()
        value = self.value
        element = value if type(value) is dict else self.element
        if isinstance(by_key, Property):
            return self._in_property(element, by_key)
        present = [by_key[key] for key in element if key in by_key]
        if len(present) == 1:
            return self._in_property(element, present[0])
        steps = dict.fromkeys(present)
        return tuple(node for step in steps for node in self._in_property(element, step))

    def _in_property(self, element: Element, step: Property) -> "tuple[Node, ...]":
        value = element.get(step.key)
        if step.primitive:
            there = value is not None or step.key in element or step.twin in element
            return tuple(self._primitives(element, step)) if there else ()
        tree, kind = self.tree, step.type
        if type(value) is dict:
            return (Node(tree, kind, value, None, self, step, None),)
        if type(value) is not list:
            return ()
        return tuple(
            [
                Node(tree, kind, each, None, self, step, index)
                for index, each in enumerate(value)
                if type(each) is dict
            ]
        )

    def _primitives(self, element: Element, step: Property) -> "list[Node]":
        value, twin = element.get(step.key), element.get(step.twin)
        if not step.many:
            return [Node(self.tree, step.type, value, twin, self, step, None)]
        values = value if isinstance(value, list) else []
        twins = twin if isinstance(twin, list) else []
        return [
            Node(self.tree, step.type, one, beside, self, step, index)
            for index in range(max(len(values), len(twins)))
            for one, beside in [(_at(values, index), _at(twins, index))]
            if one is not None or beside is not None
        ]


def _at(values: list[Json], index: int) -> Json:
    return values[index] if index < len(values) else None

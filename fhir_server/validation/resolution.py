"""Where a reference leads: into the contained resources, into the Bundle, or outside.

https://hl7.org/fhir/R4/references.html and https://hl7.org/fhir/R4/bundle.html#references
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from fhir_server.fhir.resource import Element, Resource
from fhir_server.validation.profile.node import Node, Tree

# An absolute reference has a scheme, even where it is no URL.
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_RELATIVE = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")
_RESTFUL = re.compile(r"(https?://\S+/)([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")
_URN = re.compile(r"urn:(?:uuid|oid):")
_VERSION = "/_history/"
_HOLDING = frozenset({"Bundle", "Parameters"})


class Way(StrEnum):
    """https://hl7.org/fhir/R4/valueset-resource-aggregation-mode.html ."""

    CONTAINED = "contained"
    BUNDLED = "bundled"
    REFERENCED = "referenced"


class Outside(Protocol):
    """Finds what stands outside of the validated text: on the server, on disk."""

    def find(self, reference: str) -> Resource | None:
        """Return the resource that `reference`, not a fragment, names; None if it is not known."""
        ...

    def lacks(self, reference: str) -> bool:
        """Say whether it is known that there is no such resource."""
        ...


class _Nowhere:
    """Knows of nothing outside."""

    def find(self, reference: str) -> None:
        """Return that nothing is known."""
        del reference

    def lacks(self, reference: str) -> bool:
        """Return that nothing is known."""
        del reference
        return False


NOWHERE: Outside = _Nowhere()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`nodes` are the resources that a reference may mean: one, if all is well.

    `missing`: it is known that there is none.
    """

    way: Way
    nodes: tuple[Node, ...] = ()
    missing: bool = False

    @property
    def node(self) -> Node | None:
        """The resource, where it is known and only one."""
        return self.nodes[0] if len(self.nodes) == 1 else None


# Not in the validated text, and not known to be missing: so are nearly all.
ELSEWHERE = Target(way=Way.REFERENCED)


@dataclass(frozen=True, slots=True, kw_only=True)
class FullUrl:
    """`Bundle.entry.fullUrl` read: `root`, `type` and `id` where it is a RESTful URL."""

    text: str
    root: str = ""
    type: str = ""
    id: str = ""

    @classmethod
    def of(cls, entry: Element) -> "FullUrl":
        """Return the one of an entry, with an empty `text` if there is none."""
        text = entry.get("fullUrl")
        if not isinstance(text, str):
            return cls(text="")
        found = _RESTFUL.fullmatch(text)
        if found is None:
            return cls(text=text)
        return cls(text=text, root=found[1], type=found[2], id=found[3])

    def absolute(self, reference: str, *, strictly: bool = False) -> str | None:
        """Return what a reference of this entry's resource means, None if it is left open.

        "If the reference is relative": below the same root if this is a RESTful URL. If it is a
        URN, then of the same kind of URN; not `strictly`, as a document must be read.
        """
        if is_absolute(reference):
            return reference
        if self.root:
            return self.root + reference
        urn, relative = _URN.match(self.text), _RELATIVE.fullmatch(reference)
        return None if urn is None or relative is None or strictly else urn[0] + relative[2]


class Entries:
    """The resources of one Bundle by fullUrl, and by type and id.

    What was looked up is kept: a hostile Bundle has as many references as entries.
    """

    def __init__(self, bundle: Node) -> None:
        self._by_url: dict[str, list[Node]] = {}
        self._by_name: dict[str, list[Node]] = {}
        self._known: dict[tuple[str, str], tuple[Node, ...]] = {}
        for entry in bundle.children("entry"):
            url, found = entry.value.get("fullUrl"), entry.children("resource")
            if isinstance(url, str):
                self._by_url.setdefault(url, []).extend(found)
            for node in found:
                self._by_name.setdefault(_name_of(node), []).append(node)

    def find(self, reference: str, source: FullUrl, *, strictly: bool = False) -> tuple[Node, ...]:
        """Return what `reference` in the entry of `source` may mean: none, one, or several."""
        text, _, version = reference.partition(_VERSION)
        url = source.absolute(text, strictly=strictly)
        # A `fullUrl` should be absolute; where it is not, what is written alike is meant.
        key = text if url is None else url, version
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = tuple(
                node
                for node in self._by_url.get(key[0], ())
                if not version or child_of(node.value, "meta").get("versionId") == version
            )
        return found

    def has_alike(self, reference: str) -> bool:
        """Say whether a resource has the type and id that `reference` names, whatever its URL."""
        named = _RELATIVE.search(reference.partition(_VERSION)[0])
        return named is not None and named[0] in self._by_name


class Resolver:
    """Resolves the references of one validated text."""

    def __init__(self, tree: Tree, outside: Outside = NOWHERE) -> None:
        self._tree = tree
        self._outside = outside
        # By the identity of the Bundle, container or Parameters, which all live until the end.
        self._entries: dict[int, Entries] = {}
        self._contained: dict[int, dict[str, list[Node]]] = {}
        self._beside: dict[int, dict[str, list[Node]]] = {}
        self._found: dict[str, Resource | None] = {}

    def target(self, source: Node, reference: str) -> Target:
        """Return where `reference`, which stands somewhere in `source`, leads."""
        found = self.local(source, reference)
        if found.nodes or found.missing or found.way is Way.CONTAINED:
            return found
        if reference not in self._found:
            self._found[reference] = self._outside.find(reference)
        resource = self._found[reference]
        nodes = () if resource is None else (self._tree.root(resource),)
        return Target(way=Way.REFERENCED, nodes=nodes)

    def local(self, source: Node, reference: str) -> Target:
        """Return the same, without a look at what is outside."""
        if reference.startswith("#"):
            return self._within(source.root, reference[1:])
        if _stands_alone(source):
            if not self._outside.lacks(reference):
                return ELSEWHERE
            return Target(way=Way.REFERENCED, missing=True)
        for entry in enclosing(source):
            found = self.entries(entry.parent or entry).find(reference, FullUrl.of(entry.value))
            if found:
                return Target(way=Way.BUNDLED, nodes=found)
        beside = self._parameters_of(source).get(reference)
        if beside:
            return Target(way=Way.BUNDLED, nodes=tuple(beside))
        return Target(way=Way.REFERENCED, missing=self._outside.lacks(reference))

    def entries(self, bundle: Node) -> Entries:
        """Return the entries of a Bundle by fullUrl."""
        found = self._entries.get(id(bundle.value))
        if found is None:
            found = self._entries[id(bundle.value)] = Entries(bundle)
        return found

    def _within(self, container: Node, id_: str) -> Target:
        if not id_:
            return Target(way=Way.CONTAINED, nodes=(container,))
        known = self._contained.get(id(container.value))
        if known is None:
            known = self._contained[id(container.value)] = {}
            for node in container.children("contained"):
                known.setdefault(str(node.value.get("id")), []).append(node)
        found = tuple(known.get(id_, ()))
        return Target(way=Way.CONTAINED, nodes=found, missing=not found)

    def _parameters_of(self, source: Node) -> dict[str, list[Node]]:
        """Return the resources of the Parameters that `source` stands in, by `Type/id`."""
        above: Node | None = source
        while above is not None and above.type != "Parameters":
            above = above.parent
        if above is None:
            return {}
        known = self._beside.get(id(above.value))
        if known is None:
            known = self._beside[id(above.value)] = {}
            for node in _parameters(above):
                known.setdefault(_name_of(node), []).append(node)
        return known


def _name_of(resource: Node) -> str:
    return f"{resource.type}/{resource.value.get('id')}"


def _parameters(parameters: Node) -> Iterator[Node]:
    """Yield the resources of Parameters, those of parts included."""
    pending = list(parameters.children("parameter"))
    while pending:
        parameter = pending.pop()
        pending.extend(parameter.children("part"))
        yield from parameter.children("resource")


def child_of(element: Element, name: str) -> Element:
    """Return the object `name` of an element, an empty one where there is none."""
    found = element.get(name)
    return found if isinstance(found, dict) else {}


def is_absolute(reference: str) -> bool:
    """Say whether a reference has a scheme."""
    return _ABSOLUTE.match(reference) is not None


def _stands_alone(node: Node) -> bool:
    """Say whether nothing that `node` stands in holds other resources beside it."""
    resource = node.resource
    while resource.type not in _HOLDING:
        if resource.parent is None:
            return True
        resource = resource.parent.resource
    return False


def enclosing(node: Node) -> Iterator[Node]:
    """Yield the entries of Bundles that `node` stands in, the innermost first."""
    above: Node | None = node
    while above is not None:
        if above.type == "Bundle.entry":
            yield above
        above = above.parent


def below(node: Node, keys: tuple[str | int, ...]) -> Node:
    """Return the node to which JSON keys and indexes lead, or the last on the way."""
    steps = list(keys)
    while steps:
        key = str(steps.pop(0)).removeprefix("_")
        index = steps.pop(0) if steps and isinstance(steps[0], int) else None
        name = next(
            (
                name
                for name, found in node.tree.properties(node.type).items()
                if any(each.key == key for each in found)
            ),
            key,
        )
        found = [
            child
            for child in node.children(name)
            if child.step is not None and child.step.key == key and child.index == index
        ]
        if not found:
            break
        node = found[0]
    return node


def reference_texts(value: object) -> Iterator[str]:
    """Yield the `reference` of every Reference below `value`, contained resources included."""
    if isinstance(value, dict):
        text = value.get("reference")
        if isinstance(text, str):
            yield text
        for child in value.values():
            if isinstance(child, dict | list):
                yield from reference_texts(child)
    elif isinstance(value, list):
        for child in value:
            yield from reference_texts(child)

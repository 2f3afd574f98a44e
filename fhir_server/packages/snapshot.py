"""Generates a profile's snapshot: its differential, laid over the snapshot of its base.

https://hl7.org/fhir/R4/profiling.html#snapshot

Both are trees (`tree`). Where the differential goes below an element whose parts its base does not
list, the parts are taken from the element's datatype, from the profile on it, or from the element
that a content reference names. A slice begins as what the base says of the element itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fhir_server.fhir.definitions import CANONICAL
from fhir_server.fhir.outcome import PackageError
from fhir_server.fhir.resource import Element, Resource, items
from fhir_server.packages.merge import merge
from fhir_server.packages.tree import Node, flatten, parse

Resolve = Callable[[str], Resource | None]

_BY_TYPE: Element = {"discriminator": [{"type": "type", "path": "$this"}], "ordered": False}
_BY_URL: Element = {
    "discriminator": [{"type": "value", "path": "url"}],
    "ordered": False,
    "rules": "open",
}
_EXTENSIONS = frozenset({"extension", "modifierExtension"})
_SYSTEM_TYPES = "http://hl7.org/fhirpath/"


def generate(profile: Resource, base: Resource, resolve: Resolve) -> Resource:
    """Return `profile` with its snapshot.

    `base` is the StructureDefinition that it constrains, with a snapshot, and `resolve` returns
    the StructureDefinition, with a snapshot, of a canonical URL.

    Raises:
        PackageError: The differential does not fit its base, or what it refers to is not known.
    """
    url = str(profile.get("url", ""))
    root = parse(base["snapshot"]["element"])
    if root is None:
        raise PackageError(f"`{base.get('url')}`, the base of `{url}`, has no elements.")
    changes = parse(items(profile.get("differential", {}), "element"))
    if changes is not None:
        if changes.name != root.name:
            raise PackageError(f"`{url}` is of `{changes.name}`, but its base of `{root.name}`.")
        _Generator(url, root.copy(), resolve).apply(root, changes)
    return profile | {"snapshot": {"element": flatten(root)}}


@dataclass(frozen=True, slots=True)
class _Generator:
    """`root` is the base's tree as it was: content references look there."""

    url: str
    root: Node
    resolve: Resolve

    def apply(self, node: Node, changes: Node, path: str = "") -> None:
        """Lay `changes` over `node`; `path` is that of its parent."""
        path = f"{path}.{node.name}".lstrip(".")
        untouched = node.copy() if changes.slices else node
        if changes.element is not None:
            node.element = self._with_profile_rules(
                merge(node.element or {}, changes.element, self.url), changes.element
            )
        if changes.children:
            self._expand(node, path)
        for below in changes.children:
            self._apply_child(node, below, path)
        if _only_names(node, changes):
            node.slice = changes.slices[0].slice
            self.apply(node, changes.slices[0], path.rpartition(".")[0])
            return
        for found in changes.slices:
            self._apply_slice(node, found, untouched, path)

    def _with_profile_rules(self, element: Element, said: Element) -> Element:
        """Add the rules of the one profile that the differential puts on the element's type."""
        kinds = items(said, "type")
        profiles = items(kinds[0], "profile") if len(kinds) == 1 else []
        found = self.resolve(profiles[0]) if len(profiles) == 1 else None
        if found is None or "snapshot" not in found:
            return element
        root: Element = found["snapshot"]["element"][0]
        rules = {rule["key"]: rule for rule in items(root, "constraint")}
        rules |= {rule["key"]: rule for rule in items(element, "constraint")}
        return element | {"constraint": list(rules.values())}

    def _apply_child(self, node: Node, changes: Node, path: str) -> None:
        child = node.child(changes.name)
        if child is not None:
            self.apply(child, changes, path)
            return
        choice, code = _choice(node, changes.name)
        if choice is None:
            raise PackageError(
                f"`{self.url}` constrains `{path}.{changes.name}`: there is no such element."
            )
        self._apply_type(choice, code, changes, path, sliced=bool(node.slice))

    def _apply_type(
        self, choice: Node, code: str, changes: Node, path: str, *, sliced: bool
    ) -> None:
        """Apply what is said of `valueQuantity`, an abbreviation for a slice of `value[x]`.

        Inside of a slice it is one for constraining `value[x]` to that type.
        """
        if changes.element is None:
            changes = changes.sliced(changes.name) or changes  # the slice may be named as well
        renamed = Node(choice.name, element=changes.element)
        renamed.children, renamed.slices = changes.children, changes.slices
        only = [kind for kind in items(choice.element or {}, "type") if kind["code"] == code]
        if sliced and not choice.slices:
            choice.element = (choice.element or {}) | {"type": only}
            self.apply(choice, renamed, path)
            return
        renamed.slice = changes.name
        element = {"type": only} | (changes.element or {})
        renamed.element = element
        above = Node(choice.name)
        above.slices = [renamed]
        self.apply(choice, above, path)
        if element.get("min"):
            choice.element = (choice.element or {}) | {
                "min": max(element["min"], (choice.element or {}).get("min", 0)),
                "type": only,
                "slicing": _BY_TYPE | {"rules": "closed"},
            }

    def _apply_slice(self, node: Node, changes: Node, untouched: Node, path: str) -> None:
        found = node.sliced(changes.slice)
        if found is None:
            found = untouched.copy()
            found.slice = changes.slice
            found.slices = []
            kept = {k: v for k, v in (found.element or {}).items() if k != "slicing"}
            found.element = kept | {"min": 0}  # the least count is of all slices together
            node.slices.append(found)
            if node.element is not None and "slicing" not in node.element:
                slicing = _slicing(node, changes.slice)
                node.element = node.element | ({} if slicing is None else {"slicing": slicing})
        self.apply(found, changes, path.rpartition(".")[0])

    def _expand(self, node: Node, path: str) -> None:
        """Give a node the children of its type, if it has none yet."""
        if node.children or node.element is None:
            return
        if "contentReference" in node.element:
            self._expand_reference(node, node.element, path)
            return
        below = parse(self._definition(node.element, path)["snapshot"]["element"])
        node.children = [] if below is None else below.children

    def _expand_reference(self, node: Node, element: Element, path: str) -> None:
        reference: str = element["contentReference"]
        target = self.root.find(reference.partition("#")[2])
        if target is None or target.element is None:
            raise PackageError(f"`{reference}` at `{path}` in `{self.url}` is not known.")
        kept = {k: v for k, v in element.items() if k != "contentReference"}
        node.element = kept | {"type": target.element["type"]}
        node.children = target.copy().children

    def _definition(self, element: Element, path: str) -> Resource:
        kinds = items(element, "type")
        codes = {kind["code"] for kind in kinds}
        profiles = [profile for kind in kinds for profile in items(kind, "profile")]
        wanted = "Element" if len(codes) != 1 else codes.pop()
        candidates = profiles if len(profiles) == 1 == len(kinds) else []
        if not wanted.startswith(_SYSTEM_TYPES):
            candidates.append(CANONICAL + wanted)
        for candidate in candidates:
            found = self.resolve(candidate)
            if found is not None and "snapshot" in found:
                return found
        raise PackageError(f"`{self.url}` goes below `{path}`, of which no definition is known.")


def _choice(node: Node, name: str) -> tuple[Node | None, str]:
    """Return the choice that `name` (`valueQuantity`) is a type of, and the type."""
    for child in node.children:
        stem = child.name.removesuffix("[x]")
        if stem == child.name or not name.startswith(stem):
            continue
        for kind in items(child.element or {}, "type"):
            code: str = kind["code"]
            if name == stem + code[0].upper() + code[1:]:
                return child, code
    return None, ""


def _only_names(node: Node, changes: Node) -> bool:
    """Say whether the only slice of what nobody slices just gives the element a name."""
    return (
        len(changes.slices) == 1
        and not node.slices
        and "slicing" not in (node.element or {})
        and _slicing(node, changes.slices[0].slice) is None
    )


def _slicing(node: Node, name: str) -> Element | None:
    """Return the slicing that goes without saying."""
    if node.name in _EXTENSIONS:
        return _BY_URL
    stem = node.name.removesuffix("[x]")
    return _BY_TYPE | {"rules": "open"} if stem != node.name and name.startswith(stem) else None

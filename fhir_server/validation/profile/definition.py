"""A snapshot as a tree: each element with its children and its slices.

https://hl7.org/fhir/R4/elementdefinition.html and https://hl7.org/fhir/R4/profiling.html#slicing
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from fhir_server.fhir.resource import Element, Json, Resource, items

_SYSTEM = "http://hl7.org/fhirpath/System."


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeReference:
    """ElementDefinition.type; `targets` are the profiles that a reference's target may fit."""

    code: str
    profiles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    aggregation: tuple[str, ...] = ()
    versioning: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Referring:
    """What the definition `profile` says of a Reference, whichever of `targets` it leads to."""

    profile: str
    targets: tuple[str, ...]
    aggregation: frozenset[str]
    versioning: frozenset[str | None]

    @classmethod
    def of(cls, profile: str, kinds: Sequence[TypeReference]) -> "Referring":
        """Return what the types of an element say that are References."""
        return cls(
            profile=profile,
            targets=tuple(dict.fromkeys(url for kind in kinds for url in kind.targets)),
            aggregation=frozenset(way for kind in kinds for way in kind.aggregation),
            versioning=frozenset(kind.versioning for kind in kinds),
        )

    @property
    def names_types_alone(self) -> bool:
        """Say whether nothing is demanded of the way to the target."""
        return not self.aggregation and self.versioning == {None}


@dataclass(frozen=True, kw_only=True, eq=False)
class Definition:
    """One element of a snapshot; `element` is its ElementDefinition, `source` the definition's URL.

    `name` is without `[x]`; `slices` of a slice are its reslices. `max` None is `*`.
    """

    element: Element
    source: str
    name: str
    choice: bool
    slice_name: str | None
    min: int
    max: int | None
    types: tuple[TypeReference, ...]
    children: "tuple[Definition, ...]" = ()
    slices: "tuple[Definition, ...]" = field(default=())

    @cached_property
    def by_name(self) -> "dict[str, Definition]":
        """The children by name."""
        return {child.name: child for child in self.children}

    @property
    def path(self) -> str:
        """ElementDefinition.path."""
        path: str = self.element["path"]
        return path

    def at(self, path: str) -> "Definition | None":
        """Return the element of that path, which must start with this one's."""
        found: Definition | None = self
        for name in path.split(".")[1:]:
            found = found and found.by_name.get(name.removesuffix("[x]"))
        return found

    def value_of(self, prefix: str) -> Json:
        """Return the value of a choice such as `fixed[x]`, None where there is none."""
        for key, value in self.element.items():
            if key.startswith(prefix) and key[len(prefix) : len(prefix) + 1].isupper():
                return value
        return None


def objects(holder: Json, name: str) -> list[Element]:
    """Return the objects that stand under `name` in a definition, which may be malformed."""
    found = items(holder, name) if isinstance(holder, dict) else []
    return [each for each in found if isinstance(each, dict)]


def said(holder: Json, name: str) -> str | None:
    """Return the text that stands under `name` in a definition, None where there is none."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, str) else None


def _texts(holder: Element, name: str) -> tuple[str, ...]:
    return tuple(each for each in items(holder, name) if isinstance(each, str))


def root_of(structure: Resource) -> Definition | None:
    """Return the tree of a StructureDefinition's snapshot, None where it has none."""
    elements = [
        each
        for each in objects(structure.get("snapshot"), "element")
        if isinstance(each.get("path"), str)
    ]
    return _tree(elements, str(structure.get("url"))) if elements else None


def _tree(elements: Sequence[Element], source: str) -> Definition:
    root = _definition(elements[0], source)
    depth = elements[0]["path"].count(".") + 1
    chunks: list[list[Element]] = []
    for each in elements[1:]:
        if each["path"].count(".") == depth or not chunks:
            chunks.append([each])
        else:
            chunks[-1].append(each)
    children = [_tree(chunk, source) for chunk in chunks]
    return replace(root, children=tuple(_grouped(children)))


def _definition(element: Element, source: str) -> Definition:
    name = element["path"].rpartition(".")[2]
    most = str(element.get("max", "*"))
    return Definition(
        element=element,
        source=source,
        name=name.removesuffix("[x]"),
        choice=name.endswith("[x]"),
        slice_name=said(element, "sliceName"),
        min=least if isinstance(least := element.get("min"), int) else 0,
        max=int(most) if most.isdecimal() else None,
        types=tuple(_type(each) for each in objects(element, "type")),
    )


def _type(found: Element) -> TypeReference:
    code = str(found.get("code", ""))
    name = code.removeprefix(_SYSTEM)
    return TypeReference(
        code=name[:1].lower() + name[1:] if name != code else code,
        profiles=_texts(found, "profile"),
        targets=_texts(found, "targetProfile"),
        aggregation=_texts(found, "aggregation"),
        versioning=said(found, "versioning"),
    )


def _grouped(children: Iterable[Definition]) -> Iterable[Definition]:
    """Put the slices under the elements that they are slices of."""
    heads: list[Definition] = []
    slices: dict[int, list[Definition]] = {}
    for child in children:
        head = _head(child, heads)
        if head is None:
            heads.append(child)
        else:
            slices.setdefault(head, []).append(child)
    for number, child in enumerate(heads):
        yield replace(child, slices=tuple(_resliced(slices.get(number, []))))


def _head(child: Definition, heads: Sequence[Definition]) -> int | None:
    """Return the place of the element that `child` is a slice of.

    `valueQuantity` is a slice of `value[x]`, also where the path is written so.
    """
    for number, head in enumerate(heads):
        if head.name == child.name:
            return number
        if head.choice and not child.choice and child.name.startswith(head.name):
            rest = child.name[len(head.name) :]
            if any(_capital(kind.code) == rest for kind in child.types):
                return number
    return None


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _resliced(slices: Sequence[Definition]) -> Iterable[Definition]:
    names = {each.slice_name for each in slices}
    for each in slices:
        if _outer(each.slice_name, names) is None:
            inner = [
                found
                for found in slices
                if found is not each and (found.slice_name or "").startswith(f"{each.slice_name}/")
            ]
            yield replace(each, slices=tuple(_resliced(inner)))


def _outer(name: str | None, names: set[str | None]) -> str | None:
    stem = (name or "").rpartition("/")[0]
    while stem:
        if stem in names:
            return stem
        stem = stem.rpartition("/")[0]
    return None

"""FHIRPath Patch: operations on the elements that FHIRPath finds.

https://hl7.org/fhir/R4/fhirpatch.html

An element is known by its place in the resource. To find it, the resource is copied so that no two
of its values are one object; booleans, of which Python has but two, are looked for by their name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from fhir_server.fhir.definitions import Definitions, ElementDefinition
from fhir_server.fhir.outcome import InvalidResourceError, UnprocessableError
from fhir_server.fhir.resource import Element, Json, Resource, items, type_of
from fhir_server.fhirpath.ast import Call, Index, Member, Node
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.expression import Compiled, expression
from fhir_server.fhirpath.item import Item, Items
from fhir_server.fhirpath.model import model_of

MOST_OPERATIONS = 1000
_BESIDE = "_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One `operation` parameter. `value` is JSON; `kind` the suffix of its `value[x]`, if any."""

    type: str
    path: str
    name: str = ""
    value: Json = None
    kind: str = ""
    index: int = -1
    source: int = -1
    destination: int = -1


@dataclass(frozen=True, slots=True)
class _Place:
    """The property `key` of an object, or one item of the array in it."""

    parent: Element
    key: str
    index: int | None


def operations(parameters: Resource) -> list[Operation]:
    """Return the operations of a Parameters resource.

    Raises:
        InvalidResourceError: It is none, or an operation is malformed.
    """
    if type_of(parameters) != "Parameters":
        raise InvalidResourceError("A FHIRPath Patch is a `Parameters` resource.")
    found = [_operation(each) for each in items(parameters, "parameter")]
    if len(found) > MOST_OPERATIONS:
        raise InvalidResourceError(f"A patch has {MOST_OPERATIONS} operations at most.")
    return found


def patched(resource: Resource, wanted: list[Operation], definitions: Definitions) -> Resource:
    """Return `resource` after all operations, in their order; the argument is not changed.

    Raises:
        InvalidResourceError: A path is no FHIRPath, or an element has no such name.
        UnprocessableError: A path does not find what its operation needs.
    """
    copy: Resource = _apart(resource)
    for operation in wanted:
        _Patch(copy, definitions).apply(operation)
    together: Resource = _together(copy)
    return together


def _operation(parameter: Json) -> Operation:
    if not isinstance(parameter, dict) or parameter.get("name") != "operation":
        raise InvalidResourceError("Each parameter of a patch must be an `operation`.")
    parts = {part.get("name"): part for part in items(parameter, "part") if isinstance(part, dict)}
    texts = {name: next((v for _, v in _values(part)), None) for name, part in parts.items()}
    kind, value = _value(parts.get("value", {}))
    type_, path = texts.get("type"), texts.get("path")
    if not isinstance(type_, str) or not isinstance(path, str):
        raise InvalidResourceError("An `operation` must have a `type` and a `path`.")
    return Operation(
        type=type_,
        path=path,
        name=str(texts.get("name") or ""),
        value=value,
        kind=kind,
        index=_number(texts.get("index")),
        source=_number(texts.get("source")),
        destination=_number(texts.get("destination")),
    )


def _number(value: Json) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _values(part: Element) -> Iterator[tuple[str, Json]]:
    """Yield the `value[x]` of a part: the suffix and the value."""
    for name, value in part.items():
        if name.startswith("value"):
            yield name.removeprefix("value"), value


def _value(part: Element) -> tuple[str, Json]:
    """Return the suffix of a value and the value; an element without a type is of parts."""
    if found := next(_values(part), None):
        return found
    element: Element = {}
    for inner in items(part, "part"):
        name, (_, value) = str(inner.get("name", "")), _value(inner)
        if name in element:
            before = element[name]
            value = [*(before if isinstance(before, list) else [before]), value]
        element[name] = value
    return "", element or None


class _Text(str):
    """A string that is no other."""

    __slots__ = ()


class _Number(int):
    """A whole number that is no other."""

    __slots__ = ()


def _apart(value: Json) -> Json:
    """Return a copy of `value` in which all values but booleans are objects of their own."""
    match value:
        case dict():
            return {name: _apart(part) for name, part in value.items()}
        case list():
            return [_apart(part) for part in value]
        case str():
            return _Text(value)
        case bool() | None:
            return value
        case int():
            return _Number(value)
        case _:
            return Decimal(value)


def _together(value: Json) -> Json:
    """Return `value` with values that may be one object again, as whoever comes next expects."""
    match value:
        case dict():
            return {name: _together(part) for name, part in value.items()}
        case list():
            return [_together(part) for part in value]
        case _Text():
            return str(value)
        case _Number():
            return int(value)
        case _:
            return value


class _Patch:
    """One operation on one resource, which is changed in place."""

    def __init__(self, resource: Resource, definitions: Definitions) -> None:
        self._resource = resource
        self._definitions = definitions

    def apply(self, operation: Operation) -> None:
        """Do what `operation` says."""
        match operation.type:
            case "add":
                self._add(operation)
            case "insert":
                self._insert(operation)
            case "delete":
                self._delete(operation)
            case "replace":
                self._replace(operation)
            case "move":
                self._move(operation)
            case other:
                raise InvalidResourceError(f"`{other}` is no type of a patch operation.")

    def _add(self, operation: Operation) -> None:
        (item,) = self._found(operation, exactly=1)
        if not isinstance(item.value, dict):
            raise UnprocessableError(f"`{operation.path}` is no element that others can be in.")
        key, many = self._child(item.type, operation)
        value = self._typed(item.type, operation)
        if many:
            item.value.setdefault(key, []).append(value)
            if f"{_BESIDE}{key}" in item.value:
                item.value[f"{_BESIDE}{key}"].append(None)
        elif key in item.value:
            raise UnprocessableError(f"`{operation.path}` has a `{operation.name}` already.")
        else:
            item.value[key] = value

    def _insert(self, operation: Operation) -> None:
        parent, key, values = self._list(operation)
        if not 0 <= operation.index <= len(values):
            raise UnprocessableError(f"`index` is beyond the elements of `{operation.path}`.")
        for listed in (values, parent.get(f"{_BESIDE}{key}")):
            if listed is not None:
                listed.insert(
                    operation.index, _apart(operation.value) if listed is values else None
                )

    def _delete(self, operation: Operation) -> None:
        found = self._found(operation)
        if len(found) > 1:
            raise UnprocessableError(f"`{operation.path}` finds several elements to delete.")
        if found:
            self._remove(self._place(found[0], operation))

    def _remove(self, place: _Place) -> None:
        for key in (place.key, f"{_BESIDE}{place.key}"):
            if place.index is None:
                place.parent.pop(key, None)
            elif key in place.parent:
                del place.parent[key][place.index]
                if not any(one is not None for one in place.parent[key]):
                    del place.parent[key]
        _prune(self._resource)

    def _replace(self, operation: Operation) -> None:
        (item,) = self._found(operation, exactly=1)
        place = self._place(item, operation)
        value = _apart(operation.value)
        if place.index is not None:
            place.parent[place.key][place.index] = value
            return
        key = self._retyped(place, item, operation)
        # In its old place, so that the order of the resource stays.
        for name, old in list(place.parent.items()):
            del place.parent[name]
            place.parent[key if name == place.key else name] = value if name == place.key else old

    def _retyped(self, place: _Place, item: Item, operation: Operation) -> str:
        """Return the property of a choice of types for the type of the new value."""
        suffix = item.type[:1].upper() + item.type[1:]
        stem = place.key.removesuffix(suffix)
        if not operation.kind or stem == place.key or operation.kind == suffix:
            return place.key
        parents = (structure for structure in self._choices(stem))
        return f"{stem}{operation.kind}" if any(parents) else place.key

    def _choices(self, stem: str) -> Iterator[bool]:
        structure = self._definitions.structure(type_of(self._resource))
        for table in structure.elements.values():
            yield any(element.choice and element.name == stem for element in table)

    def _move(self, operation: Operation) -> None:
        parent, key, values = self._list(operation)
        last = range(len(values))
        if operation.source not in last or operation.destination not in last:
            raise UnprocessableError(
                f"`source` and `destination` must be places of `{operation.path}`."
            )
        for listed in (values, parent.get(f"{_BESIDE}{key}")):
            if listed is not None:
                listed.insert(operation.destination, listed.pop(operation.source))

    def _list(self, operation: Operation) -> tuple[Element, str, list[Json]]:
        """Return the array that the path finds all items of, with where it stands."""
        found = self._found(operation)
        places = [self._place(item, operation) for item in found]
        if not places or any(place.index is None for place in places):
            raise UnprocessableError(f"`{operation.path}` finds no list of elements.")
        first = places[0]
        if any(place.parent is not first.parent or place.key != first.key for place in places):
            raise UnprocessableError(f"`{operation.path}` finds elements of several lists.")
        return first.parent, first.key, first.parent[first.key]

    def _found(self, operation: Operation, *, exactly: int | None = None) -> Items:
        try:
            compiled = self._compiled(operation.path)
            found = compiled.evaluate(self._resource)
        except FhirPathError:
            raise InvalidResourceError(
                f"`{operation.path}` is no FHIRPath that can be evaluated here."
            ) from None
        if exactly is not None and len(found) != exactly:
            raise UnprocessableError(
                f"`{operation.path}` finds {len(found)} elements and not {exactly}; nothing was "
                "changed."
            )
        return found

    def _compiled(self, path: str) -> Compiled:
        return expression(path, model_of(self._definitions))

    def _place(self, item: Item, operation: Operation) -> _Place:
        """Return where `item` stands in the resource."""
        name = _last_name(self._compiled(operation.path).node)
        found = [
            place
            for place, value in _places(self._resource)
            if value is item.value and (not isinstance(value, bool) or place.key.startswith(name))
        ]
        if len(found) != 1:
            raise UnprocessableError(f"`{operation.path}` finds no element of the resource itself.")
        return found[0]

    def _child(self, type_: str, operation: Operation) -> tuple[str, bool]:
        """Return the property of the child to be added, and whether it is an array."""
        name = operation.name
        for element in self._elements(type_):
            if element.name == name:
                key = f"{name}{operation.kind}" if element.choice else name
                return key, element.max is None or element.max > 1
            if element.choice and name in element.json_names():
                return name, element.max is None or element.max > 1
        raise InvalidResourceError(f"`{operation.path}` has no element `{name}`.")

    def _elements(self, type_: str) -> tuple[ElementDefinition, ...]:
        structure, _, _ = type_.partition(".")
        if structure not in self._definitions.structures():
            return ()
        return self._definitions.structure(structure).elements.get(type_, ())

    def _typed(self, type_: str, operation: Operation) -> Json:
        """Return the value; one that is made of parts has arrays where its type has them."""
        value = _apart(operation.value)
        if operation.kind or not isinstance(value, dict):
            return value
        inner = next(
            (e.types[0].code for e in self._elements(type_) if e.name == operation.name), ""
        )
        many = {e.name for e in self._elements(inner) if e.max is None or e.max > 1}
        return {
            name: part if isinstance(part, list) or name not in many else [part]
            for name, part in value.items()
        }


def _places(value: Json) -> Iterator[tuple[_Place, Json]]:
    for key, part in value.items() if isinstance(value, dict) else ():
        each: Mapping[int | None, Json]
        each = dict(enumerate(part)) if isinstance(part, list) else {None: part}
        for index, one in each.items():
            yield _Place(value, key, index), one
            yield from _places(one)


def _last_name(node: Node) -> str:
    """Return the element that a path ends in, whatever it selects of it."""
    while isinstance(node, Index | Call) and node.of is not None:
        node = node.of
    return node.name if isinstance(node, Member) else ""


def _prune(element: Element) -> bool:
    """Take away what holds nothing any more; return whether `element` does so itself."""
    for key, part in list(element.items()):
        if isinstance(part, dict) and _prune(part):
            del element[key]
        elif isinstance(part, list):
            kept = [one for one in part if not (isinstance(one, dict) and _prune(one))]
            if not kept:
                del element[key]
            elif len(kept) < len(part):
                element[key] = kept
    return not element

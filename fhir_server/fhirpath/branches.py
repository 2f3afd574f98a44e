"""A compiled expression on its way: branches of known type, and the closures they become.

An expression over a typed model splits, before any data is seen, into a few straight walks
through the JSON; each ends in one FHIR type. That is what makes extraction fast.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from fhir_server.fhir.resource import Json
from fhir_server.fhirpath.model import Child

# (FHIR type, JSON value)
Item = tuple[str, Json]
Test = Callable[[Json], bool]
Find = Callable[[Json], list[Item]]
_Walk = Callable[[Json, list[Item]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Go into the property `name`; into each of its values where there are `many`."""

    name: str
    many: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """Go on only where `test` holds."""

    test: Test


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Go on with each item that `find` gives."""

    find: Find


Step = Key | Keep | Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A walk from the focus to values of one `type`.

    `binding` is the value set that the codes at its end must be of, None where that is open.
    """

    type: str
    binding: str | None = None
    steps: tuple[Step, ...] = ()

    def then(self, step: Step) -> "Branch":
        """Return this branch with one more step that stays at its type."""
        return replace(self, steps=(*self.steps, step))

    def into(self, child: Child) -> "Branch":
        """Return this branch gone on into `child`."""
        step = Key(name=child.key, many=child.many)
        return Branch(type=child.type, binding=child.binding, steps=(*self.steps, step))


def finder(branches: list[Branch]) -> Find:
    """Return one function that walks all `branches` and gives the items found, in order."""
    walks = tuple(_walk(branch) for branch in branches)
    if len(walks) == 1:
        return _single(walks[0])

    def find(focus: Json) -> list[Item]:
        found: list[Item] = []
        for walk in walks:
            walk(focus, found)
        return found

    return find


def _single(walk: _Walk) -> Find:
    def find(focus: Json) -> list[Item]:
        found: list[Item] = []
        walk(focus, found)
        return found

    return find


def _walk(branch: Branch) -> _Walk:
    steps = branch.steps
    walk = _leaf(branch.type)
    if steps and isinstance(steps[-1], Key):
        walk = _leaf_key(steps[-1], branch.type)
        steps = steps[:-1]
    for step in reversed(steps):
        walk = _before(step, walk)
    return walk


def _leaf(type_name: str) -> _Walk:
    def walk(value: Json, found: list[Item]) -> None:
        found.append((type_name, value))

    return walk


def _leaf_key(step: Key, type_name: str) -> _Walk:
    key = step.name

    def one(value: Json, found: list[Item]) -> None:
        child = value.get(key)
        if child is not None:
            found.append((type_name, child))

    def many(value: Json, found: list[Item]) -> None:
        children = value.get(key)
        if children is not None:
            # An array of primitives holds null where only an extension stands.
            found.extend([(type_name, child) for child in children if child is not None])

    return many if step.many else one


def _before(step: Step, rest: _Walk) -> _Walk:
    match step:
        case Key():
            return _into(step, rest)
        case Keep():
            return _where(step.test, rest)
        case Spread():
            return _spread(step.find, rest)


def _into(step: Key, rest: _Walk) -> _Walk:
    key = step.name

    def one(value: Json, found: list[Item]) -> None:
        child = value.get(key)
        if child is not None:
            rest(child, found)

    def many(value: Json, found: list[Item]) -> None:
        children = value.get(key)
        if children is not None:
            for child in children:
                if child is not None:
                    rest(child, found)

    return many if step.many else one


def _where(test: Test, rest: _Walk) -> _Walk:
    def walk(value: Json, found: list[Item]) -> None:
        if test(value):
            rest(value, found)

    return walk


def _spread(find: Find, rest: _Walk) -> _Walk:
    def walk(value: Json, found: list[Item]) -> None:
        for _, child in find(value):
            rest(child, found)

    return walk

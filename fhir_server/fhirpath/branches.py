"""A compiled expression on its way: branches of known type, and the closures they become.

An expression over a typed model splits, before any data is seen, into a few straight walks
through the JSON; each ends in one FHIR type. That is what makes extraction fast.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from fhir_server.fhir.resource import Json
from fhir_server.fhirpath.model import Child

# (FHIR type, JSON value)
Item = tuple[str, Json]
Test = Callable[[Json], bool]
Find = Callable[[Json], list[Item]]
_Walk = Callable[[Json, list[Item]], None]
# From so many types of a choice on, it is quicker to go through the properties that are there.
_WIDE = 4


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


def finder(branches: Sequence[Branch]) -> Find:
    """Return one function that walks all `branches` and gives the items found."""
    walk = _all(branches)

    def find(focus: Json) -> list[Item]:
        found: list[Item] = []
        walk(focus, found)
        return found

    return find


def _all(branches: Sequence[Branch]) -> _Walk:
    """Return the walk of all branches; the beginning that neighbours share is walked once."""
    choice = {branch.steps[0]: branch.type for branch in branches if len(branch.steps) == 1}
    if len(choice) == len(branches) >= _WIDE and all(_is_single(step) for step in choice):
        return _choice({step.name: kind for step, kind in choice.items() if isinstance(step, Key)})
    walks = tuple(
        _one(first, [replace(branch, steps=branch.steps[1:]) for branch in group])
        for first, group in groupby(branches, lambda branch: branch.steps[:1])
    )
    return _each(walks)


def _one(first: tuple[Step, ...], rests: Sequence[Branch]) -> _Walk:
    if not first:
        return _each(tuple(_leaf(rest.type) for rest in rests))
    step = first[0]
    if isinstance(step, Key) and len(rests) == 1 and not rests[0].steps:
        return _leaf_key(step, rests[0].type)
    return _before(step, _all(rests))


def _is_single(step: Step) -> bool:
    return isinstance(step, Key) and not step.many


def _each(walks: tuple[_Walk, ...]) -> _Walk:
    def walk(value: Json, found: list[Item]) -> None:
        for one in walks:
            one(value, found)

    return walks[0] if len(walks) == 1 else walk


def _choice(types: Mapping[str, str]) -> _Walk:
    """Look at the properties that are there, which are fewer than those that could be."""

    def walk(value: Json, found: list[Item]) -> None:
        present = types.keys() & value.keys()
        found.extend((types[key], value[key]) for key in sorted(present))

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

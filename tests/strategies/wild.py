"""Resources to which anything was done: the right ones stay among them.

Members are moved, swapped, copied, dropped, nested and retyped, with names and values of other
places, so that much of what results is nearly right.
"""

import random
from collections.abc import Callable
from decimal import Decimal

from hypothesis import strategies as st

from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.resource import Json, Resource
from tests.strategies.resources import SEEDS, resources
from tests.strategies.values import TEXTS

_ODD: tuple[Json, ...] = (
    *(None, True, False, 0, -1, 2**31, 2**63, -(2**64), 10**299, Decimal("0.000"), Decimal("1E+2")),
    *("", " ", "x", "2020-02-30", "Patient/1", "#", "urn:uuid:", "\x00", "\ud7ff\ue000\uffff"),
    *(Decimal("1.0"), "x" * 5000, "1" * 400, [], {}, [[]], [None], {"id": "x"}),
    *({"url": "u", "valueString": "x"}, {"extension": [{"url": "u", "valueCode": "x"}]}),
    *({"resourceType": "Patient"}, {"resourceType": "Banana"}, {"reference": "Patient/1"}),
    *TEXTS,
)
_NAMES = (
    *("id", "_id", "extension", "url", "valueString", "text", "contained", "resourceType", "meta"),
    *("value", "reference", "code", "coding", "status", "_status", "modifierExtension", "", "__id"),
    *("class_fhir", "birthDate__ext", "fhir_comments", "\u00e9", "constructor", "__proto__"),
)
Holder = tuple[Json, str | int]


def _holders(value: Json) -> list[Holder]:
    """Return every member of `value` as the object or array that has it, and its key."""
    found: list[Holder] = []
    pending = [value]
    while pending:
        holder = pending.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                pending.append(holder[key])
    return found


def _dropped(_chance: random.Random, here: Holder, _: Holder) -> None:
    del here[0][here[1]]


def _odd(chance: random.Random, here: Holder, _: Holder) -> None:
    here[0][here[1]] = chance.choice(_ODD)


def _copied(_: random.Random, here: Holder, there: Holder) -> None:
    here[0][here[1]] = _unshared(there[0][there[1]])


def _doubled(_: random.Random, here: Holder, there: Holder) -> None:
    """Put a copy of another member beside this one."""
    holder, key = here
    copy = _unshared(there[0][there[1]])
    if isinstance(holder, list):
        holder.insert(int(key), copy)
    elif isinstance(there[1], str):
        holder[there[1]] = copy


def _renamed(chance: random.Random, here: Holder, there: Holder) -> None:
    holder, key = here
    if isinstance(holder, dict):
        name = there[1] if isinstance(there[1], str) else chance.choice(_NAMES)
        holder[name if chance.random() < 0.7 else chance.choice(_NAMES)] = holder.pop(key)


def _twinned(_: random.Random, here: Holder, __: Holder) -> None:
    holder, key = here
    if isinstance(holder, dict):
        holder[f"_{key}"] = {"extension": [{"url": "u", "valueString": "x"}]}


def _nested(chance: random.Random, here: Holder, _: Holder) -> None:
    value = here[0][here[1]]
    for _level in range(chance.choice((1, 2, 60, 140))):
        value = [value] if chance.random() < 0.3 else {"extension": value}
    here[0][here[1]] = value


def _many(chance: random.Random, here: Holder, _: Holder) -> None:
    here[0][here[1]] = [here[0][here[1]]] * chance.choice((1, 2, 300))


def _shuffled(chance: random.Random, here: Holder, _: Holder) -> None:
    value = here[0][here[1]]
    if isinstance(value, list):
        chance.shuffle(value)
    elif isinstance(value, dict):
        here[0][here[1]] = dict(chance.sample(list(value.items()), len(value)))


_CHANGES: tuple[Callable[[random.Random, Holder, Holder], None], ...] = (
    _dropped,
    _odd,
    _copied,
    _doubled,
    _renamed,
    _twinned,
    _nested,
    _many,
    _shuffled,
)


def changed(resource: Resource, seed: int, changes: int) -> Resource:
    """Return `resource` after so many changes."""
    chance = random.Random(seed)  # noqa: S311 - tests are no secret
    mine = decode(encode(resource))
    for _ in range(changes):
        found = _holders(mine)
        if found:
            chance.choice(_CHANGES)(chance, chance.choice(found), chance.choice(found))
            # An array of one object many times would change everywhere at once.
            mine = _unshared(mine)
    return mine


def _unshared(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _unshared(child) for name, child in value.items()}
    return [_unshared(child) for child in value] if isinstance(value, list) else value


def wild() -> st.SearchStrategy[Resource]:
    """Return a strategy of resources after one to four changes."""
    return st.builds(changed, resources(), SEEDS, st.integers(1, 4))

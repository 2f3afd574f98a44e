"""Faults by construction: each takes one element of a right resource and makes it wrong.

https://hl7.org/fhir/R4/json.html and https://hl7.org/fhir/R4/datatypes.html
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from hypothesis import strategies as st

from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.resource import Json, Resource
from tests.strategies.places import Place, places
from tests.strategies.resources import DEFINITIONS, SEEDS, resources

_TEXT = ("", "\x00", "a\x07b", 1, True, Decimal("1.5"))
_URI = ("", " ", "http://a b", "a\tb", 1, True)
_NUMBER = ("1", "", True, Decimal("1.5"), 2**31, -(2**31) - 1)
_DATE = (
    *("2020-02-30", "2023-02-29", "2020-04-31", "1980-13-01", "1980-00-01", "1980-01-00", "0000"),
    *("80", "1980-1-1", "1980/01/01", "1980-01-01 ", "", "x", "19800101", "1980-01-01T12:00:00Z"),
    *("1980-01-01T24:00:00Z", "1980-01-01T12:60:00Z", 1980, True),
)
_TIMED = (
    *(value for value in _DATE if value != "1980-01-01T12:00:00Z"),
    *("1980-01-01T12:00:00", "1980-01-01T12:00Z", "1980-01-01T12Z", "1980-01-01T12:00:00+15:00"),
    *("1980-01-01T12:00:00.Z", "1980-01-01t12:00:00z", "2020-02-30T00:00:00Z"),
)
# What no value of a type may be.
NEVER: dict[str, tuple[Json, ...]] = {
    "boolean": ("true", "false", "", 0, 1, Decimal("1.0")),
    "integer": _NUMBER,
    "unsignedInt": (*_NUMBER, -1),
    "positiveInt": (*_NUMBER, -1, 0),
    "decimal": ("1.0", "", "NaN", True),
    "string": _TEXT,
    "markdown": _TEXT,
    "code": (*_TEXT, " a", "a ", "a  b", "a\tb", "a\n"),
    "id": ("", "a_b", "x" * 65, "a b", "\u00e9", "a/b", 1, True),
    "uri": _URI,
    "url": _URI,
    "canonical": _URI,
    "oid": ("", "1.2.3", "urn:oid:3.1", "urn:oid:1.02", "urn:oid:1.", "urn:oid:1", 1, True),
    "uuid": ("", "x", "urn:uuid:" + "A" * 36, "urn:uuid:0c4a", 1, True),
    "date": _DATE,
    "dateTime": _TIMED,
    "instant": (*_TIMED, "2020", "2020-01", "2020-01-01"),
    "time": ("", "24:00:00", "12:60:00", "12:00", "12:00:61", "12:00:00Z", "12", 12, True),
    "base64Binary": (
        "",
        " ",
        "A",
        "AAA",
        "AA_A",
        "AA=A",
        "\u00e9AAA",
        "AAAA=",
        "AAAA====",
        "AA\x1fAA",
        1,
        True,
    ),
    "xhtml": ("", "x", "<p>x</p>", "<div>x</div>", "<div", 1, True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty:
    """A resource that is wrong in one place; `path` is the FHIRPath of it, or of what holds it."""

    resource: Resource
    path: str
    fault: str


Fault = Callable[[Place, random.Random], str | None]


# Each returns the path, or None where the fault cannot be made; then nothing is changed.
def _put(value: Json) -> Fault:
    def fault(place: Place, _: random.Random) -> str | None:
        place.holder[place.key] = value
        return place.path

    return fault


def _gap(place: Place, _: random.Random) -> str | None:
    """Put a gap where nothing fills it."""
    if place.key.startswith("_") or f"_{place.key}" in place.holder:
        return None
    place.holder[place.key] = [None]
    return place.path


def _unknown(place: Place, _: random.Random) -> str | None:
    place.holder["banana"] = 1
    return _above(place)


def _renamed(place: Place, _: random.Random) -> str | None:
    place.holder[f"{place.key}_"] = place.holder.pop(place.key)
    return _above(place)


def _reshaped(place: Place, _: random.Random) -> str | None:
    """Take the array away where one belongs, and the other way round."""
    value = place.value
    if place.many and value[0] is None:
        return None
    place.holder[place.key] = value[0] if place.many else [value]
    return place.path


def _boxed(place: Place, _: random.Random) -> str | None:
    place.holder[place.key] = {"value": place.value}
    return place.path


def _one_item(value: Json) -> Fault:
    """Put something into an array that no item may be."""

    def fault(place: Place, chance: random.Random) -> str | None:
        if not place.many:
            return None
        place.value.insert(chance.randint(0, len(place.value)), value)
        return place.path

    return fault


def _missing(place: Place, _: random.Random) -> str | None:
    """Leave a required element out, in each form that it has."""
    if not place.element.min:
        return None
    for name in place.element.json_names():
        place.holder.pop(name, None)
        place.holder.pop(f"_{name}", None)
    return _above(place)


def _both(place: Place, chance: random.Random) -> str | None:
    names = [name for name in place.element.json_names() if name != place.key.removeprefix("_")]
    if not place.element.choice or not names:
        return None
    place.holder[chance.choice(names)] = "2020"
    return _above(place)


def _wrong_value(place: Place, chance: random.Random) -> str | None:
    if not place.primitive or place.kind is None:
        return None
    wrong = chance.choice(NEVER[place.kind.code])
    if place.many:
        place.value[chance.randrange(len(place.value))] = wrong
    else:
        place.holder[place.key] = wrong
    return place.path


def _wrong_code(place: Place, _: random.Random) -> str | None:
    if place.kind is None or place.kind.code != "code" or not place.element.required_binding:
        return None
    if DEFINITIONS.required_codes(place.element.required_binding) is None:
        return None
    place.holder[place.key] = ["no-such-code"] if place.many else "no-such-code"
    place.holder.pop(f"_{place.key}", None)
    return place.path


def _wrong_target(place: Place, _: random.Random) -> str | None:
    if place.kind is None or place.kind.code != "Reference" or not place.kind.targets:
        return None
    others = sorted(set(DEFINITIONS.resource_types) - set(place.kind.targets))
    if not others or "Resource" in place.kind.targets:
        return None
    wrong = {"reference": f"{others[0]}/1"}
    place.holder[place.key] = [wrong] if place.many else wrong
    return place.path


def _misaligned(place: Place, _: random.Random) -> str | None:
    if not place.primitive or not place.many or place.key in {"id", "url"}:
        return None
    place.holder[f"_{place.key}"] = [*(None for _ in place.value), {"id": "x"}]
    return place.path


def _above(place: Place) -> str:
    """Return the path of the object that has the element."""
    base = place.path.rpartition(".ofType(")[0] if place.element.choice else place.path
    return base.rpartition(".")[0]


FAULTS: dict[str, Fault] = {
    "null": _put(None),
    "an empty object": _put({}),
    "an empty array": _put([]),
    "an array of null": _gap,
    "an array of nothing": _put([[]]),
    "an unknown element": _unknown,
    "another name": _renamed,
    "no array, or one too much": _reshaped,
    "an object around it": _boxed,
    "an empty item": _one_item({}),
    "an item that is an array": _one_item([]),
    "nothing": _missing,
    "two of a choice": _both,
    "a wrong value": _wrong_value,
    "a wrong code": _wrong_code,
    "a wrong target": _wrong_target,
    "arrays that are not aligned": _misaligned,
}


def _made(resource: Resource, seed: int, fault: str) -> Faulty | None:
    chance = random.Random(seed)  # noqa: S311 - tests are no secret
    # Objects of strategies may be shared; what is decoded is our own.
    mine = decode(encode(resource))
    found = places(mine, DEFINITIONS)
    chance.shuffle(found)
    for place in found:
        path = FAULTS[fault](place, chance)
        if path is not None:
            return Faulty(resource=mine, path=path, fault=fault)
    return None


def faulty() -> st.SearchStrategy[Faulty]:
    """Return a strategy of resources with one fault each."""
    return (
        st.builds(_made, resources(), SEEDS, st.sampled_from(sorted(FAULTS)))
        .filter(lambda found: found is not None)
        .map(lambda found: cast("Faulty", found))
    )

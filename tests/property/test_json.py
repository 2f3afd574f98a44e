"""JSON: what is decoded and encoded is the same; a duplicate key never passes."""

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.outcome import InvalidResourceError
from fhir_server.fhir.resource import Json

# Few characters, so that keys collide and strings look like keys.
WORDS = st.text(alphabet='ab":\\ \u00e9', max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)
DECIMALS = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places),
    st.integers(-(10**18), 10**18),
    st.integers(0, 18),
)


def spelled(value: Json, draw: st.DrawFn) -> str:
    """Write `value` as some JSON writer might: white space and escapes where they are allowed."""
    space = st.sampled_from(["", " ", "\n", "\t "])
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=draw(st.booleans()))
        return text.replace(":", "\\u003a") if draw(st.booleans()) else text
    if isinstance(value, list):
        return "[" + ",".join(spelled(item, draw) for item in value) + "]"
    if isinstance(value, Pairs):
        members = (
            f"{spelled(key, draw)}{draw(space)}:{draw(space)}{spelled(child, draw)}"
            for key, child in value.pairs
        )
        return "{" + draw(space) + ",".join(members) + "}"
    return json.dumps(value)


class Pairs:
    """A JSON object whose keys may stand twice."""

    def __init__(self, pairs: list[tuple[str, Json]]) -> None:
        self.pairs = pairs

    def has_duplicates(self) -> bool:
        names = [name for name, _ in self.pairs]
        inner = (child for _, value in self.pairs for child in objects(value))
        return len(set(names)) < len(names) or any(child.has_duplicates() for child in inner)


def objects(value: Json) -> list[Pairs]:
    if isinstance(value, Pairs):
        return [value]
    return [found for item in value for found in objects(item)] if isinstance(value, list) else []


PAIRS = st.recursive(
    st.none() | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(st.tuples(WORDS, inner), max_size=4).map(Pairs)
    ),
    max_leaves=12,
)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, Pairs]:
    pairs = Pairs(draw(st.lists(st.tuples(WORDS, PAIRS), max_size=4)))
    return spelled(pairs, draw), pairs


@given(bodies())
def test_a_body_is_refused_exactly_if_a_key_stands_twice(body: tuple[str, Pairs]) -> None:
    text, pairs = body

    try:
        decoded = decode(text.encode())
    except InvalidResourceError:
        assert pairs.has_duplicates()
    else:
        assert not pairs.has_duplicates()
        assert decoded == json.loads(text)


@given(st.dictionaries(WORDS, VALUES, max_size=5))
def test_what_is_encoded_is_decoded_the_same(value: dict[str, Json]) -> None:
    assert decode(encode(value)) == value


@given(DECIMALS)
def test_a_decimal_keeps_its_digits(value: Decimal) -> None:
    decoded = decode(encode({"value": value}))

    if "." in str(value) or "E" in str(value):
        assert str(decoded["value"]) == str(value)
    assert decoded["value"] == value

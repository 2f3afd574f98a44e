"""https://hl7.org/fhir/R4/http.html#paging ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.outcome import InvalidRequestError
from fhir_server.interactions.cursor import Cursor, CursorSeal

SEAL = CursorSeal.derived_from(b"a secret of thirty-two bytes....")
BOUND = ("client", "Encounter")
TEXTS = st.text(max_size=30)
CURSORS = st.builds(
    Cursor,
    parameters=st.lists(st.tuples(TEXTS, TEXTS), max_size=5).map(tuple),
    after=st.lists(st.integers(-(2**63), 2**63 - 1) | TEXTS | st.none(), max_size=4).map(tuple),
    at=st.integers(0, 2**62),
)


@given(CURSORS)
def test_what_was_sealed_is_found_again(cursor: Cursor) -> None:
    assert SEAL.unseal(SEAL.seal(cursor, BOUND), BOUND) == cursor


@given(CURSORS, st.data())
def test_a_changed_cursor_does_not_open(cursor: Cursor, data: st.DataObject) -> None:
    text = SEAL.seal(cursor, BOUND)
    place = data.draw(st.integers(0, len(text) - 2))
    other = "A" if text[place] != "A" else "B"

    with pytest.raises(InvalidRequestError):
        SEAL.unseal(text[:place] + other + text[place + 1 :], BOUND)


@pytest.mark.parametrize(
    "bound_to", [("other", "Encounter"), ("client", "Patient"), ("client",), ("clientEncounter",)]
)
def test_a_cursor_is_no_use_to_another_client_or_path(bound_to: tuple[str, ...]) -> None:
    text = SEAL.seal(Cursor(parameters=(), after=(1,), at=0), BOUND)

    with pytest.raises(InvalidRequestError):
        SEAL.unseal(text, bound_to)


@pytest.mark.parametrize("text", ["", "a", "nonsense", "ä", "=" * 9, "A" * 5000])
def test_nonsense_does_not_open(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        SEAL.unseal(text, BOUND)


def test_a_cursor_does_not_show_what_is_searched_for() -> None:
    text = SEAL.seal(Cursor(parameters=(("patient", "jane-doe"),), after=(1,), at=0), BOUND)

    assert "jane" not in text
    assert len(text) > 20


def test_another_deployment_does_not_open_it() -> None:
    text = SEAL.seal(Cursor(parameters=(), after=(1,), at=0), BOUND)

    with pytest.raises(InvalidRequestError):
        CursorSeal.derived_from(b"another secret").unseal(text, BOUND)

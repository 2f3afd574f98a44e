"""Rare selectors: doubt narrows a permit and widens a denial."""

import pytest

from fhir_server.consent.model import Content, Meaning, Narrowing
from fhir_server.consent.narrowing import concerns

HERE, TARGET, REFERRER = ("Observation", "1"), ("Encounter", "1"), ("Provenance", "1")
AUTHOR = ("Practitioner", "1")
CONTENT = Content(
    key=1,
    address=HERE,
    type_id=20,
    profiles=frozenset({"p"}),
    codings=frozenset({("urn:s", "a")}),
    period=(10, 20),
    authors=frozenset({AUTHOR}),
    refers_to=frozenset({TARGET}),
    referred_by=frozenset({REFERRER}),
)
UNDATED = Content(key=2, address=HERE, type_id=20)


def both(narrowing: Narrowing, content: Content = CONTENT) -> tuple[bool, bool]:
    """Return whether a permit and whether a denial speaks of it."""
    return concerns(narrowing, content, permit=True), concerns(narrowing, content, permit=False)


def test_codes() -> None:
    assert both(Narrowing(codes=frozenset({("urn:s", "a"), ("urn:s", "b")}))) == (True, True)
    assert both(Narrowing(codes=frozenset({("urn:t", "a")}))) == (False, False)
    assert both(Narrowing(codes=frozenset({("", "a")}))) == (False, True)


def test_classes() -> None:
    assert both(Narrowing(classes=(frozenset({20}), frozenset({"q"})))) == (True, True)
    assert both(Narrowing(classes=(frozenset(), frozenset({"p"})))) == (True, True)
    assert both(Narrowing(classes=(frozenset({10}), frozenset({"q"})))) == (False, False)


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ((10, 20), (True, True)),
        ((15, 30), (False, True)),
        ((20, 30), (False, False)),
        ((0, 10), (False, False)),
    ],
)
def test_data_periods(period: tuple[int, int], expected: tuple[bool, bool]) -> None:
    assert both(Narrowing(period=period)) == expected


def test_an_unknown_date_is_denied_and_not_permitted() -> None:
    assert both(Narrowing(period=(0, 100)), UNDATED) == (False, True)


@pytest.mark.parametrize(
    ("meaning", "address", "expected"),
    [
        (Meaning.INSTANCE, HERE, (True, True)),
        (Meaning.INSTANCE, TARGET, (False, False)),
        (Meaning.RELATED, HERE, (True, True)),
        (Meaning.RELATED, REFERRER, (True, True)),
        (Meaning.RELATED, TARGET, (False, True)),
        (Meaning.DEPENDENTS, TARGET, (True, True)),
        (Meaning.DEPENDENTS, REFERRER, (False, False)),
        (Meaning.AUTHORED_BY, AUTHOR, (True, True)),
        (Meaning.AUTHORED_BY, HERE, (False, False)),
    ],
)
def test_data(meaning: Meaning, address: tuple[str, str], expected: tuple[bool, bool]) -> None:
    assert both(Narrowing(data=frozenset({(meaning, address)}))) == expected


def test_all_selectors_must_match() -> None:
    code = frozenset({("urn:s", "a")})

    assert both(Narrowing(codes=code, period=(10, 20))) == (True, True)
    assert both(Narrowing(codes=code, period=(50, 60))) == (False, False)

"""Narrowing never widens, and the written form loses nothing."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.smart.scopes import (
    Level,
    Scope,
    canonical,
    covers,
    format_scope,
    format_scopes,
    narrow,
    parse_scope,
    parse_scopes,
)

INTERACTIONS = [
    "".join(letter for letter, kept in zip("cruds", f"{mask:05b}", strict=True) if kept == "1")
    for mask in range(1, 32)
]
PAIRS = st.tuples(
    st.sampled_from(["category", "code", "status:not"]),
    st.sampled_from(["http://loinc.org|44261-6", "a b", "ä&=?", ""]),
)
SCOPES = st.builds(
    Scope,
    level=st.sampled_from(Level),
    type=st.sampled_from(["*", "Encounter", "Patient"]),
    interactions=st.sampled_from(INTERACTIONS),
    query=st.lists(PAIRS, max_size=2).map(tuple),
)
LISTS = st.lists(SCOPES, max_size=4).map(tuple)
# One thing that a client may do, with all that it says of itself.
ATOMS = st.builds(
    Scope,
    level=st.sampled_from(Level),
    type=st.sampled_from(["Encounter", "Patient", "Observation"]),
    interactions=st.sampled_from("cruds"),
    query=st.lists(PAIRS, max_size=3).map(tuple),
)


def allows(scopes: tuple[Scope, ...], atom: Scope) -> bool:
    """Tell whether one of `scopes` allows `atom`, said without the code under test."""
    return any(
        scope.level == atom.level
        and scope.type in {"*", atom.type}
        and atom.interactions in scope.interactions
        and all(pair in atom.query for pair in scope.query)
        for scope in scopes
    )


@given(SCOPES)
def test_what_is_written_is_read_again(scope: Scope) -> None:
    assert parse_scope(format_scope(scope)) == scope


@given(LISTS)
def test_lists_are_read_again(scopes: tuple[Scope, ...]) -> None:
    assert parse_scopes(format_scopes(scopes)) == scopes


@given(LISTS, LISTS, ATOMS)
def test_granted_is_requested_and_registered(
    requested: tuple[Scope, ...], registered: tuple[Scope, ...], atom: Scope
) -> None:
    granted = narrow(requested, registered)

    assert allows(granted, atom) == (allows(requested, atom) and allows(registered, atom))


@given(LISTS, LISTS)
def test_each_granted_interaction_is_within_one_registered_and_one_requested(
    requested: tuple[Scope, ...], registered: tuple[Scope, ...]
) -> None:
    for granted in narrow(requested, registered):
        for letter in granted.interactions:
            atom = replace(granted, interactions=letter)
            assert any(covers(scope, atom) for scope in requested)
            assert any(covers(scope, atom) for scope in registered)


@given(LISTS, LISTS)
def test_narrowing_again_changes_nothing(
    requested: tuple[Scope, ...], registered: tuple[Scope, ...]
) -> None:
    granted = narrow(requested, registered)

    assert narrow(granted, registered) == granted
    assert narrow(requested, granted) == granted


@given(LISTS, LISTS)
def test_order_does_not_matter(requested: tuple[Scope, ...], registered: tuple[Scope, ...]) -> None:
    granted = narrow(requested, registered)

    assert narrow(registered, requested) == granted
    assert narrow(reversed(requested), reversed(registered)) == granted


@given(LISTS, ATOMS)
def test_canonical_form_allows_the_same(scopes: tuple[Scope, ...], atom: Scope) -> None:
    assert allows(canonical(scopes), atom) == allows(scopes, atom)
    assert canonical(canonical(scopes)) == canonical(scopes)

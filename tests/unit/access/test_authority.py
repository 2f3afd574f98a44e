"""Which version a change makes; all statuses are shown over the gate (tests/contract)."""

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.access.authority import Authority
from fhir_server.access.changes import Change, Create, Delete, Update
from fhir_server.fhir.outcome import FhirError
from fhir_server.storage.rows import Current

changes = st.one_of(
    st.just(Create(type="Patient", resource={}, id="1")),
    st.builds(
        Update,
        type=st.just("Patient"),
        id=st.just("1"),
        resource=st.just({}),
        if_match=st.none() | st.integers(1, 3),
    ),
    st.builds(
        Delete, type=st.just("Patient"), id=st.just("1"), if_match=st.none() | st.integers(1, 3)
    ),
)
currents = st.builds(
    Current,
    key=st.just(1),
    version=st.integers(1, 3),
    deleted=st.booleans(),
    owner=st.just(1),
    custodian=st.just(1),
    labels=st.just(1),
)


def answer(authority: Authority, change: Change, current: Current | None) -> object:
    try:
        return authority.next_version(change, current)
    except FhirError as error:
        return error.status, error.issues


@given(changes.filter(lambda change: not isinstance(change, Create)), currents)
def test_withheld_is_answered_as_absent(change: Change, current: Current) -> None:
    """A create bears an id of the server's making, so that it cannot probe."""
    authority = Authority(may_change=lambda _: False, sees=lambda _: False, assign_ids=False)

    assert answer(authority, change, current) == answer(authority, change, None)


@given(changes, currents, st.booleans(), st.booleans())
def test_nobody_but_the_custodian_makes_a_version(
    change: Change, current: Current, sees: object, assigns: object
) -> None:
    authority = Authority(
        may_change=lambda _: False, sees=lambda _: bool(sees), assign_ids=bool(assigns)
    )

    assert not isinstance(answer(authority, change, current), int)


@given(changes, currents)
def test_a_version_follows_the_current_one(change: Change, current: Current) -> None:
    authority = Authority(may_change=lambda _: True, sees=lambda _: True, assign_ids=False)

    found = answer(authority, change, current)

    assert not isinstance(found, int) or found == current.version + 1

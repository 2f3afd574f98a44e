"""Failures lock a login for a while, and a lock ends by itself."""

from collections.abc import Iterator

import pytest

from fhir_server.smart.login.lockout import FREE_FAILURES, FREE_FAILURES_OF_AN_ADDRESS, Lockout
from fhir_server.storage.sessions import SessionStore
from tests.databases import Sqlite, opened
from tests.smart_clients import SECOND

NOW = 1_800_000_000 * SECOND


@pytest.fixture
def store(sqlite_files: Sqlite) -> Iterator[SessionStore]:
    with sqlite_files.fresh() as url, opened(url) as database:
        yield SessionStore(database)


def attempt(
    store: SessionStore, login: str = "ann", address: str = "192.0.2.1", at: int = NOW
) -> Lockout:
    return Lockout(store=store, secret=b"secret", login=login, address=address, at=at)


def test_a_lock_comes_ends_and_grows(store: SessionStore) -> None:
    for _ in range(FREE_FAILURES - 1):
        attempt(store).failed()
    assert not attempt(store).is_locked

    attempt(store).failed()

    assert attempt(store).is_locked
    assert attempt(store, address="192.0.2.2").is_locked
    assert not attempt(store, login="ben").is_locked
    after = NOW + 61 * SECOND
    assert not attempt(store, at=after).is_locked
    attempt(store, at=after).failed()
    assert attempt(store, at=after + 100 * SECOND).is_locked


def test_nobody_stretches_a_lock(store: SessionStore) -> None:
    for _ in range(FREE_FAILURES + 100):
        attempt(store).failed()

    assert not attempt(store, at=NOW + 61 * SECOND).is_locked


def test_a_success_forgets_the_failures(store: SessionStore) -> None:
    for _ in range(FREE_FAILURES - 1):
        attempt(store).failed()
    attempt(store).succeeded()

    attempt(store).failed()

    assert not attempt(store).is_locked


def test_an_address_that_tries_many_logins_is_locked(store: SessionStore) -> None:
    for number in range(FREE_FAILURES_OF_AN_ADDRESS):
        attempt(store, login=f"login-{number}").failed()

    assert attempt(store, login="somebody else").is_locked
    assert not attempt(store, login="somebody else", address="192.0.2.2").is_locked

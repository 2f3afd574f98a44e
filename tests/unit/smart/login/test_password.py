"""Passwords: https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver ."""

import os
from collections.abc import Iterator

import pytest

from fhir_server.smart.login import password
from fhir_server.storage.accounts import AccountStore
from tests.databases import Sqlite, opened


@pytest.fixture
def store(sqlite_files: Sqlite) -> Iterator[AccountStore]:
    with sqlite_files.fresh() as url, opened(url) as database:
        yield AccountStore(database)


def test_a_password_is_kept_as_argon2id(store: AccountStore) -> None:
    kept = password.credential("ann", "four words of mine", 0, os.urandom, temporary=False)
    store.put_credential(kept)

    assert kept.secret.startswith(b"$argon2id$v=19$m=65536,t=3,p=4$")
    assert password.verify(store, "ann", "four words of mine") == kept
    assert password.verify(store, "ann", "four words of thine") is None
    assert password.verify(store, "nobody", "four words of mine") is None
    assert password.verify(store, None, "no such account") is None


@pytest.mark.parametrize(
    "text", ["short", "passwordpassword", "aaaaaaaaaaaaaaaa", "ann.reyes-and-more", "x" * 257]
)
def test_passwords_that_everybody_tries_are_refused(text: str) -> None:
    with pytest.raises(password.PasswordError):
        password.check(text, "ann.reyes")


def test_temporary_passwords_differ_and_can_be_read_out() -> None:
    one, other = (password.temporary_password(os.urandom) for _ in range(2))

    assert one != other
    assert len(one.replace("-", "")) == 16


def test_a_login_that_is_not_there_costs_as_much_as_one_that_is() -> None:
    assert not password._HASHER.check_needs_rehash(password._NOBODYS.decode())

"""Codes of the second factor: https://www.rfc-editor.org/rfc/rfc6238 ."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_server.smart.login import totp
from fhir_server.smart.sealing import Seal
from fhir_server.storage.accounts import AccountStore
from tests.databases import Sqlite, opened
from tests.smart_clients import SECOND

# The key and codes of RFC 6238, Appendix B, cut to six digits.
KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
NOW = 1_111_111_109 * SECOND
STEP = totp.STEP_SECONDS * SECOND


@pytest.fixture
def store(sqlite_files: Sqlite) -> Iterator[AccountStore]:
    with sqlite_files.fresh() as url, opened(url) as database:
        yield AccountStore(database)


def test_codes_are_those_of_the_standard() -> None:
    assert totp.code_at(KEY, NOW) == "081804"
    assert totp.code_at(KEY, 59 * SECOND) == "287082"


def test_a_code_is_good_once_and_never_an_older_one_after_it(
    store: AccountStore, tmp_path: Path
) -> None:
    seal = Seal(tmp_path / "secret")
    store.put_credential(totp.credential("ann", KEY, 0, NOW, seal))
    before = totp.code_at(KEY, NOW - STEP)

    assert totp.verify(store, "ann", totp.code_at(KEY, NOW), NOW, seal)
    assert not totp.verify(store, "ann", totp.code_at(KEY, NOW), NOW, seal)
    assert not totp.verify(store, "ann", before, NOW, seal)
    assert totp.verify(store, "ann", totp.code_at(KEY, NOW + STEP), NOW + STEP, seal)


@pytest.mark.parametrize("code", ["", "08180", "0818040", "08180a", "٠٨١٨٠٤", "081 80"])
def test_what_is_no_code_is_none(code: str) -> None:
    assert totp.step_of(KEY, code, NOW) is None


def test_a_clock_may_be_one_step_off_and_no_more() -> None:
    assert totp.step_of(KEY, totp.code_at(KEY, NOW - STEP), NOW) is not None
    assert totp.step_of(KEY, totp.code_at(KEY, NOW - 2 * STEP), NOW) is None


def test_nobody_has_a_code_without_an_enrolment(store: AccountStore, tmp_path: Path) -> None:
    assert not totp.verify(store, "nobody", "081804", NOW, Seal(tmp_path / "secret"))


def test_the_key_is_not_stored_as_it_is(tmp_path: Path) -> None:
    kept = totp.credential("ann", KEY, 0, NOW, Seal(tmp_path / "secret"))

    assert KEY.encode() not in kept.secret

"""Secrets at rest open under the deployment's own secret and for their own use only."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fhir_server.settings import SettingError
from fhir_server.smart.sealing import Seal, SealError


def test_what_is_sealed_opens(tmp_path: Path) -> None:
    seal = Seal(tmp_path / "deep" / "secret")

    assert seal.open(seal.seal(b"plain", "totp", "1"), "totp", "1") == b"plain"
    assert (tmp_path / "deep" / "secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("bound_to", [("totp", "2"), ("signing key", "1"), ("totp",)])
def test_what_is_sealed_for_one_opens_for_no_other(
    tmp_path: Path, bound_to: tuple[str, ...]
) -> None:
    seal = Seal(tmp_path / "secret")

    with pytest.raises(SealError):
        seal.open(seal.seal(b"plain", "totp", "1"), *bound_to)


def test_another_deployment_cannot_open_it(tmp_path: Path) -> None:
    sealed = Seal(tmp_path / "one").seal(b"plain", "totp")

    with pytest.raises(SealError):
        Seal(tmp_path / "other").open(sealed, "totp")


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"short")

    with pytest.raises(SettingError):
        Seal(tmp_path / "secret").seal(b"plain")


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        sealed = list(pool.map(lambda _: Seal(tmp_path / "s").seal(b"plain"), range(16)))

    assert len(set(sealed)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["s"]

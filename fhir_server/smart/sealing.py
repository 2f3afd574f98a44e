"""Secrets at rest: sealed under a key that is not in the database.

https://www.rfc-editor.org/rfc/rfc5297 (AES-SIV). Who copies the database has neither the private
signing keys nor anybody's second factor. Each secret is bound to what it is for, so that no sealed
value can be put in the place of another.
"""

import os
from dataclasses import dataclass
from hashlib import shake_256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from fhir_server.settings import SettingError

_BYTES = 32
_KEY_BYTES = 64
_OWNER_ONLY = 0o600
_REMEDY = "Restore the file that SECRET_KEY_FILE names, or reset what was sealed under it."


class SealError(Exception):
    """A sealed secret cannot be opened; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Seals under the secret of a file, which is made when it is first needed."""

    path: Path

    def seal(self, plain: bytes, *bound_to: str) -> bytes:
        """Return `plain` sealed; it opens only for the same `bound_to`.

        Raises:
            SettingError: The file cannot be read or made.
        """
        return AESSIV(self._key()).encrypt(plain, [part.encode() for part in bound_to])

    def open(self, sealed: bytes, *bound_to: str) -> bytes:
        """Return what was sealed.

        Raises:
            SealError: It was sealed under another secret or for something else.
            SettingError: The file cannot be read or made.
        """
        try:
            return AESSIV(self._key()).decrypt(sealed, [part.encode() for part in bound_to])
        except InvalidTag:
            raise SealError(f"A secret of the database does not open. {_REMEDY}") from None

    def _key(self) -> bytes:
        return shake_256(b"handoff secrets at rest 1\0" + _secret(self.path)).digest(_KEY_BYTES)


def _secret(path: Path) -> bytes:
    """Return what the file holds; the first process to come makes it, whole or not at all."""
    try:
        if not path.exists():
            _make(path)
        found = path.read_bytes()
    except OSError as fault:
        raise SettingError(f"SECRET_KEY_FILE `{path}`: {fault.strerror}.") from fault
    if len(found) < _BYTES:
        raise SettingError(f"SECRET_KEY_FILE `{path}` must hold {_BYTES} bytes or more.")
    return found


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.urandom(8).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()

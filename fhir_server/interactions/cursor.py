"""The sealed cursor: where the next page starts, and of which search.

https://hl7.org/fhir/R4/http.html#paging ("the format of the links is opaque to the client")

A cursor holds the search itself, so that no health data stands in a URL and the server keeps no
state. It is encrypted and authenticated (AES-SIV, which needs no nonce: the same page has the same
link) and bound to the client and to the path, so that it is of no use to another. It is no
permission: every page is decided anew.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64Error
from dataclasses import dataclass
from hashlib import shake_256

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from fhir_server.fhir.outcome import InvalidRequestError
from fhir_server.search.query import Position

_KEY_BYTES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A page of the search or history that `parameters` describe, as asked for at `at` (µs)."""

    parameters: tuple[tuple[str, str], ...]
    after: Position
    at: int


@dataclass(frozen=True, slots=True)
class CursorSeal:
    """Seals cursors and opens what it sealed; `key` comes from the deployment's secret."""

    key: bytes

    @classmethod
    def derived_from(cls, secret: bytes) -> "CursorSeal":
        """Return the seal of the deployment that has this secret."""
        return cls(shake_256(b"handoff cursor seal 1\0" + secret).digest(_KEY_BYTES))

    def seal(self, cursor: Cursor, bound_to: tuple[str, ...]) -> str:
        """Return the text of `cursor`, fit for a URL, that opens only for `bound_to`."""
        plain = msgspec.msgpack.encode(cursor)
        sealed = AESSIV(self.key).encrypt(plain, _associated(bound_to))
        return urlsafe_b64encode(sealed).decode().rstrip("=")

    def unseal(self, text: str, bound_to: tuple[str, ...]) -> Cursor:
        """Return the cursor that `text` holds.

        Raises:
            InvalidRequestError: This server did not give it to this client for this path.
        """
        try:
            sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            plain = AESSIV(self.key).decrypt(sealed, _associated(bound_to))
            return msgspec.msgpack.decode(plain, type=Cursor)
        except (NotBase64Error, ValueError, InvalidTag):
            raise InvalidRequestError(
                "`_cursor` is not one that you were given for this search. Start it again.",
                expression="_cursor",
            ) from None


def _associated(bound_to: tuple[str, ...]) -> list[bytes]:
    return [part.encode() for part in bound_to]

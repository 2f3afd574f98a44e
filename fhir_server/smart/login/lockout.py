"""Who fails again and again has to wait, whether there is such an account or not.

https://pages.nist.gov/800-63-4/sp800-63b.html#throttle . Counted by login and by address, under a
hash, so that what people typed into the wrong field is not kept. A lock ends by itself, since one
that did not would let anybody lock anybody out.
"""

from dataclasses import dataclass
from hashlib import sha256

from fhir_server.fhir.resource import MICROSECONDS
from fhir_server.storage.sessions import SessionStore

FREE_FAILURES = 5
FREE_FAILURES_OF_AN_ADDRESS = 50
_FIRST_WAIT_SECONDS = 60
_LONGEST_WAIT_SECONDS = 900
_REMEMBERED_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockout:
    """The attempts on one login from one address; `at` is microseconds."""

    store: SessionStore
    secret: bytes
    login: str
    address: str
    at: int

    @property
    def is_locked(self) -> bool:
        """Whether the attempt is refused, whatever it brings."""
        return any(self.store.locked_until(key, self.at) for key, _ in self._keys)

    def failed(self) -> None:
        """Count a failure, and lock where there were too many.

        What is tried during a lock is refused unseen and not counted, so that nobody can stretch
        somebody else's lock without end.
        """
        if self.is_locked:
            return
        for key, free in self._keys:
            expires_at = self.at + _REMEMBERED_SECONDS * MICROSECONDS
            failures = self.store.failed(key, self.at, expires_at)
            if failures >= free:
                wait = min(_FIRST_WAIT_SECONDS << min(failures - free, 8), _LONGEST_WAIT_SECONDS)
                self.store.lock(key, self.at + wait * MICROSECONDS)

    def succeeded(self) -> None:
        """Forget the failures of the login; those of the address stay."""
        self.store.succeeded(self._keys[0][0])

    @property
    def _keys(self) -> tuple[tuple[bytes, int], tuple[bytes, int]]:
        return (
            (self._hash("login", self.login), FREE_FAILURES),
            (self._hash("address", self.address), FREE_FAILURES_OF_AN_ADDRESS),
        )

    def _hash(self, kind: str, text: str) -> bytes:
        return sha256(b"\0".join((self.secret, kind.encode(), text.encode()))).digest()

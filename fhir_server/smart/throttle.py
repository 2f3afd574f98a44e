"""Failures of clients to prove themselves, counted by address: too many, and one has to wait.

https://www.rfc-editor.org/rfc/rfc6585#section-4 . Only failures count, so that an honest client is
never slowed down, however much it asks. In memory, per process: secrets of 256 bits are not guessed
anyway; this keeps logs and the database from being flooded.
"""

from collections.abc import Callable

from fhir_server.fhir.resource import MICROSECONDS

WINDOW_SECONDS = 60
MOST_FAILURES = 300
_MOST_ADDRESSES = 10_000


class Throttle:
    """`clock` gives microseconds."""

    def __init__(self, clock: Callable[[], int], *, most: int = MOST_FAILURES) -> None:
        self._clock = clock
        self._most = most
        self._window = 0
        self._failures: dict[str, int] = {}

    def wait_seconds(self, address: str) -> int:
        """Return how long this address has to wait, 0 for not at all."""
        if self._counted().get(address, 0) < self._most:
            return 0
        return WINDOW_SECONDS - self._clock() // MICROSECONDS % WINDOW_SECONDS

    def failed(self, address: str) -> None:
        """Count a failure."""
        counted = self._counted()
        if len(counted) < _MOST_ADDRESSES or address in counted:
            counted[address] = counted.get(address, 0) + 1

    def _counted(self) -> dict[str, int]:
        window = self._clock() // MICROSECONDS // WINDOW_SECONDS
        if window != self._window:
            self._window, self._failures = window, {}
        return self._failures

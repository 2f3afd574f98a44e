"""The writer's lock of a SQLite file: fair between threads and processes, and bounded in time.

SQLite has one writer; left to its busy handler, one of two processes starved for 3.7 s. Here
threads queue first in, first out, and processes pass a turnstile: who waits for the file holds
the turnstile, so that a process which has just let go cannot overtake the one that waits.
"""

import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from fhir_server.fhir.outcome import UnavailableError

# Seconds between two looks at a lock that another process holds.
_FIRST_NAP = 0.0001
_LONGEST_NAP = 0.002


class WriterLock:
    """One per database and process; `path` is a side file that all processes share."""

    def __init__(self, path: str, wait_seconds: float) -> None:
        self._wait_seconds = wait_seconds
        self._paths = (f"{path}.turnstile", path)
        self._files: tuple[int, int] | None = None
        self._opened_by = 0
        self._guard = threading.Lock()
        self._queue: deque[threading.Lock] = deque()
        self._held = False

    @contextmanager
    def held(self, wait_seconds: float | None = None) -> Iterator[None]:
        """Hold the lock for the block; `wait_seconds` in place of those of all others.

        Raises:
            UnavailableError: It could not be had within `wait_seconds`.
        """
        wait = self._wait_seconds if wait_seconds is None else wait_seconds
        deadline = time.monotonic() + wait
        self._enter_queue(deadline)
        try:
            turnstile, writer = self._descriptors()
            _take(turnstile, deadline)
            try:
                _take(writer, deadline)
            finally:
                fcntl.flock(turnstile, fcntl.LOCK_UN)
            try:
                yield
            finally:
                fcntl.flock(writer, fcntl.LOCK_UN)
        finally:
            self._leave_queue()

    def _descriptors(self) -> tuple[int, int]:
        # flock belongs to the open file, which a forked child would share with its parent.
        if self._files is None or self._opened_by != os.getpid():
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            first, second = (os.open(path, flags, 0o600) for path in self._paths)
            self._files, self._opened_by = (first, second), os.getpid()
        return self._files

    def _enter_queue(self, deadline: float) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._queue.append(mine)
        if mine.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return
        with self._guard:
            if mine in self._queue:
                self._queue.remove(mine)
                raise _busy()
        # The lock was handed over in the very moment that the wait ended: it is ours after all.

    def _leave_queue(self) -> None:
        with self._guard:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._held = False

    def close(self) -> None:
        """Close the side files."""
        if self._files is not None and self._opened_by == os.getpid():
            for descriptor in self._files:
                os.close(descriptor)
        self._files = None


def _take(descriptor: int, deadline: float) -> None:
    nap = _FIRST_NAP
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise _busy() from None
            time.sleep(nap)
            nap = min(nap * 1.5, _LONGEST_NAP)
        else:
            return


def _busy() -> UnavailableError:
    return UnavailableError("The database is busy with other writers; try again.")

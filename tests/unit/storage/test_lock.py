"""The lock of SQLite's writer: exclusive, fair, bounded."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fhir_server.fhir.outcome import UnavailableError
from fhir_server.storage.lock import WriterLock

ROOT = Path(__file__).parents[3]


def test_threads_come_one_after_another(tmp_path: Path) -> None:
    lock = WriterLock(str(tmp_path / "lock"), 10)
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(20):
            with lock.held():
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(most) == 1
    assert len(most) == 100


def test_waiting_is_bounded_and_leaves_the_lock_usable(tmp_path: Path) -> None:
    lock, other = (WriterLock(str(tmp_path / "lock"), 0.05) for _ in range(2))

    def wait_in_vain(waiting: WriterLock) -> None:
        with pytest.raises(UnavailableError), waiting.held():
            pass

    with lock.held():
        wait_in_vain(lock)
        wait_in_vain(other)
    with other.held():
        pass
    with lock.held():
        pass


# Takes the lock again and again; prints how often it had it within a second.
GREEDY = """
import sys, time
from fhir_server.storage.lock import WriterLock
lock = WriterLock(sys.argv[1], 10)
deadline, times = time.monotonic() + 1, 0
while time.monotonic() < deadline:
    with lock.held():
        time.sleep(0.001)
        times += 1
print(times)
"""


def test_two_greedy_processes_both_get_their_turn(tmp_path: Path) -> None:
    command = [sys.executable, "-c", GREEDY, str(tmp_path / "lock")]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)
    ]

    turns = [int(process.communicate()[0]) for process in processes]

    assert min(turns) * 4 > max(turns)


def test_lock_of_a_dead_process_is_free(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    code = (
        "import sys, time\nfrom fhir_server.storage.lock import WriterLock\n"
        "with WriterLock(sys.argv[1], 1).held():\n    print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, path], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert holder.stdout is not None
    holder.stdout.readline()

    holder.kill()
    holder.wait()
    holder.stdout.close()

    started = time.monotonic()
    with WriterLock(path, 5).held():
        assert time.monotonic() - started < 5

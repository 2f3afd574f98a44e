"""What a workload is, and what running it gives."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One run: `rate` per second, latencies in milliseconds (0 where the run has none)."""

    rate: float
    p50: float = 0.0
    p99: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The running server: its address, how to get a token, and the material of the run.

    `token(client)` gives a fresh access token of a demo client. `seconds` is the length of one run.
    `archive` holds transaction Bundles, where the operator has some. `variant` names what the
    server leaves out (bench/variants.py), "" for the real one.
    """

    url: str
    token: Callable[[str], str]
    seconds: int
    workdir: Path
    archive: Path | None
    variant: str = ""

    def client(self, name: str) -> httpx.Client:
        """Return an HTTP client that is logged in as the demo client `name`."""
        return httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self.token(name)}"},
            timeout=60,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """`run` prepares, checks the answer and measures once; None: its material is missing.

    `needs` says what material that is. A workload that fills the database runs `once`.
    """

    id: str
    title: str
    unit: str
    targets: dict[str, float]
    run: Callable[[Target], Measurement | None]
    needs: str = ""
    once: bool = False


class WrongAnswerError(Exception):
    """The server answered a workload's request wrongly: the figure would be worthless."""

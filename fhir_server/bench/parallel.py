"""Post many bodies from two connections, and time it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from statistics import median
from time import perf_counter

from httpx import codes

from fhir_server.bench.workload import Target, WrongAnswerError

CLIENTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How long all of it took, in seconds, and single requests, in milliseconds."""

    seconds: float
    p50: float
    p99: float
    answers: tuple[bytes, ...]


def post_all(
    target: Target, client: str, path: str, content_type: str, bodies: Sequence[bytes]
) -> Done:
    """Post `bodies` to `path` from two clients at once.

    Raises:
        WrongAnswerError: An answer was not 200.
    """
    shares = [list(islice(bodies, start, None, CLIENTS)) for start in range(CLIENTS)]
    begin = perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        runs = pool.map(lambda share: _post(target, client, path, content_type, share), shares)
        timed = [one for run in runs for one in run]
    seconds = perf_counter() - begin
    milliseconds = sorted(1000 * taken for taken, _ in timed)
    return Done(
        seconds=seconds,
        p50=median(milliseconds),
        p99=milliseconds[int(0.99 * (len(milliseconds) - 1))],
        answers=tuple(body for _, body in timed),
    )


def _post(
    target: Target, name: str, path: str, content_type: str, bodies: Sequence[bytes]
) -> list[tuple[float, bytes]]:
    timed = []
    with target.client(name) as client:
        for body in bodies:
            begin = perf_counter()
            answer = client.post(path, content=body, headers={"Content-Type": content_type})
            if answer.status_code != codes.OK:
                raise WrongAnswerError(f"POST {path} was answered {answer.status_code}.")
            timed.append((perf_counter() - begin, answer.content))
    return timed

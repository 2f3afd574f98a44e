"""W6: transaction Bundles over HTTP, two clients."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

from fhir_server.bench.parallel import post_all
from fhir_server.bench.workload import Measurement, Target, Workload, WrongAnswerError

CLIENT = "demo-mobile-crisis"


def _run(target: Target) -> Measurement | None:
    if target.archive is None:
        return None
    bundles = list(_bundles(target.archive))
    resources = sum(len(json.loads(body)["entry"]) for body in bundles)
    with target.client(CLIENT) as client:
        before = _patients(client.get("/fhir/Patient", params={"_summary": "count"}).json())
        done = post_all(target, CLIENT, "/fhir", "application/fhir+json", bundles)
        after = _patients(client.get("/fhir/Patient", params={"_summary": "count"}).json())
    if after - before != len(bundles):
        raise WrongAnswerError("The patients that were loaded are not found again.")
    return Measurement(rate=resources / done.seconds, p50=done.p50, p99=done.p99)


def _bundles(archive: Path) -> Iterator[bytes]:
    with tarfile.open(archive) as opened:
        for member in opened:
            file = opened.extractfile(member) if member.name.endswith(".json") else None
            if file is not None and b'"Patient"' in (body := file.read()):
                yield body


def _patients(page: dict[str, int]) -> int:
    return page["total"]


WORKLOAD = Workload(
    id="W6",
    title="load transaction Bundles, 2 clients",
    unit="resources/s",
    targets={"postgresql": 2500, "sqlite": 3000},
    run=_run,
    needs="an archive of transaction Bundles (--archive)",
    once=True,
)

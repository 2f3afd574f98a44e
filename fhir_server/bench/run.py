"""Run the workloads several times and write what came out, the misses included."""

import platform
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from fhir_server import registry
from fhir_server.bench import workloads
from fhir_server.bench.picture import Bar, draw
from fhir_server.bench.variants import UNAUDITED, UNVALIDATED
from fhir_server.bench.workload import Measurement, Target, Workload

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """What `variant` leaves out costs `workload` at most `target` times as much."""

    title: str
    workload: str
    variant: str
    target: float


RATIOS = {
    "validation": Ratio(
        title="W2 with validation against profiles over without",
        workload="W2",
        variant=UNVALIDATED,
        target=1.5,
    ),
    "audit": Ratio(
        title="W1 with audit over without", workload="W1", variant=UNAUDITED, target=1.3
    ),
}


def run(
    target: Target, dialect: str, *, times: int, only: Sequence[str], report: Report
) -> dict[str, Any]:
    """Return the results of every workload (or of those in `only`), by its id."""
    found = registry.discover(workloads, "WORKLOAD", Workload)
    chosen = [workload for workload in found if not only or workload.id in only]
    results = {}
    for workload in chosen:
        result = _measure(workload, target, dialect, times)
        report(_line(workload, result))
        results[workload.id] = result
    return results


def _measure(workload: Workload, target: Target, dialect: str, times: int) -> dict[str, Any]:
    runs = [workload.run(target) for _ in range(1 if workload.once else times)]
    done = [found for found in runs if found is not None]
    described = {"title": workload.title, "unit": workload.unit}
    if not done:
        return {**described, "skipped": workload.needs}
    middle = Measurement(
        rate=median(found.rate for found in done),
        p50=median(found.p50 for found in done),
        p99=median(found.p99 for found in done),
    )
    rounded = {name: round(value, 2) for name, value in asdict(middle).items()}
    runs_of = [round(found.rate, 1) for found in done]
    return {**described, "target": workload.targets[dialect], **rounded, "runs": runs_of}


def ratio(cost: Ratio, real: Target, variant: Target, times: int) -> dict[str, Any]:
    """Return how much longer the real server takes than the variant, both measured in turns."""
    (workload,) = [
        found
        for found in registry.discover(workloads, "WORKLOAD", Workload)
        if found.id == cost.workload
    ]
    runs = []
    for _ in range(times):
        with_it, without = workload.run(real), workload.run(variant)
        if with_it is not None and without is not None:
            runs.append(without.rate / with_it.rate)
    return {
        "title": cost.title,
        "target": cost.target,
        "ratio": round(median(runs), 2),
        "runs": [round(found, 2) for found in runs],
    }


def _line(workload: Workload, result: dict[str, Any]) -> str:
    if "skipped" in result:
        return f"{workload.id}  {workload.title}: skipped, {result['skipped']}"
    return (
        f"{workload.id}  {workload.title}: {result['rate']:,.0f} {workload.unit}"
        f" (target {result['target']:,.0f}), p50 {result['p50']} ms, p99 {result['p99']} ms"
    )


def write(
    folder: Path, dialect: str, people: int, results: dict[str, Any], ratios: dict[str, Any]
) -> Path:
    """Write `<dialect>.json` and `<dialect>.svg` into `folder`; return the former's path."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "tree": _commit(),
        "machine": {"cores": _cores(), "python": platform.python_version()},
        "database": dialect,
        "demo_people": people,
        "workloads": results,
        "ratios": ratios,
    }
    path = folder / f"{dialect}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
    bars = [_bar(id_, found) for id_, found in results.items() if "rate" in found]
    (folder / f"{dialect}.svg").write_text(draw(f"Measured and aimed at, {dialect}", bars))
    return path


def _bar(id_: str, result: dict[str, Any]) -> Bar:
    return Bar(
        label=f"{id_} {result['title']}",
        unit=result["unit"],
        value=result["rate"],
        target=result["target"],
    )


def _cores() -> int:
    return len(Path("/proc/cpuinfo").read_text().split("processor\t")) - 1


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - the git of the PATH
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"

"""`handoff bench`: run the workloads against the real server and write what came out."""

import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import click

from fhir_server.bench import run
from fhir_server.bench.run import Ratio
from fhir_server.bench.server import beside, serving
from fhir_server.bench.workload import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for on the command line."""

    database_url: str | None
    people: int
    seconds: int
    runs: int
    only: tuple[str, ...]
    archive: Path | None
    output: Path


_PATH = click.Path(path_type=Path)


@click.command("bench")
@click.option("--database", "database_url", help="An empty database; default: a new SQLite file.")
@click.option("--people", default=1000, show_default=True, help="People of the demo's region.")
@click.option("--seconds", default=10, show_default=True, help="Length of one run.")
@click.option("--runs", default=3, show_default=True, help="Runs; the median counts.")
@click.option("--only", multiple=True, help="A workload's id, such as W1; may be repeated.")
@click.option("--archive", type=_PATH, help="A .tar.xz of transaction Bundles, for W6.")
@click.option("--output", type=_PATH, default=Path("conformance/results/performance"))
def COMMAND(**asked: object) -> None:  # noqa: N802 - the constant that every command exports
    r"""Measure this server on this machine, over HTTP, with everything on.

    A server of its own is started on an empty database, filled with a demo region, driven by wrk
    from 16 connections, and its answers are checked. Results go to --output as JSON and SVG.

    \b
    Examples:
      handoff bench
      handoff bench --only W1 --runs 1
      handoff bench --database postgresql://handoff:secret@localhost/empty
    """
    options = Options(**asked)  # type: ignore[arg-type]  # click has checked them
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as folder:
        _bench(options, Path(folder))


def _bench(options: Options, workdir: Path) -> None:
    database = options.database_url or f"sqlite:///{workdir / 'bench.db'}"
    dialect = database.split(":", 1)[0].split("+", 1)[0]
    click.echo(f"Filling {dialect} with {options.people} people")
    with serving(database, people=options.people, workdir=workdir) as (url, environment):
        target = Target(
            url=url,
            token=lambda client: _token(client, environment),
            seconds=options.seconds,
            workdir=workdir,
            archive=options.archive,
        )
        results = run.run(target, dialect, times=options.runs, only=options.only, report=click.echo)
        ratios = {
            name: _ratio(cost, target, environment, options.runs)
            for name, cost in run.RATIOS.items()
            if cost.workload in results
        }
    written = run.write(options.output, dialect, options.people, results, ratios)
    click.echo(f"Wrote {written}")


def _ratio(
    cost: Ratio, target: Target, environment: dict[str, str], times: int
) -> dict[str, object]:
    with beside(environment, cost.variant) as url:
        variant = replace(target, url=url, variant=cost.variant)
        found = run.ratio(cost, target, variant, times)
    click.echo(f"{cost.title}: {found['ratio']} (target {cost.target})")
    return found


def _token(client: str, environment: dict[str, str]) -> str:
    key = Path(environment["DEMO_KEYS"]) / f"{client}.jwk"
    command = [sys.executable, "-m", "fhir_server", "token", "--client", client, "--key", str(key)]
    if client == "demo-emergency-department":
        command += ["--purpose", "TREAT"]
    done = subprocess.run(  # noqa: S603 - our own command
        command, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()

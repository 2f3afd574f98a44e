"""`handoff load`: transaction Bundles straight into the database."""

import gc
import sys
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import click
from tqdm import tqdm

from fhir_server import bootstrap
from fhir_server.access.identity import identifier
from fhir_server.access.organizations import organization
from fhir_server.access.repository import Repository
from fhir_server.bulk.load import Loaded, load
from fhir_server.bulk.source import bundles, is_readable, size
from fhir_server.settings import Settings

HELP = """Load FHIR transaction Bundles straight into the database.

PATH is a Bundle (.json), a file with a Bundle on each line (.ndjson), a folder of them, or a tar
archive of them (.tar, .tar.xz, .tar.gz, .tar.bz2).

Each Bundle is one transaction: it is in as a whole or not at all. A Bundle that was loaded before
is passed over, so that a load which was interrupted goes on where it ended, and loading twice
doubles nothing. Refused entries are named on standard error with their reasons, and make the exit
code 1; the other Bundles stand.

ORGANIZATION is the id or the exact name of an Organization; where none has the name, it is
created. It becomes the custodian of what is loaded.

\b
Examples:
  handoff load --organization "Larkspur General" patients.tar.xz
  handoff load --organization "Larkspur General" export/ more/bundle.json
"""


_OBJECTS_BETWEEN_COLLECTIONS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a whole load came to."""

    bundles: int = 0
    replayed: int = 0
    resources: Counter[str] = field(default_factory=Counter)
    refused: tuple[Loaded, ...] = ()

    def plus(self, loaded: Loaded) -> "Summary":
        """Return the summary with one more Bundle."""
        if loaded.issues:
            return Summary(
                bundles=self.bundles,
                replayed=self.replayed,
                resources=self.resources,
                refused=(*self.refused, loaded),
            )
        new = Counter() if loaded.replayed else Counter(loaded.resources)
        return Summary(
            bundles=self.bundles + (not loaded.replayed),
            replayed=self.replayed + loaded.replayed,
            resources=self.resources + new,
            refused=self.refused,
        )


@click.command("load", help=HELP)
@click.option("--organization", "owner", required=True, help="The custodian: an id or a name.")
@click.argument(
    "paths",
    metavar="PATH...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@click.pass_obj
def load_(settings: Settings, owner: str, paths: Sequence[Path]) -> None:
    """Load Bundles.

    Raises:
        click.BadParameter: A path is of no kind that Bundles are read from.
        click.ClickException: An archive is damaged.
    """
    for path in paths:
        if not is_readable(path):
            raise click.BadParameter(f"`{path}` is no .json, .ndjson, folder or tar archive.")
    with closing(bootstrap.of(settings)) as server:
        mine = organization(server.repository(server.system()), owner, identifier(server.secret))
        context = server.system(organization=mine.key, organization_id=mine.id)
        try:
            summary = _load_all(paths, server.repository(context))
        except (tarfile.TarError, EOFError, OSError) as error:
            raise click.ClickException(f"Reading stopped: {error}") from error
    _report(summary)
    if summary.refused:
        raise SystemExit(1)


COMMAND = load_


def _load_all(paths: Iterable[Path], repository: Repository) -> Summary:
    # A Bundle is a million small objects without cycles: looking for garbage costs a tenth.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    summary = Summary()
    with tqdm(total=size(paths), unit="B", unit_scale=True, desc="Loading") as bar:
        for found in bundles(paths):
            loaded = load(found, repository)
            summary = summary.plus(loaded)
            for line in _refusals(loaded):
                tqdm.write(line, file=sys.stderr)
            bar.update(found.read_bytes)
            bar.set_postfix_str(f"{summary.resources.total():,} resources", refresh=False)
    return summary


def _refusals(loaded: Loaded) -> Iterator[str]:
    for issue in loaded.issues:
        yield f"{loaded.name}: {issue.expression or 'Bundle'}: {issue.diagnostics}"


def _report(summary: Summary) -> None:
    width = max(map(len, summary.resources), default=0)
    for name, count in sorted(summary.resources.items()):
        click.echo(f"{name:<{width}}  {count:>9,}")
    click.echo(
        f"{summary.resources.total():,} resources of {summary.bundles:,} Bundles loaded,"
        f" {summary.replayed:,} Bundles were in before, {len(summary.refused):,} refused."
    )

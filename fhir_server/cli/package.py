"""`handoff package`: add FHIR packages to a deployment, list them, build the crisis guide's."""

import shutil
from collections import Counter
from pathlib import Path

import click

from fhir_server import bootstrap
from fhir_server.fhir.outcome import PackageError
from fhir_server.packages import guide, source
from fhir_server.packages.load import COMPILED, SUFFIX, require_r4
from fhir_server.packages.package import Package
from fhir_server.settings import Settings

HELP = """FHIR packages: definitions that resources are validated against.

The packages in PACKAGES_DIR are loaded when the server starts. The R4 definitions and the crisis
guide are always there.

\b
Examples:
  handoff package add hl7.fhir.us.core-7.0.0.tgz
  handoff package list
  handoff package build --output crisis.tgz
"""
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("package", help=HELP)
def package() -> None:
    """Group the commands."""


COMMAND = package


@package.command("add")
@click.argument("file", metavar="FILE.tgz", type=_FILE)
@click.pass_obj
def add(settings: Settings, file: Path) -> None:
    """Put a package into PACKAGES_DIR and compile it; a server has it after its next start.

    What the package builds upon and is not there is named on standard error.
    """
    manifest = source.read_manifest(file)
    require_r4(file, manifest)
    folder = Path(settings.packages_dir)
    target = folder / f"{manifest.name}-{manifest.version}{SUFFIX}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (target.exists() and target.samefile(file)):
            unfinished = target.with_suffix(".partial")
            shutil.copyfile(file, unfinished)
            unfinished.replace(target)
    except OSError as error:
        raise PackageError(f"`{folder}` cannot be written: {error.strerror}.") from None
    _load(settings, manifest.label, target)


def _load(settings: Settings, label: str, target: Path) -> None:
    """Compile what was added; what cannot be compiled is not kept.

    Raises:
        PackageError: It is damaged.
    """
    for stale in (target.parent / COMPILED).glob(f"{label}-*"):
        stale.unlink(missing_ok=True)
    try:
        loaded = bootstrap.packages(settings)
    except PackageError:
        target.unlink(missing_ok=True)
        raise
    for warning in loaded.warnings:
        if label in warning:
            click.echo(f"Warning: {warning}", err=True)
    for found in loaded.all:
        if f"{found.name}#{found.version}" == label:
            click.echo(f"{label}: {_contents(found)}")


@package.command("list")
@click.pass_obj
def list_(settings: Settings) -> None:
    """Print a line for each package that a server loads, and what it defines."""
    loaded = bootstrap.packages(settings)
    for found in loaded.all:
        click.echo(f"{found.name}#{found.version}: {_contents(found)}")
    for warning in loaded.warnings:
        click.echo(f"Warning: {warning}", err=True)


def _contents(found: Package) -> str:
    counts = Counter({type_: len(found.entries(type_)) for type_ in found.types})
    return ", ".join(f"{count:,} {type_}" for type_, count in counts.most_common()) or "nothing"


@package.command("build")
@click.option(
    "--output", type=click.Path(path_type=Path), help="File to write; default: its name, here."
)
@click.option(
    "--source",
    "root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    show_default=True,
    help="Checkout of the project, which has profiles/ and terminology/.",
)
def build(root: Path, output: Path | None) -> None:
    """Write the crisis guide as a FHIR package that other systems can install."""
    built = guide.build(root)
    target = output or Path(built.name)
    try:
        target.write_bytes(built.content)
    except OSError as error:
        raise PackageError(f"`{target}` cannot be written: {error.strerror}.") from None
    click.echo(str(target))

"""Loads the packages of a folder: each compiled once, in the order in which they build up.

https://hl7.org/fhir/R4/packages.html

The compiled files stand in a folder beside the packages. Their names are hashes of what they are
made of (the package, those that it builds upon, the compiler), so none is ever stale, and processes
that start together may at worst compile the same twice.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from fhir_server.fhir.canonical import satisfies
from fhir_server.fhir.outcome import PackageError
from fhir_server.packages import compiled, source
from fhir_server.packages.compiled import CompiledPackage
from fhir_server.packages.complete import complete
from fhir_server.packages.packages import Packages
from fhir_server.packages.source import Manifest

COMPILED = ".compiled"
SUFFIX = ".tgz"
_ANY_VERSION = frozenset({"latest", "current", "dev"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: Path
    manifest: Manifest
    digest: str


def load(folder: Path, below: Packages, files: Sequence[Path] = ()) -> Packages:
    """Return `below` with the packages (.tgz) of `folder`, if it exists, and `files` on top.

    Raises:
        PackageError: One is no FHIR package for R4, or damaged.
    """
    warnings = list(below.warnings)
    packages = below
    keys: dict[str, str] = {}
    for found in _in_order(_once(_file(path) for path in (*in_folder(folder), *files))):
        name = found.manifest.name
        keys[name] = hashlib.sha256(f"{keys.get(name)} {_key(found, keys)}".encode()).hexdigest()
        target = folder / COMPILED / f"{found.manifest.label}-{keys[name][:32]}.package"
        package, unwritten = _compiled(found, target, packages)
        packages = Packages((*packages.all, package))
        warnings += [*package.warnings, *unwritten]
    return Packages(packages.all, warnings=(*warnings, *_missing(packages)))


def in_folder(folder: Path) -> list[Path]:
    """Return the packages of a folder, none where it does not exist."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def _once(files: Iterable[_File]) -> list[_File]:
    """Return each package once; of two with the same name and version the last."""
    return list({found.manifest.label: found for found in files}.values())


def _file(path: Path) -> _File:
    manifest = source.read_manifest(path)
    require_r4(path, manifest)
    return _File(path=path, manifest=manifest, digest=source.digest(path))


def require_r4(path: Path, manifest: Manifest) -> None:
    """Require that a package is for this version of FHIR, if it says for which it is.

    Raises:
        PackageError: It is for another.
    """
    versions = manifest.fhir_versions
    if versions and not any(satisfies(version, "4.0") for version in versions):
        named = ", ".join(versions)
        raise PackageError(f"`{path}` is for FHIR {named}; this server is of R4 (4.0.1).")


def _in_order(files: Iterable[_File]) -> list[_File]:
    """Return each file after those that it depends on; a circle is entered at its first file."""
    by_name: dict[str, list[_File]] = {}
    for found in files:
        by_name.setdefault(found.manifest.name, []).append(found)
    ordered: list[_File] = []
    begun: set[str] = set()

    def visit(name: str) -> None:
        if name in begun:
            return
        begun.add(name)
        for found in by_name.get(name, ()):
            for dependency in found.manifest.dependencies:
                visit(dependency)
        ordered.extend(by_name.get(name, ()))

    for name in by_name:
        visit(name)
    return ordered


def _key(found: _File, keys: Mapping[str, str]) -> str:
    upon = [keys.get(name, "") for name in sorted(found.manifest.dependencies)]
    return " ".join((found.digest, compiler(), *upon))


@cache
def compiler() -> str:
    """Return a hash of the code that compiles packages."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(found.read_bytes() for found in sources)).hexdigest()


def _compiled(found: _File, target: Path, below: Packages) -> tuple[CompiledPackage, Sequence[str]]:
    """Return the compiled package, and a warning where it cannot be kept for the next start."""
    if target.exists():
        return CompiledPackage(target), ()
    try:
        compile_package(found.path, target, below)
    except OSError as error:
        with TemporaryDirectory() as folder:  # what is mapped stays when its name is gone
            temporary = Path(folder) / target.name
            compile_package(found.path, temporary, below)
            reason = f"`{target.parent}` cannot be written ({error.strerror})"
            warning = f"{reason}: `{found.manifest.label}` is compiled anew at each start."
            return CompiledPackage(temporary), (warning,)
    return CompiledPackage(target), ()


def compile_package(path: Path, target: Path, below: Packages) -> None:
    """Compile the package at `path`, which builds upon `below`, into `target`.

    Raises:
        PackageError: It is no FHIR package, or damaged.
        OSError: `target` cannot be written.
    """
    read = source.read(path)
    resources, warnings = complete(read.resources, below.resolve)
    compiled.write(target, read.manifest, resources, warnings)


def _missing(packages: Packages) -> list[str]:
    """Return a warning for each dependency that is not loaded."""
    versions: dict[str, list[str]] = {}
    for package in packages.all:
        versions.setdefault(package.name, []).append(package.version)
    return [
        _warning(f"{package.name}#{package.version}", name, version, versions.get(name, ()))
        for package in packages.all
        for name, version in package.dependencies.items()
        if not _is_loaded(version, versions.get(name, ()))
    ]


def _is_loaded(wanted: str, versions: Sequence[str]) -> bool:
    return any(wanted in _ANY_VERSION or satisfies(found, wanted) for found in versions)


def _warning(package: str, name: str, version: str, loaded: Sequence[str]) -> str:
    instead = f"only {', '.join(loaded)} is loaded" if loaded else "it is not loaded"
    return (
        f"`{package}` builds upon `{name}#{version}`, but {instead}:"
        " nothing is checked against what is defined there."
    )

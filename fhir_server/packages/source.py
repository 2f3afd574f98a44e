"""Reads a FHIR package: a gzipped tar with `package/package.json` and one file per resource.

https://hl7.org/fhir/R4/packages.html and https://confluence.hl7.org/display/FHIR/NPM+Package+Specification

A package comes from elsewhere and is not trusted: a path out of its folder, too many or too large
files, and what is not JSON are refused. Examples are left out, and so is what has no canonical URL.
"""

import hashlib
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import FhirError, PackageError
from fhir_server.fhir.resource import Json, Resource, type_of

MOST_BYTES = 1_000_000_000  # of all files together, unpacked; the largest known has a fifth of it
MOST_BYTES_OF_A_FILE = 100_000_000
MOST_FILES = 200_000

_MANIFEST = "package/package.json"
_DEFINITION = re.compile(r"package/[^/]+\.json")
_NAME = re.compile(r"[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]+)*")
_VERSION = re.compile(r"[A-Za-z0-9.+_\-]+")
# In the same folder as the definitions, but none themselves.
_NO_DEFINITION = frozenset({"", "Bundle", "Parameters"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What package.json says; `dependencies` is package name to version."""

    name: str
    version: str
    canonical: str
    fhir_versions: tuple[str, ...]
    dependencies: Mapping[str, str]

    @property
    def label(self) -> str:
        """`hl7.fhir.us.core#7.0.0`."""
        return f"{self.name}#{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A package as it was read."""

    manifest: Manifest
    resources: tuple[Resource, ...]


def digest(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal.

    Raises:
        PackageError: It cannot be read.
    """
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise PackageError(f"`{file}` cannot be read: {error.strerror}.") from None


def read_manifest(file: Path) -> Manifest:
    """Return what the package.json of a package says.

    Raises:
        PackageError: It is no FHIR package, or damaged.
    """
    for name, content in _files(file):
        if name == _MANIFEST:
            return _manifest(file, content)
    raise PackageError(f"`{file}` has no `{_MANIFEST}`: it is no FHIR package.")


def read(file: Path) -> Source:
    """Return the definitions of a package.

    Raises:
        PackageError: It is no FHIR package, or damaged.
    """
    manifest: Manifest | None = None
    resources = []
    for name, content in _files(file):
        if name == _MANIFEST:
            manifest = _manifest(file, content)
        elif _is_definition(found := _decoded(file, name, content)):
            resources.append(found)
    if manifest is None:
        raise PackageError(f"`{file}` has no `{_MANIFEST}`: it is no FHIR package.")
    return Source(manifest=manifest, resources=tuple(resources))


def _is_definition(found: Resource) -> bool:
    return type_of(found) not in _NO_DEFINITION and isinstance(found.get("url"), str)


def _files(file: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every JSON file that stands directly in `package/`."""
    try:
        with tarfile.open(file, mode="r:gz") as archive:
            left = MOST_BYTES
            for number, member in enumerate(archive):
                left -= member.size
                _refuse_hostile(file, member, left, number)
                opened = archive.extractfile(member) if _is_wanted(member) else None
                if opened is not None:
                    yield member.name, _content(opened)
    except OSError as error:
        raise PackageError(f"`{file}` cannot be read: {error.strerror or error}.") from None
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise PackageError(f"`{file}` is no FHIR package (.tgz), or damaged: {error}.") from None


def _content(opened: IO[bytes]) -> bytes:
    with opened:
        return opened.read()


def _is_wanted(member: tarfile.TarInfo) -> bool:
    return member.isfile() and _DEFINITION.fullmatch(member.name) is not None


def _refuse_hostile(file: Path, member: tarfile.TarInfo, left: int, number: int) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise PackageError(f"`{file}` has a file outside of its folder: `{member.name}`.")
    if member.issym() or member.islnk() or member.isdev():
        raise PackageError(f"`{file}` has a link or a device: `{member.name}`.")
    if member.size > MOST_BYTES_OF_A_FILE or left < 0 or number >= MOST_FILES:
        raise PackageError(
            f"`{file}` is larger than a package may be: at `{member.name}` it exceeds"
            f" {MOST_BYTES_OF_A_FILE} bytes a file, {MOST_BYTES} in all, or {MOST_FILES} files."
        )


def _decoded(file: Path, name: str, content: bytes) -> Resource:
    try:
        return decode(content)
    except FhirError as error:
        raise PackageError(f"`{name}` in `{file}` is damaged. {error}") from None


def _manifest(file: Path, content: bytes) -> Manifest:
    found = _decoded(file, _MANIFEST, content)
    name, version = found.get("name"), found.get("version")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise PackageError(f"`{_MANIFEST}` in `{file}` has no `name` of letters, digits, `.-_`.")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise PackageError(
            f"`{_MANIFEST}` in `{file}` has no `version` of letters, digits, `.-+_`."
        )
    canonical = found.get("canonical")
    return Manifest(
        name=name,
        version=version,
        canonical=canonical if isinstance(canonical, str) else "",
        fhir_versions=_texts(found.get("fhirVersions", found.get("fhir-version-list"))),
        dependencies=_dependencies(found.get("dependencies")),
    )


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _dependencies(value: Json) -> Mapping[str, str]:
    found = value.items() if isinstance(value, dict) else ()
    return {name: version for name, version in found if isinstance(version, str)}

"""Builds the crisis implementation guide as an installable FHIR package (.tgz).

https://hl7.org/fhir/R4/packages.html and https://hl7.org/fhir/R4/implementationguide.html

The definitions are those of `profiles/` and `terminology/`, and the valid examples of
`profiles/examples/` go along. The same files give the same bytes, wherever and whenever.
"""

import gzip
import io
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from fhir_server.fhir import crisis
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import FhirError, PackageError
from fhir_server.fhir.resource import Element, Resource, id_of, items, type_of

PROFILES = "profiles"
TERMINOLOGY = "terminology"
# What the guide is called while it has no ImplementationGuide to say it.
_NAME = "crisis-continuity.fhir"
_VERSION = "0.1.0"
_CORE = "hl7.fhir.r4.core"
_FHIR = "4.0.1"
_INDEXED = ("id", "url", "version", "kind", "type", "supplements", "content")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """The package: its file name and its bytes."""

    name: str
    content: bytes


def build(root: Path) -> Guide:
    """Return the package of the guide whose folders stand in `root`.

    Raises:
        PackageError: There are no such folders, or a file is not a resource with an id.
    """
    if not (root / PROFILES).is_dir() or not (root / TERMINOLOGY).is_dir():
        raise PackageError(
            f"`{root}` has no `{PROFILES}/` and `{TERMINOLOGY}/`: name the folder of a checkout."
        )
    definitions = _resources((root / PROFILES).glob("*.json"))
    definitions |= _resources((root / TERMINOLOGY).glob("*.json"))
    examples = _resources((root / PROFILES / "examples").glob("*/valid-*.json"))
    manifest = _manifest(definitions.values())
    files = {"package/package.json": _json(manifest)}
    for folder, found in (("package", definitions), ("package/example", examples)):
        if found:
            files[f"{folder}/.index.json"] = _json(_index(found))
        files |= {f"{folder}/{name}": _json(resource) for name, resource in found.items()}
    return Guide(
        name=f"{manifest['name']}-{manifest['version']}.tgz",
        content=_archive(files),
    )


def _resources(paths: Iterable[Path]) -> dict[str, Resource]:
    """Return the resources of files by the names that they have in a package."""
    found: dict[str, Resource] = {}
    for path in sorted(paths):
        try:
            resource = decode(path.read_bytes())
        except FhirError as error:
            raise PackageError(f"`{path}` cannot be read. {error}") from None
        name = f"{type_of(resource)}-{id_of(resource)}.json"
        if not type_of(resource) or not id_of(resource):
            raise PackageError(f"`{path}` needs a `resourceType` and an `id`.")
        if name in found:
            raise PackageError(f"`{path}` has the type and the id of a file before it.")
        found[name] = resource
    return found


def _manifest(definitions: Iterable[Resource]) -> Element:
    guide = next((f for f in definitions if type_of(f) == "ImplementationGuide"), {})
    depends = items(guide, "dependsOn")
    return {
        "name": guide.get("packageId", _NAME),
        "version": guide.get("version", _VERSION),
        "canonical": crisis.CANONICAL,
        "url": crisis.CANONICAL,
        "title": guide.get("title", "Crisis continuity of care"),
        "description": guide.get("description", "The crisis implementation guide."),
        "author": guide.get("publisher", "Handoff"),
        "license": guide.get("license", "CC0-1.0"),
        "fhirVersions": guide.get("fhirVersion", [_FHIR]),
        "type": "IG",
        "dependencies": {_CORE: _FHIR}
        | {found["packageId"]: found["version"] for found in depends if "packageId" in found},
        "directories": {"lib": "package", "example": "example"},
    }


def _index(resources: dict[str, Resource]) -> Element:
    """Return the index that lets a reader find resources without opening every file."""
    return {
        "index-version": 2,
        "files": [
            {"filename": name, "resourceType": type_of(found)}
            | {key: found[key] for key in _INDEXED if isinstance(found.get(key), str)}
            for name, found in resources.items()
        ],
    }


def _json(value: Element) -> bytes:
    encoded = msgspec.json.Encoder(decimal_format="number").encode(value)
    return msgspec.json.format(encoded, indent=2) + b"\n"


def _archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    # Neither the time nor the name of a file goes into the header.
    with (
        gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for member, content in _members(files):
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _members(files: dict[str, bytes]) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    for name, content in files.items():
        member = tarfile.TarInfo(name)
        member.size = len(content)
        member.mode = 0o644
        yield member, content

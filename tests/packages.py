"""FHIR packages made up for tests, and profiles to put into them."""

import gzip
import io
import json
import tarfile
from pathlib import Path

from fhir_server.fhir.resource import Element, Json, Resource

BASE = "http://hl7.org/fhir/StructureDefinition/"
URL = "http://a.org/StructureDefinition/"


def profile(
    name: str, type_: str, elements: list[Element], *, base: str = "", **more: Json
) -> Resource:
    """Return a profile that has a differential only."""
    return {
        "resourceType": "StructureDefinition",
        "id": name,
        "url": URL + name,
        "version": "1.0.0",
        "name": name,
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": type_,
        "baseDefinition": base or BASE + type_,
        "derivation": "constraint",
        "differential": {"element": elements},
        **more,
    }


def manifest(name: str = "a.package", version: str = "1.0.0", **more: Json) -> Element:
    return {"name": name, "version": version, "fhirVersions": ["4.0.1"], **more}


def write_package(file: Path, *resources: Resource, said: Element | None = None) -> Path:
    """Write a package with `resources`, and `said` (or a plain manifest) as its package.json."""
    members = {"package/package.json": manifest() if said is None else said}
    for found in resources:
        members[f"package/{found['resourceType']}-{found['id']}.json"] = found
    return write_members(file, {name: json.dumps(v).encode() for name, v in members.items()})


def write_members(file: Path, members: dict[str, bytes]) -> Path:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    file.write_bytes(gzip.compress(packed.getvalue()))
    return file

"""The compiled form gives back what was put in, a piece at a time."""

from decimal import Decimal
from pathlib import Path

import pytest

from fhir_server.fhir.outcome import PackageError
from fhir_server.fhir.resource import Resource
from fhir_server.packages import compiled
from fhir_server.packages.compiled import CompiledPackage
from fhir_server.packages.source import Manifest

MANIFEST = Manifest(
    name="a.package",
    version="1.0.0",
    canonical="http://a.org",
    fhir_versions=("4.0.1",),
    dependencies={"b": "2"},
)


def value_set(name: str, **more: object) -> Resource:
    return {"resourceType": "ValueSet", "id": name, "url": f"http://a.org/{name}", **more}


def test_every_definition_is_found_again(tmp_path: Path) -> None:
    file = tmp_path / "new" / "a.package"
    many = [value_set(f"v{n}", title=f"The value set number {n}") for n in range(200)]
    system: Resource = {"resourceType": "CodeSystem", "id": "c", "url": "http://a.org/c"}
    compiled.write(file, MANIFEST, [*many, system], ["A warning."])

    package = CompiledPackage(file)
    read = [package.read(entry) for entry in package.entries("ValueSet")]
    assert read == many
    assert [package.read(entry) for entry in package.entries("CodeSystem")] == [system]
    assert package.entries("Patient") == ()
    assert package.types == ("CodeSystem", "ValueSet")
    assert (package.name, package.version) == ("a.package", "1.0.0")
    assert (package.dependencies, package.canonical) == ({"b": "2"}, "http://a.org")
    assert package.warnings == ("A warning.",)


def test_the_digits_of_decimals_are_kept(tmp_path: Path) -> None:
    extension = {"url": "http://a.org/d", "valueDecimal": Decimal("1.00")}
    compiled.write(tmp_path / "a", MANIFEST, [value_set("v", extension=[extension])])

    package = CompiledPackage(tmp_path / "a")
    (found,) = package.read(package.entries("ValueSet")[0])["extension"]
    assert str(found["valueDecimal"]) == "1.00"


def test_narrative_is_left_out(tmp_path: Path) -> None:
    compiled.write(tmp_path / "a", MANIFEST, [value_set("v", text={"div": "<div/>"})])
    package = CompiledPackage(tmp_path / "a")
    assert package.read(package.entries("ValueSet")[0]) == value_set("v")


def test_an_empty_package(tmp_path: Path) -> None:
    compiled.write(tmp_path / "a", MANIFEST, [])
    assert CompiledPackage(tmp_path / "a").types == ()


def test_what_is_mapped_outlives_a_new_version(tmp_path: Path) -> None:
    file = tmp_path / "a"
    compiled.write(file, MANIFEST, [value_set("old")])
    package = CompiledPackage(file)
    compiled.write(file, MANIFEST, [value_set("new")])

    assert package.read(package.entries("ValueSet")[0]) == value_set("old")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="is missing or empty"):
        CompiledPackage(tmp_path / "a")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a"
    compiled.write(file, MANIFEST, [value_set("v", title="x" * 500)])
    whole = file.read_bytes()
    for content in (b"FHIRPKG1", b"x" * 500, whole[:40], b"X" + whole[1:]):
        file.write_bytes(content)
        with pytest.raises(PackageError, match="is damaged"):
            CompiledPackage(file)
    file.write_bytes(whole[:-20] + bytes(20))
    package = CompiledPackage(file)
    with pytest.raises(PackageError, match="is damaged"):
        package.read(package.entries("ValueSet")[0])

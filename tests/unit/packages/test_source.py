"""Packages are read with care: they come from elsewhere."""

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fhir_server.fhir.outcome import PackageError
from fhir_server.fhir.resource import Json, Resource
from fhir_server.packages import source
from tests.packages import manifest, write_members, write_package

VALUE_SET: Resource = {"resourceType": "ValueSet", "id": "x", "url": "http://a.org/x"}


def test_definitions_are_read_and_examples_are_not(tmp_path: Path) -> None:
    patient: Resource = {"resourceType": "Patient", "id": "p"}
    bundle: Resource = {"resourceType": "Bundle", "id": "b", "url": "http://a.org/b"}
    file = write_package(tmp_path / "a.tgz", VALUE_SET, patient, bundle)

    assert source.read(file).resources == (VALUE_SET,)


def test_only_json_directly_in_the_folder_counts(tmp_path: Path) -> None:
    file = write_members(
        tmp_path / "a.tgz",
        {
            "package/package.json": b'{"name": "a", "version": "1"}',
            "package/example/ValueSet-y.json": b"not even JSON",
            "package/other/x.txt": b"text",
            "package/.index.json": b'{"url": "http://a.org", "resourceType": "X"}',
            "package/openapi.json": b'{"openapi": "3.0.2"}',
        },
    )
    assert [found.get("resourceType") for found in source.read(file).resources] == ["X"]


def test_the_manifest_is_read(tmp_path: Path) -> None:
    said = manifest(dependencies={"b.package": "2.0.0", "c": 3}, canonical="http://a.org")
    read = source.read_manifest(write_package(tmp_path / "a.tgz", said=said))

    assert read.label == "a.package#1.0.0"
    assert read.fhir_versions == ("4.0.1",)
    assert read.canonical == "http://a.org"
    assert read.dependencies == {"b.package": "2.0.0"}


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for read in (source.read, source.read_manifest, source.digest):
        with pytest.raises(PackageError, match=r"nothing\.tgz` cannot be read: No such file"):
            read(tmp_path / "nothing.tgz")


@pytest.mark.parametrize("read", [source.read, source.read_manifest])
def test_another_archive_is_no_package(tmp_path: Path, read: Callable[[Path], object]) -> None:
    file = write_members(tmp_path / "a.tgz", {"README.md": b"text"})
    with pytest.raises(PackageError, match="it is no FHIR package"):
        read(file)


@pytest.mark.parametrize(
    "content", [b"", b"text", gzip.compress(b"text" * 500, mtime=0)], ids=["empty", "text", "gzip"]
)
def test_no_archive_at_all(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.tgz"
    file.write_bytes(content)
    with pytest.raises(PackageError, match="FHIR package"):
        source.read(file)


def test_a_truncated_package_is_damaged(tmp_path: Path) -> None:
    noise = [
        {**VALUE_SET, "id": f"x{n}", "description": bytes(range(n, 200)).hex()} for n in range(99)
    ]
    file = write_package(tmp_path / "a.tgz", *noise)
    whole = file.read_bytes()
    for share in (3, 2):
        file.write_bytes(whole[: len(whole) * share // 4])
        with pytest.raises(PackageError, match="damaged"):
            source.read(file)


def test_a_resource_that_is_no_json_is_named(tmp_path: Path) -> None:
    file = write_members(
        tmp_path / "a.tgz",
        {"package/package.json": b'{"name": "a", "version": "1"}', "package/x.json": b"{"},
    )
    with pytest.raises(PackageError, match=r"`package/x\.json` in .* is damaged"):
        source.read(file)


@pytest.mark.parametrize("name", ["../x.json", "/etc/x.json", "package/../../x.json"])
def test_a_path_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    file = write_members(tmp_path / "a.tgz", {name: b"{}"})
    with pytest.raises(PackageError, match="outside of its folder"):
        source.read(file)


def test_a_link_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("package/x.json")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    file = tmp_path / "a.tgz"
    file.write_bytes(packed.getvalue())
    with pytest.raises(PackageError, match="a link or a device"):
        source.read(file)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    header = tarfile.TarInfo("package/x.json")
    header.size = source.MOST_BYTES_OF_A_FILE + 1
    file = tmp_path / "a.tgz"
    file.write_bytes(gzip.compress(header.tobuf() + bytes(1024)))
    with pytest.raises(PackageError, match="larger than a package may be"):
        source.read(file)


@pytest.mark.parametrize(
    ("name", "version"),
    [(None, "1.0"), ("a/../b", "1.0"), ("", "1.0"), ("a", None), ("a", "../1"), ("a", "")],
)
def test_a_name_or_version_that_is_a_path_is_refused(
    tmp_path: Path, name: Json, version: Json
) -> None:
    file = write_package(tmp_path / "a.tgz", said={"name": name, "version": version})
    with pytest.raises(PackageError, match=r"has no `(name|version)`"):
        source.read(file)

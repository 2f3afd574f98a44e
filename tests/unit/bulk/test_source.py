"""Bundles are found in files, folders, lines and archives, in the order of their names."""

import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from fhir_server.bulk.source import bundles, is_readable, size


def names(*paths: Path) -> list[str]:
    return [Path(found.name).name for found in bundles(paths)]


def test_a_folder_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b.json", "sub/c.json", "a.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"{}")
    (tmp_path / "notes.txt").write_text("not a Bundle")

    assert names(tmp_path) == ["a.json", "b.json", "c.json"]


def test_each_line_of_ndjson_is_a_bundle(tmp_path: Path) -> None:
    path = tmp_path / "all.ndjson"
    path.write_bytes(b'{"a":1}\n\n{"b":2}')

    assert [(found.name, found.data) for found in bundles([path])] == [
        (f"{path}:1", b'{"a":1}\n'),
        (f"{path}:3", b'{"b":2}'),
    ]


@pytest.mark.parametrize("suffix", ["tar", "tar.xz", "tar.gz", "tar.bz2", "tgz", "txz"])
def test_an_archive_is_read_without_unpacking(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"bundles.{suffix}"
    compression = {"tgz": "gz", "txz": "xz"}.get(suffix, suffix.partition(".")[2])
    mode: Any = f"w|{compression}"
    with path.open("wb") as file, tarfile.open(fileobj=file, mode=mode) as archive:
        for name in ("z/one.json", "z/two.ndjson", "z/read.me"):
            member = tarfile.TarInfo(name)
            member.size = 2
            archive.addfile(member, BytesIO(b"{}"))

    found = list(bundles([path]))

    assert [(one.name, one.data) for one in found] == [
        (f"{path}:z/one.json", b"{}"),
        (f"{path}:z/two.ndjson:1", b"{}"),
    ]
    assert sum(one.read_bytes for one in found) <= size([path])


def test_a_damaged_archive_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "bundles.tar.xz"
    path.write_bytes(b"not an archive")

    with pytest.raises(tarfile.TarError):
        list(bundles([path]))


def test_other_files_are_not_readable(tmp_path: Path) -> None:
    assert is_readable(tmp_path)
    assert is_readable(tmp_path / "x.json")
    assert not is_readable(tmp_path / "x.zip")

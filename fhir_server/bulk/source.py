"""Where Bundles are read from: files, folders, newline-delimited files, tar archives.

https://hl7.org/fhir/R4/bundle.html . One Bundle is in memory at a time; archives are streamed.
"""

import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_ARCHIVES = (".tar", ".tar.xz", ".txz", ".tar.gz", ".tgz", ".tar.bz2")
_LINES = ".ndjson"
_BUNDLE = ".json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One Bundle as it was found, not read as JSON yet.

    `name` tells a person where it is. `read_bytes` is how far its PATH has been read, on disk.
    """

    name: str
    data: bytes
    read_bytes: int


def size(paths: Iterable[Path]) -> int:
    """Return the bytes on disk that reading `paths` comes to."""
    return sum(path.stat().st_size for path in _files(paths))


def bundles(paths: Iterable[Path]) -> Iterator[Found]:
    """Yield the Bundles of files, folders and archives, in the order of their names.

    Raises:
        OSError: A path cannot be read.
        tarfile.TarError: An archive is damaged.
    """
    for path in _files(paths):
        if path.name.endswith(_ARCHIVES):
            yield from _archived(path)
        else:
            with path.open("rb") as file:
                yield from _in_file(file, str(path))


def is_readable(path: Path) -> bool:
    """Tell whether `path` is of a kind that Bundles are read from."""
    return path.is_dir() or path.name.endswith((_BUNDLE, _LINES, *_ARCHIVES))


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            below = (found for found in sorted(path.rglob("*")) if found.is_file())
            yield from (found for found in below if is_readable(found))
        else:
            yield path


def _archived(path: Path) -> Iterator[Found]:
    with path.open("rb") as file, tarfile.open(fileobj=file, mode="r|*") as archive:
        before = 0
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None and member.name.endswith((_BUNDLE, _LINES)):
                for found in _in_file(content, f"{path}:{member.name}"):
                    position = file.tell()
                    yield Found(name=found.name, data=found.data, read_bytes=position - before)
                    before = position


def _in_file(file: IO[bytes], name: str) -> Iterator[Found]:
    if not name.endswith(_LINES):
        data = file.read()
        yield Found(name=name, data=data, read_bytes=len(data))
        return
    for number, line in enumerate(file, start=1):
        if line.strip():
            yield Found(name=f"{name}:{number}", data=line, read_bytes=len(line))

"""Where resources are read from to be validated: files, folders, lines of a file, a stream.

https://hl7.org/fhir/R4/nd-json.html
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

STREAM = "-"
_KINDS = frozenset({".json", ".xml", ".ndjson"})
# Of a package; no resources.
_OTHERS = frozenset({"package.json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One resource, not read yet: `first_line` is the line of the file that it begins on."""

    name: str
    first_line: int
    data: bytes


def files(paths: Iterable[str]) -> list[str]:
    """Return the files of `paths` by name, those in folders included; `-` stands for a stream."""
    return [name for path in paths for name in _files(path)]


def texts(name: str, stream: IO[bytes]) -> Iterator[Text]:
    """Yield the resources of a file, or of `stream` where it is named `-`.

    Raises:
        OSError: The file cannot be read.
    """
    data = stream.read() if name == STREAM else Path(name).read_bytes()
    lines = _is_lines(data) if name == STREAM else name.endswith(".ndjson")
    if not lines:
        yield Text(name=name, first_line=1, data=data)
        return
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            yield Text(name=name, first_line=number, data=line)


def _files(path: str) -> Iterator[str]:
    if path == STREAM or not Path(path).is_dir():
        yield path
        return
    for found in sorted(Path(path).rglob("*")):
        is_hidden = any(part.startswith(".") for part in found.relative_to(path).parts)
        if found.suffix in _KINDS and found.name not in _OTHERS and not is_hidden:
            yield str(found)


def _is_lines(data: bytes) -> bool:
    """Say whether there is a resource on each line: the first is complete, and others follow."""
    first, _, rest = data.strip().partition(b"\n")
    if not rest or not first.startswith(b"{"):
        return False
    try:
        msgspec.json.decode(first)
    except msgspec.MsgspecError:
        return False
    return True

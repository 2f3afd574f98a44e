"""Compiles ICD-10-CM from the pinned wheel into the table that `icd10cm` maps into memory.

https://www.cms.gov/medicare/coding-billing/icd-10-codes

The package `simple-icd-10-cm` carries the classification as the Centers for Medicare & Medicaid
Services publish it; it is read out of its wheel and never installed.
"""

import importlib
import re
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import msgspec

from fhir_server.terminology.icd10cm import FORMAT, GROUP, LEAF, NONE, WIDTH, Header
from fhir_server.terminology.words import words

WHEEL = "simple_icd_10_cm-*.whl"
_VERSION = re.compile(rb"<version>\s*(\d+)\s*</version>")
_DATA = "simple_icd_10_cm/data/"
_ALIGNMENT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One concept; `end` the row after the last below it, `texts` display and other terms."""

    code: str
    parent: int
    end: int
    kind: int
    texts: tuple[str, ...]


def table(wheel: Path, version: str) -> bytes:
    """Return the compiled table of the classification inside `wheel`."""
    sys.path.insert(0, str(wheel))
    try:
        source = importlib.import_module("simple_icd_10_cm")
        rows = _rows(source)
    finally:
        sys.path.remove(str(wheel))
    return _written(rows, version)


def version_in(xml: bytes) -> str:
    """Return the fiscal year that the classification's XML states."""
    found = _VERSION.search(xml)
    return found[1].decode() if found else ""


def _rows(source: ModuleType) -> list[Row]:
    rows: list[Row] = []
    codes = source.get_all_codes(with_dots=True)
    for chapter in dict.fromkeys(code for code in codes if source.is_chapter(code)):
        _add(rows, source, chapter, NONE, block=False)
    return rows


def _add(rows: list[Row], source: ModuleType, code: str, parent: int, *, block: bool) -> None:
    """Append the concept and all below it, in the order of the classification."""
    at = len(rows)
    children = source.get_children(code, prioritize_blocks=block)
    texts = (
        source.get_description(code, prioritize_blocks=block),
        *source.get_inclusion_term(code, prioritize_blocks=block),
    )
    group = block or source.is_chapter(code)
    kind = GROUP if group else 0 if children else LEAF
    row = Row(code=code, parent=parent, end=at, kind=kind, texts=tuple(map(_line, texts)))
    rows.append(row)
    for child, is_block in _below(source, children, group=group):
        _add(rows, source, child, at, block=is_block)
    rows[at] = Row(code=code, parent=parent, end=len(rows), kind=kind, texts=row.texts)


def _below(source: ModuleType, children: list[str], *, group: bool) -> Iterator[tuple[str, bool]]:
    for child in children:
        # A block of one category has its code: the category alone stands for both.
        is_block = group and source.is_block(child) and not source.is_category(child)
        yield child, is_block


def _line(text: str) -> str:
    return " ".join(text.split())


def _written(rows: list[Row], version: str) -> bytes:
    keys = sorted((_key(row.code), at) for at, row in enumerate(rows))
    vocabulary = _vocabulary(rows)
    texts = ["\n".join(row.texts).encode() for row in rows]
    parts = {
        "codes": b"".join(row.code.encode().ljust(WIDTH) for row in rows),
        "keys": b"".join(key.ljust(WIDTH) for key, _ in keys),
        "sorted": array("I", (at for _, at in keys)).tobytes(),
        "parents": array("I", (row.parent for row in rows)).tobytes(),
        "ends": array("I", (row.end for row in rows)).tobytes(),
        "kinds": bytes(row.kind for row in rows),
        "text_at": _offsets(map(len, texts)),
        "text": b"".join(texts),
        "words_at": _offsets(len(word) for word in vocabulary),
        "words": b"".join(vocabulary),
        "hits_at": _offsets(map(len, vocabulary.values())),
        "hits": array("I", (at for hits in vocabulary.values() for at in hits)).tobytes(),
    }
    return _file(parts, version, len(rows))


def _key(code: str) -> bytes:
    return code.replace(".", "").upper().encode()


def _vocabulary(rows: list[Row]) -> dict[bytes, list[int]]:
    found: dict[bytes, list[int]] = {}
    for at, row in enumerate(rows):
        for word in {word for text in row.texts for word in words(text)}:
            found.setdefault(word.encode(), []).append(at)
    return dict(sorted(found.items()))


def _offsets(lengths: "Iterator[int] | map[int]") -> bytes:
    offsets = array("I", [0])
    for length in lengths:
        offsets.append(offsets[-1] + length)
    return offsets.tobytes()


def _file(parts: dict[str, bytes], version: str, rows: int) -> bytes:
    places: dict[str, tuple[int, int]] = {}
    body = bytearray()
    for name, part in parts.items():
        body.extend(b"\0" * (-len(body) % _ALIGNMENT))
        places[name] = (len(body), len(body) + len(part))
        body.extend(part)
    header = msgspec.msgpack.encode(Header(format=FORMAT, version=version, rows=rows, parts=places))
    padding = b"\0" * (-len(header) % _ALIGNMENT)
    return len(header).to_bytes(_ALIGNMENT, "little") + header + padding + bytes(body)

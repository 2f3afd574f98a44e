"""ICD-10-CM, from a table that `compile_tables` wrote and all workers share.

https://terminology.hl7.org/ICD.html

The table is mapped into memory: 98,000 concepts cost a worker nothing but what it looks at. Rows
stand in the order of the classification, so that what is below a concept is a range of rows, and
a word's concepts are a sorted list of rows.

A code is written with its dot (F11.20); without it, and in any case, it is understood. Chapters
and blocks are concepts that only group others.
"""

import mmap
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import overload

import msgspec
from typing_extensions import override

from fhir_server.terminology import words
from fhir_server.terminology.concept import About, Concept

URL = "http://hl7.org/fhir/sid/icd-10-cm"
FORMAT = 1
WIDTH = 8  # bytes of a code, filled up with spaces
NONE = 0xFFFF_FFFF
GROUP, LEAF = 1, 2  # bits of a row's kind
_LENGTH = 4  # bytes in front of the header that tell its length
_MARKS = str.maketrans("", "", ".-")
_SYNONYM = {
    "system": "http://snomed.info/sct",
    "code": "900000000000013009",
    "display": "Synonym",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where each part of the file stands: (first byte, after its last byte) by name."""

    format: int
    version: str
    rows: int
    parts: dict[str, tuple[int, int]]


class IcdTable:
    """The rows of the table; all methods take and give row numbers."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        length = int.from_bytes(data[:_LENGTH], "little")
        self.header = msgspec.msgpack.decode(data[_LENGTH : _LENGTH + length], type=Header)
        begin = _LENGTH + length + -length % _LENGTH
        part = {name: data[begin + a : begin + b] for name, (a, b) in self.header.parts.items()}
        self._codes, self._keys = part["codes"], part["keys"]
        self._text, self._words, self._kinds = part["text"], part["words"], part["kinds"]
        self._sorted = part["sorted"].cast("I")
        self._parents = part["parents"].cast("I")
        self._ends = part["ends"].cast("I")
        self._text_at = part["text_at"].cast("I")
        self._words_at = part["words_at"].cast("I")
        self._hits_at = part["hits_at"].cast("I")
        self._hits = part["hits"].cast("I")

    def code(self, row: int) -> str:
        """Return the code of a row, with its dot."""
        return bytes(self._codes[row * WIDTH : (row + 1) * WIDTH]).rstrip().decode()

    def row(self, code: str) -> int | None:
        """Return the row of a code, with or without its dot."""
        at = self._first_key(code)
        if at == self.header.rows or self._key(at).rstrip() != _key(code):
            return None
        return self._sorted[at]

    def beginning(self, code: str) -> Iterator[int]:
        """Yield the rows whose codes begin so."""
        key = _key(code)
        for at in range(self._first_key(code), self.header.rows):
            if not self._key(at).startswith(key):
                return
            yield self._sorted[at]

    def parent(self, row: int) -> int | None:
        """Return the row right above."""
        found = self._parents[row]
        return None if found == NONE else found

    def below(self, row: int) -> range:
        """Return `row` and all below it."""
        return range(row, self._ends[row])

    def texts(self, row: int) -> list[str]:
        """Return the display, then the other terms."""
        text = self._text[self._text_at[row] : self._text_at[row + 1]]
        return bytes(text).decode().split("\n")

    def kind(self, row: int) -> int:
        """Return the bits GROUP and LEAF."""
        return self._kinds[row]

    def with_word(self, beginning: str) -> Iterator[memoryview]:
        """Yield the rows of each word that begins so."""
        wanted = beginning.encode()
        count = len(self._words_at) - 1
        for at in range(bisect_left(range(count), wanted, key=self._word), count):
            if not self._word(at).startswith(wanted):
                return
            yield self._hits[self._hits_at[at] : self._hits_at[at + 1]]

    def _word(self, at: int) -> bytes:
        return bytes(self._words[self._words_at[at] : self._words_at[at + 1]])

    def _key(self, at: int) -> bytes:
        return bytes(self._keys[at * WIDTH : (at + 1) * WIDTH])

    def _first_key(self, code: str) -> int:
        return bisect_left(range(self.header.rows), _key(code), key=self._key)


def _key(code: str) -> bytes:
    return code.replace(".", "").upper().encode()


class _Codes(Sequence[str]):
    """The codes of a range of rows, decoded as they are asked for."""

    def __init__(self, table: IcdTable, rows: range) -> None:
        self._table = table
        self._rows = rows

    @override
    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> "_Codes": ...
    @override
    def __getitem__(self, at: int | slice) -> "str | _Codes":
        if isinstance(at, slice):
            return _Codes(self._table, self._rows[at])
        return self._table.code(self._rows[at])


class Icd10Cm:
    """The code system over the table."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _table(self) -> IcdTable:
        return IcdTable(self._path)

    @cached_property
    def about(self) -> About:
        """What it says about itself."""
        return About(
            url=URL,
            version=self._table.header.version,
            name="ICD-10-CM",
            case_sensitive=False,
            language="en",
            properties=(
                ("parent", "http://hl7.org/fhir/concept-properties#parent"),
                ("child", "http://hl7.org/fhir/concept-properties#child"),
                ("notSelectable", "http://hl7.org/fhir/concept-properties#notSelectable"),
                ("billable", ""),
            ),
        )

    def find(self, code: str) -> Concept | None:
        """Return the concept of a code, with or without its dot."""
        row = self._row(code)
        if row is None:
            return None
        display, *terms = self._table.texts(row)
        kind = self._table.kind(row)
        return Concept(
            code=self._table.code(row),
            display=display,
            abstract=bool(kind & GROUP),
            designations=tuple({"use": _SYNONYM, "value": term} for term in terms),
            properties=(
                {"code": "notSelectable", "valueBoolean": bool(kind & GROUP)},
                {"code": "billable", "valueBoolean": bool(kind & LEAF)},
            ),
        )

    def parents(self, code: str) -> Sequence[str]:
        """Return the concept right above."""
        row = self._row(code)
        parent = None if row is None else self._table.parent(row)
        return () if parent is None else (self._table.code(parent),)

    def children(self, code: str) -> Sequence[str]:
        """Return the concepts right below."""
        row = self._row(code)
        if row is None:
            return ()
        below = self._table.below(row)
        found = []
        child = row + 1
        while child < below.stop:
            found.append(self._table.code(child))
            child = self._table.below(child).stop
        return found

    def codes(self, below: str | None = None) -> Sequence[str]:
        """Return all codes, or `below` and all under it."""
        row = None if below is None else self._row(below)
        if row is None:
            return _Codes(self._table, range(self._table.header.rows))
        return _Codes(self._table, self._table.below(row))

    def named(self, wanted: Sequence[str]) -> Iterable[str]:
        """Return the codes of the concepts that all words fit."""
        sets = sorted((self._fitting(part) for part in wanted), key=len)
        rows = reduce(set.intersection, sets) if sets else set()
        return [self._table.code(row) for row in sorted(rows)]

    def _fitting(self, part: str) -> set[int]:
        pieces = [self._with_word(piece) for piece in words.words(part)]
        fitting = reduce(set.intersection, pieces) if pieces else set()
        if not part.translate(_MARKS).isalnum() or not part.isascii():
            return fitting
        # With its dot a code is what a person sees: a part that has none need not have one.
        return fitting.union(self._table.beginning(part))

    def _with_word(self, beginning: str) -> set[int]:
        found: set[int] = set()
        for rows in self._table.with_word(beginning):
            found.update(rows)
        return found

    def _row(self, code: str) -> int | None:
        return self._table.row(code) if len(code) <= WIDTH and code.isascii() else None

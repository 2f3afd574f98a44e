"""The compiled form of a package: one file, mapped into memory, read where somebody asks.

    8 bytes   magic
    4 + 4     sizes of the header and of the dictionary, big-endian
    header    MessagePack: the manifest, and an index per resource type
    dictionary, then the definitions: JSON, each a Zstandard frame made with that dictionary

JSON, since it keeps the digits of decimals; a dictionary, since definitions say the same over and
over: it makes the files half as large. The pages are shared by all processes of the machine.
"""

import mmap
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
import zstandard

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, PackageError
from fhir_server.fhir.resource import Resource, type_of
from fhir_server.packages.lean import lean
from fhir_server.packages.package import Entry, entry_of
from fhir_server.packages.source import Manifest

_MAGIC = b"FHIRPKG1"
_START = len(_MAGIC) + 8
_LEVEL = 12
_DICTIONARY_BYTES = 112_000
# What a dictionary is trained on; fewer definitions than the least are not worth one.
_SAMPLES = 600
_LEAST_SAMPLES = 50
_SAMPLE_BYTES = 20_000
# Definitions that are kept decoded, per package: those that a validator is just compiling.
_KEPT = 64


class _Header(msgspec.Struct, frozen=True):
    name: str
    version: str
    canonical: str
    fhir_versions: tuple[str, ...]
    dependencies: dict[str, str]
    warnings: tuple[str, ...]
    index: dict[str, msgspec.Raw]


class CompiledPackage:
    """A package whose definitions are decoded when they are asked for."""

    def __init__(self, file: Path) -> None:
        """Map `file`.

        Raises:
            PackageError: It is not there, or damaged.
        """
        self._map, header, self._dictionary, self._start = _opened(file)
        self._header = header
        self.name, self.version = header.name, header.version
        self.dependencies: Mapping[str, str] = header.dependencies
        self.canonical = header.canonical
        self.warnings = header.warnings
        self.types = tuple(header.index)
        self._file = file
        self._decoded = lru_cache(maxsize=_KEPT)(self._decode)

    def entries(self, type_: str) -> Sequence[Entry]:
        """Return the index of the resources of a type."""
        raw = self._header.index.get(type_)
        return () if raw is None else msgspec.msgpack.decode(raw, type=tuple[Entry, ...])

    def read(self, entry: Entry) -> Resource:
        """Return the resource of an entry; it is shared, and nobody may change it.

        Raises:
            PackageError: The file is damaged.
        """
        return self._decoded(entry.place, entry.size)

    def _decode(self, place: int, size: int) -> Resource:
        at = self._start + place
        frame = self._map[at : at + size]
        try:
            # A decompressor must not be used by two threads at once, and a new one costs 10 µs.
            unpacked = zstandard.ZstdDecompressor(dict_data=self._dictionary).decompress(frame)
            return json.decode(unpacked)
        except (zstandard.ZstdError, FhirError):
            raise _damaged(self._file) from None


def _opened(file: Path) -> tuple[mmap.mmap, _Header, zstandard.ZstdCompressionDict | None, int]:
    try:
        with file.open("rb") as opened:
            mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        raise PackageError(f"`{file}` is missing or empty: compile the package again.") from None
    after_header = _START + int.from_bytes(mapped[len(_MAGIC) : len(_MAGIC) + 4])
    start = after_header + int.from_bytes(mapped[len(_MAGIC) + 4 : _START])
    try:
        header = msgspec.msgpack.decode(mapped[_START:after_header], type=_Header)
    except msgspec.MsgspecError:
        header = None
    if mapped[: len(_MAGIC)] != _MAGIC or header is None or start > len(mapped):
        raise _damaged(file)
    dictionary = mapped[after_header:start]
    return mapped, header, zstandard.ZstdCompressionDict(dictionary) if dictionary else None, start


def _damaged(file: Path) -> PackageError:
    return PackageError(f"`{file}` is damaged: delete it, and the package is compiled again.")


def write(
    file: Path, manifest: Manifest, resources: Iterable[Resource], warnings: Sequence[str] = ()
) -> None:
    """Compile definitions, all of which have a canonical URL, into `file`.

    `warnings` are what the compiler has to say about them to whoever loads the file.

    Whoever reads meanwhile sees the old file or the new one, and of two writers the last wins.
    """
    leaned = [lean(found) for found in resources]
    bodies = [json.encode(found) for found in leaned]
    dictionary = _trained(bodies)
    compressor = zstandard.ZstdCompressor(level=_LEVEL, dict_data=dictionary)
    frames = [compressor.compress(body) for body in bodies]
    header = msgspec.msgpack.encode(_header(manifest, warnings, _index(leaned, frames)))
    trained = dictionary.as_bytes() if dictionary else b""
    sizes = len(header).to_bytes(4) + len(trained).to_bytes(4)
    _replace(file, b"".join((_MAGIC, sizes, header, trained, *frames)))


def _trained(bodies: Sequence[bytes]) -> zstandard.ZstdCompressionDict | None:
    """Return a dictionary for `bodies`, None where there are too few of them to learn from."""
    every = max(1, len(bodies) // _SAMPLES)
    samples: list[bytes | bytearray | memoryview] = [b[:_SAMPLE_BYTES] for b in bodies[::every]]
    if len(samples) < _LEAST_SAMPLES:
        return None
    try:
        return zstandard.train_dictionary(_DICTIONARY_BYTES, samples)
    except zstandard.ZstdError:  # they have nothing in common
        return None


def _index(leaned: list[Resource], frames: list[bytes]) -> dict[str, list[Entry]]:
    index: dict[str, list[Entry]] = {}
    place = 0
    for found, frame in zip(leaned, frames, strict=True):
        index.setdefault(type_of(found), []).append(entry_of(found, place, len(frame)))
        place += len(frame)
    return index


def _header(
    manifest: Manifest, warnings: Sequence[str], index: Mapping[str, Sequence[Entry]]
) -> _Header:
    return _Header(
        name=manifest.name,
        version=manifest.version,
        canonical=manifest.canonical,
        fhir_versions=manifest.fhir_versions,
        dependencies=dict(manifest.dependencies),
        warnings=tuple(warnings),
        index={
            type_: msgspec.Raw(msgspec.msgpack.encode(entries))
            for type_, entries in sorted(index.items())
        },
    )


def _replace(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.{os.getpid()}-{threading.get_ident()}")
    unfinished.write_bytes(content)
    unfinished.replace(file)

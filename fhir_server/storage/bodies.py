"""Bodies are stored compressed by us: half the size, and PostgreSQL's TOAST leaves them alone."""

import threading

import zstandard

_LEVEL = 3
# The parameters of a frame of ours: its size is known, and the database keeps the bytes whole.
_ours = threading.local()


def pack(body: bytes | None) -> bytes | None:
    """Return `body` as it is stored."""
    if body is None:
        return None
    # A compressor must not be used by two threads at once.
    if not hasattr(_ours, "compressor"):
        _ours.compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=False)
    packed: bytes = _ours.compressor.compress(body)
    return packed


def unpack(stored: bytes | None) -> bytes | None:
    """Return the body whose stored form is `stored`."""
    if stored is None:
        return None
    if not hasattr(_ours, "decompressor"):
        _ours.decompressor = zstandard.ZstdDecompressor()
    body: bytes = _ours.decompressor.decompress(stored)
    return body

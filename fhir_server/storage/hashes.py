"""Texts that are only compared for equality are stored as numbers, or as digests."""

from functools import lru_cache
from hashlib import blake2b

_SIGN = 1 << 63
_MODULUS = 1 << 64


@lru_cache(maxsize=4096)
def system_key(system: str) -> int:
    """Return the signed 64-bit number that stands for a code system; 0 for none."""
    if not system:
        return 0
    number = _number(system)
    return (number - _MODULUS if number >= _SIGN else number) or 1


@lru_cache(maxsize=4096)
def url_key(url: str) -> int:
    """Return the negative number that stands for a URL elsewhere; keys are positive."""
    return -1 - (_number(url) >> 1)


def digest(text: str) -> bytes:
    """Return the 32 bytes under which a receipt is kept."""
    return blake2b(text.encode(), digest_size=32).digest()


def _number(text: str) -> int:
    raw = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "big")

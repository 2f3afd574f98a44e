"""Compressed answers, for clients that take them.

https://www.rfc-editor.org/rfc/rfc9110#section-8.4 ; the lowest level, which takes most of the size
of JSON away and little time. Small answers are not worth it.
"""

import gzip

_SMALLEST = 1024
_LEVEL = 1
CODING = "gzip"


def wants_gzip(accept_encoding: str) -> bool:
    """Return whether Accept-Encoding names gzip, and does not refuse it by `q=0`."""
    for item in accept_encoding.split(","):
        name, _, parameters = item.partition(";")
        if name.strip().lower() in {CODING, "*"}:
            quality = parameters.replace(" ", "").lower()
            return not (quality.startswith("q=0") and quality.strip("q=0.") == "")
    return False


def compressed(body: bytes, accept_encoding: str) -> bytes | None:
    """Return `body` compressed, None where it is sent as it is."""
    if len(body) < _SMALLEST or not wants_gzip(accept_encoding):
        return None
    # No time in it, so that one body is always the same bytes.
    return gzip.compress(body, compresslevel=_LEVEL, mtime=0)

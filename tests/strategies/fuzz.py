"""How long to fuzz, and text that is nearly what it was.

FUZZ_EXAMPLES says how many examples each test tries: few in the suite, many with `make fuzz`.
"""

import os
from collections.abc import Sequence

from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))

_JSON_PIECES = (
    *("{", "}", "[", "]", ",", ":", '"', "\\", "null", "true", "NaN", "-Infinity", "1e400", "-"),
    *("00", ".5", "1.", "+1", "1E+2", "//", "/**/", "'", "\ufeff", " ", "\n", "\t", "\x00", "\x7f"),
    *('"id":"1",', '"resourceType":"Patient",', '"active":true,', "\\u0000", "\\ud800", "\\u0022"),
    *("\u2028", "\U0001f600", "[" * 200, '{"a":' * 200, "9" * 400),
)
_ODD_BYTES = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\x00", b"\xf4\x90\x80\x80")


@st.composite
def spoilt_text(draw: st.DrawFn, text: bytes, pieces: Sequence[str] = _JSON_PIECES) -> bytes:
    """Return `text` with a few pieces cut out, put in, doubled, or moved."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        kind = draw(st.integers(0, 5))
        cut = text[start:end]
        if kind == 0:
            text = text[:start] + text[end:]
        elif kind == 1:
            text = text[:end] + cut + text[end:]
        elif kind == 2:
            text = text[:start]
        elif kind == 3:
            place = draw(st.integers(0, len(text)))
            text = text[:place] + cut + text[place:]
        elif kind == 4:
            text = text[:start] + draw(st.sampled_from(_ODD_BYTES)) + text[start:]
        else:
            text = text[:start] + draw(st.sampled_from(pieces)).encode() + text[start:]
    return text

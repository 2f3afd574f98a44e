r"""`,`, `|` and `$` separate the parts of a value; `\` takes that meaning from the next character.

https://hl7.org/fhir/R4/search.html#escaping
"""

import re

_PIECE = re.compile(r"\\(.)", re.DOTALL)
_SPECIAL = re.compile(r"([\\,|$])")


def split(text: str, separator: str) -> list[str]:
    """Return the parts of `text` between unescaped `separator`s, with their escapes kept."""
    parts = [""]
    escaped = False
    for character in text:
        if character == separator and not escaped:
            parts.append("")
            continue
        parts[-1] += character
        escaped = character == "\\" and not escaped
    return parts


def unescape(text: str) -> str:
    r"""Return `text` with each `\x` read as `x`."""
    return _PIECE.sub(r"\1", text)


def escape(text: str) -> str:
    """Return `text` as it must be written to stand for itself in a search value."""
    return _SPECIAL.sub(r"\\\1", text)

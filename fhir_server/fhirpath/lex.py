"""FHIRPath text to tokens.

https://hl7.org/fhirpath/N1/#lexical-elements
"""

import re
from dataclasses import dataclass

from fhir_server.fhirpath.errors import FhirPathLimitError, FhirPathSyntaxError

# The longest invariant of R4 has 1,600 characters.
MOST_CHARACTERS = 32_768

_TOKEN = re.compile(
    r"""
      (?P<skip>\s+|//[^\r\n]*|/\*.*?\*/)
    | (?P<string>'(?:[^'\\]|\\.)*')
    | @(?P<time>T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?)
    | @(?P<datetime>\d{4}(?:-\d\d){0,2}T
        (?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)?)
    | @(?P<date>\d{4}(?:-\d\d(?:-\d\d)?)?)
    | (?P<decimal>\d+\.\d+)
    | (?P<integer>\d+)
    | (?P<special>\$(?:this|index|total)\b)
    | (?P<name>[A-Za-z_]\w*)
    | (?P<quoted>`(?:[^`\\]|\\.)*`)
    | (?P<symbol>!=|!~|<=|>=|[-.()\[\]{}|,=~<>+*/&%])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token; `text` of a string or of a quoted name is what stands between the quotes."""

    kind: str
    text: str
    position: int


def tokens(text: str) -> list[Token]:
    """Return the tokens of `text`, the last of which is of the kind `end`.

    Raises:
        FhirPathSyntaxError: There is something in it that begins no token.
        FhirPathLimitError: It is too long.
    """
    if len(text) > MOST_CHARACTERS:
        raise FhirPathLimitError(f"The expression has more than {MOST_CHARACTERS} characters.")
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None or _is_open_comment(match):
            raise FhirPathSyntaxError(f"`{text}` is not FHIRPath at position {position}.")
        if match.lastgroup != "skip":
            found.append(_token(match))
        position = match.end()
    return [*found, Token(kind="end", text="", position=position)]


def _is_open_comment(match: re.Match[str]) -> bool:
    return match.lastgroup == "symbol" and match.string.startswith("/*", match.start())


def _token(match: re.Match[str]) -> Token:
    kind = match.lastgroup or ""
    text = match[kind]
    if kind in {"string", "quoted"}:
        text = _ESCAPE.sub(_unescaped, text[1:-1])
    return Token(kind=kind, text=text, position=match.start())


def _unescaped(match: re.Match[str]) -> str:
    if match[1] is not None:
        return chr(int(match[1], 16))
    return _ESCAPED.get(match[2], match[2])

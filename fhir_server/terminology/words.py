"""How the text of a filter finds concepts: by the beginnings of words, and by codes.

https://hl7.org/fhir/R4/valueset-operation-expand.html

Each part of the filter that stands between spaces must begin the code, or each of its words must
begin a word of what the concept is called. Case and accents do not matter.
"""

import re
import unicodedata
from collections.abc import Iterable

from fhir_server.terminology.concept import Concept

_WORD = re.compile(r"[^\W_]+")


def plain(text: str) -> str:
    """Return `text` without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def words(text: str) -> list[str]:
    """Return the words of `text`, plain."""
    return _WORD.findall(plain(text))


def parts(text: str) -> tuple[str, ...]:
    """Return what stands between the spaces of a filter, plain."""
    return tuple(plain(text).split())


def fits(concept: Concept, wanted: Iterable[str]) -> bool:
    """Return whether all parts of a filter fit the concept."""
    code = concept.code.casefold()
    named: list[str] = []
    for text in concept.texts:
        named.extend(words(text))
    return all(code.startswith(part) or _begins(named, part) for part in wanted)


def _begins(named: list[str], part: str) -> bool:
    pieces = _WORD.findall(part)
    return bool(pieces) and all(any(word.startswith(piece) for word in named) for piece in pieces)

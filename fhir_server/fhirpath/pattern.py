"""The syntax of regular expressions, as far as they can be matched without going back.

https://hl7.org/fhirpath/N1/#matchesregex--string--boolean
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from fhir_server.fhirpath.errors import FhirPathEvaluationError, FhirPathLimitError

_MOST_REPEATS = 1000
_MOST_DEPTH = 50
_QUANTIFIER = re.compile(r"\{(\d{1,4})(?:(,)(\d{0,4}))?\}|[*+?]")
_CLASS = re.compile(r"\[\^?\]?(?:[^\]\\]|\\.)*\]", re.DOTALL)
_CODE = re.compile(r"x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}")
_POSITIONS = {"b": "b", "B": "B", "A": "^", "Z": "$", "z": "$"}
_GROUP = re.compile(r"\((?:\?:|\?P?<[A-Za-z]\w*>)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """The empty pattern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """One character of which `test` holds."""

    test: Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place between characters: `^`, `$`, `b` (a word's edge) or `B` (none)."""

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """One after the other."""

    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of them."""

    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """So many times in a row; `most` None is without end."""

    of: "Part"
    least: int
    most: int | None


Part = Nothing | Character | Position | Sequence | Choice | Repeat


def parse_pattern(pattern: str) -> Part:
    """Return the parts of a regular expression.

    Raises:
        FhirPathEvaluationError: It is malformed, or has what cannot be matched here.
        FhirPathLimitError: It is too deep or repeats too often.
    """
    parser = _Parser(pattern)
    part = parser.choice(0)
    if parser.at != len(pattern):
        raise _malformed()
    return part


def _malformed() -> FhirPathEvaluationError:
    return FhirPathEvaluationError("The regular expression is malformed, or has a look-around.")


class _Parser:
    """A cursor over the text of a pattern."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, count: int = 1) -> str:
        self.at += count
        return self.text[self.at - count : self.at]

    def choice(self, depth: int) -> Part:
        if depth > _MOST_DEPTH:
            raise FhirPathLimitError("The regular expression is too deep.")
        parts = [self.sequence(depth)]
        while self.peek() == "|":
            self.take()
            parts.append(self.sequence(depth))
        return parts[0] if len(parts) == 1 else Choice(parts=tuple(parts))

    def sequence(self, depth: int) -> Part:
        parts: list[Part] = []
        while self.peek() not in {"", "|", ")"}:
            parts.append(self.repeated(self.atom(depth)))
        return Sequence(parts=tuple(parts)) if parts else Nothing()

    def repeated(self, part: Part) -> Part:
        found = _QUANTIFIER.match(self.text, self.at)
        if found is None:
            return part
        self.at = found.end()
        if self.peek() == "?":
            # Few or many: whether it matches is the same.
            self.take()
        least, most = _bounds(found)
        if max(least, most or 0) > _MOST_REPEATS:
            raise FhirPathLimitError("The regular expression repeats too often.")
        return self.repeated(Repeat(of=part, least=least, most=most))

    def atom(self, depth: int) -> Part:
        character = self.peek()
        if character == "(":
            return self.group(depth)
        if character == "[":
            return self.one_of()
        if character == "\\":
            return self.escape()
        self.take()
        if character in "^$":
            return Position(kind=character)
        if character == ".":
            return Character(test=lambda _: True)
        if character in "*+?":
            raise _malformed()
        return Character(test=character.__eq__)

    def group(self, depth: int) -> Part:
        opening = _GROUP.match(self.text, self.at)
        self.at = opening.end() if opening else self.at
        if self.peek() == "?":
            raise _malformed()
        part = self.choice(depth + 1)
        if self.take() != ")":
            raise _malformed()
        return part

    def one_of(self) -> Part:
        found = _CLASS.match(self.text, self.at)
        if found is None:
            raise _malformed()
        self.at = found.end()
        # A bracket or two signs in a row mean something else in the future, but not yet.
        escaped = re.sub(r"(?<!^)\[|&&|\|\||~~|--", lambda sign: re.escape(sign[0]), found[0])
        return Character(test=_test(escaped))

    def escape(self) -> Part:
        self.take()
        character = self.take()
        if character in _POSITIONS:
            return Position(kind=_POSITIONS[character])
        if character in "dDwWsStnrfv" and character:
            return Character(test=_test(f"\\{character}"))
        if code := _CODE.match(self.text, self.at - 1):
            self.at = code.end()
            return Character(test=chr(int(code[0][1:], 16)).__eq__)
        if not character or character.isalnum():
            raise _malformed()
        return Character(test=character.__eq__)


def _test(pattern: str) -> Callable[[str], bool]:
    try:
        compiled = re.compile(pattern, re.DOTALL)
    except re.error:
        raise _malformed() from None
    return lambda character: compiled.fullmatch(character) is not None


def _bounds(found: re.Match[str]) -> tuple[int, int | None]:
    if found[1] is None:
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[found[0]]
    least = int(found[1])
    if found[2] is None:
        return least, least
    most = int(found[3]) if found[3] else None
    if most is not None and most < least:
        raise _malformed()
    return least, most


def cost(part: Part, length: int) -> int:
    """Return how many steps an engine that goes back can take on so many characters, at most.

    Raises:
        FhirPathLimitError: There is no such number worth to be told: a choice within a repetition.
    """
    return (length + 1) * _cost(part, length + 1, repeated=False)


def _cost(part: Part, length: int, *, repeated: bool) -> int:
    match part:
        case Sequence(parts=parts):
            return prod(_cost(each, length, repeated=repeated) for each in parts)
        case Choice(parts=parts):
            _refuse(repeated)
            return sum(_cost(each, length, repeated=repeated) for each in parts)
        case Repeat(of=of, least=least, most=most):
            ways = length if most is None else most - least + 1
            _refuse(repeated and ways > 1)
            return ways * _cost(of, length, repeated=repeated or most is None or most > 1)
        case _:
            return 1


def _refuse(repeated: bool) -> None:  # noqa: FBT001 - the only thing it looks at
    if repeated:
        raise FhirPathLimitError("The regular expression could take too many steps.")

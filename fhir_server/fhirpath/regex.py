"""Regular expressions that cannot hang: `matches()` in linear time, replacement within a budget.

https://hl7.org/fhirpath/N1/#matchesregex--string--boolean

Python's own engine goes back and tries again, for which an expression like `(a+)+$` takes for ever.
Here all possibilities are followed at once (Thompson), and what was found is kept per pattern.
Back references and look-around cannot be had so, and are refused. `.` matches every character.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from fhir_server.fhirpath.errors import FhirPathEvaluationError, FhirPathLimitError
from fhir_server.fhirpath.operators import refuse_text
from fhir_server.fhirpath.pattern import (
    Character,
    Choice,
    Nothing,
    Part,
    Position,
    Repeat,
    Sequence,
    cost,
    parse_pattern,
)

_MOST_STATES = 2_000
# How many states one pattern may remember, and how many patterns are remembered.
_MOST_KNOWN = 16_384
_PATTERNS = 64
# Python's engine takes so many steps in the time of one of ours.
_FASTER = 64
_GROUP = re.compile(r"\$(\d)|\$\{(\w+)\}")

Spend = Callable[[int], None]
_States = frozenset[int]


class Program:
    """A pattern as numbered states; `follow` remembers what it has worked out."""

    def __init__(self, part: Part) -> None:
        self._tests: dict[int, tuple[Callable[[str], bool], int]] = {}
        self._free: dict[int, tuple[int, ...]] = {}
        self._positions: dict[int, tuple[str, int]] = {}
        self._count = 0
        self._known: dict[tuple[_States, str, bool], _States] = {}
        self._remembered = 0
        self._end = self._state()
        self._start = self._build(part, self._end)

    def _state(self) -> int:
        self._count += 1
        if self._count > _MOST_STATES:
            raise FhirPathLimitError("The regular expression is too large.")
        return self._count

    def _build(self, part: Part, after: int) -> int:
        """Return the state from which `part` leads to `after`."""
        match part:
            case Nothing():
                return after
            case Character(test=test):
                state = self._state()
                self._tests[state] = (test, after)
            case Position(kind=kind):
                state = self._state()
                self._positions[state] = (kind, after)
            case Sequence(parts=parts):
                state = after
                for each in reversed(parts):
                    state = self._build(each, state)
            case Choice(parts=parts):
                state = self._state()
                self._free[state] = tuple(self._build(each, after) for each in parts)
            case Repeat():
                state = self._repeat(part, after)
        return state

    def _repeat(self, part: Repeat, after: int) -> int:
        if part.most is None:
            state = self._state()
            self._free[state] = (self._build(part.of, state), after)
        else:
            state = after
            for _ in range(part.most - part.least):
                skip = self._state()
                self._free[skip] = (self._build(part.of, state), after)
                state = skip
        for _ in range(part.least):
            state = self._build(part.of, state)
        return state

    def matches(self, text: str, *, whole: bool, spend: Spend) -> bool:
        """Return whether it matches some part of `text`, or the whole of it."""
        current = self._closure(frozenset({self._start}), text, 0, spend)
        for at, character in enumerate(text, 1):
            if not whole and self._end in current:
                return True
            current = self._step(current, character, text, at, whole=whole, spend=spend)
            if not current:
                return False
        return self._end in current

    def _step(  # noqa: PLR0913 - a step of the loop above
        self, current: _States, character: str, text: str, at: int, *, whole: bool, spend: Spend
    ) -> _States:
        known = None if self._positions else self._known.get((current, character, whole))
        if known is not None:
            return known
        spend(1 + len(current) // 8)
        after = {to for s in current if s in self._tests for to in self._after(s, character)}
        following = frozenset(after) if whole else frozenset({*after, self._start})
        found = self._closure(following, text, at, spend)
        self._remembered += len(current) + len(found)
        if self._remembered > _MOST_KNOWN:
            self._known.clear()
            self._remembered = 0
        self._known[current, character, whole] = found
        return found

    def _after(self, state: int, character: str) -> tuple[int, ...]:
        test, after = self._tests[state]
        return (after,) if test(character) else ()

    def _closure(self, states: _States, text: str, at: int, spend: Spend) -> _States:
        """Return the states that can be reached without a character."""
        seen = set(states)
        new = list(states)
        while new:
            state = new.pop()
            for reached in self._reached(state, text, at):
                if reached not in seen:
                    seen.add(reached)
                    new.append(reached)
        spend(len(seen) // 8)
        return frozenset(seen)

    def _reached(self, state: int, text: str, at: int) -> tuple[int, ...]:
        if state in self._positions:
            kind, after = self._positions[state]
            return (after,) if _is_at(kind, text, at) else ()
        return self._free.get(state, ())


def _is_at(kind: str, text: str, at: int) -> bool:
    match kind:
        case "^":
            return at == 0
        case "$":
            return at == len(text) or text[at:] == "\n"
        case _:
            before = at > 0 and _is_word(text[at - 1])
            after = at < len(text) and _is_word(text[at])
            return (before is not after) is (kind == "b")


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


@lru_cache(maxsize=_PATTERNS)
def _program(pattern: str) -> Program:
    return Program(parse_pattern(pattern))


def matches(pattern: str, text: str, *, whole: bool, spend: Spend) -> bool:
    """Return whether `pattern` matches in `text`, or the `whole` of it.

    Raises:
        FhirPathEvaluationError: It is no regular expression, or has a look-around.
        FhirPathLimitError: It takes too many states or steps.
    """
    spend(1 + len(text) // 8)
    return _program(pattern).matches(text, whole=whole, spend=spend)


def replaced(pattern: str, text: str, substitution: str, spend: Spend) -> str:
    """Return `text` with each match replaced; `$1` and `${name}` are groups of the match.

    Raises:
        FhirPathEvaluationError: It is no regular expression, or has a look-around.
        FhirPathLimitError: It could take too many steps.
    """
    spend(1 + cost(parse_pattern(pattern), len(text)) // _FASTER)
    refuse_text(len(text) + (len(text) + 1) * len(substitution))
    form = _GROUP.sub(r"\\g<\1\2>", substitution.replace("\\", r"\\"))
    try:
        # Named groups are written (?<name>) elsewhere.
        compiled = re.compile(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", pattern), re.DOTALL)
        found = compiled.sub(form, text)
    except (re.error, IndexError):
        raise FhirPathEvaluationError("The regular expression is malformed.") from None
    refuse_text(len(found))
    return found

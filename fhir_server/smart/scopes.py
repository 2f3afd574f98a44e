"""SMART scopes, v2 and v1 syntax: parsing, the canonical form, and narrowing. Pure.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html

What is granted is what was asked for and registered, interaction by interaction. Narrowing never
widens: whatever a granted scope covers, a requested and a registered one cover as well.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, urlencode

INTERACTIONS = "cruds"
# v1: https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources
_V1 = {"read": "rs", "write": "cud", "*": INTERACTIONS}
# Stays as it is in a formatted query: usual in token values, and allowed in a scope.
_READABLE = "/:|,"
_CLINICAL = re.compile(
    r"(?P<level>patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]*)\.(?P<interactions>[a-z]+|\*)"
    r"(?:\?(?P<query>\S+))?"
)


class ScopeError(ValueError):
    """A text is not a clinical scope."""


class Level(StrEnum):
    """The prefix of a clinical scope."""

    PATIENT = "patient"
    USER = "user"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """`level/type.interactions?query`; `type` "*" is every type.

    `interactions` are letters of "cruds" in that order; `query` are the pairs after "?".
    """

    level: Level
    type: str
    interactions: str
    query: tuple[tuple[str, str], ...] = ()


def is_clinical(text: str) -> bool:
    """Tell whether `text` claims to be a clinical scope, rather than `openid` or `launch`."""
    return text.split("/", 1)[0] in set(Level) and "/" in text


def parse_scope(text: str) -> Scope:
    """Return the scope that `text` is.

    Raises:
        ScopeError: It is neither v2 (`system/Encounter.rs`) nor v1 (`system/Encounter.read`).
    """
    found = _CLINICAL.fullmatch(text)
    interactions = _interactions(found["interactions"]) if found else ""
    if not found or not interactions:
        raise ScopeError(
            f"`{text}` is no scope: write `system/Type.` and letters of `cruds` in that order,"
            " or `read`, `write` or `*`."
        )
    query = parse_qsl(found["query"] or "", keep_blank_values=True)
    if found["query"] and not (query and all(name for name, _ in query)):
        raise ScopeError(f"The query of the scope `{text}` names no search parameter.")
    return Scope(
        level=Level(found["level"]),
        type=found["type"],
        interactions=interactions,
        query=tuple(query),
    )


def parse_scopes(text: str) -> tuple[Scope, ...]:
    """Return the scopes of a space-separated list, in its order.

    Raises:
        ScopeError: One of them is not a clinical scope.
    """
    return tuple(parse_scope(word) for word in text.split())


def format_scope(scope: Scope) -> str:
    """Return `scope` in v2 syntax."""
    query = f"?{urlencode(scope.query, safe=_READABLE)}" if scope.query else ""
    return f"{scope.level}/{scope.type}.{scope.interactions}{query}"


def format_scopes(scopes: Iterable[Scope]) -> str:
    """Return `scopes` as a space-separated list."""
    return " ".join(format_scope(scope) for scope in scopes)


def canonical(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """Return the least list that covers the same: merged, without what others cover, sorted."""
    merged: dict[tuple[Level, str, tuple[tuple[str, str], ...]], str] = {}
    for scope in scopes:
        key = (scope.level, scope.type, tuple(sorted(set(scope.query))))
        merged[key] = _ordered(merged.get(key, "") + scope.interactions)
    least = [
        Scope(level=level, type=type_, interactions=interactions, query=query)
        for (level, type_, query), interactions in sorted(merged.items())
    ]
    return tuple(
        scope
        for scope in least
        if not any(covers(other, scope) for other in least if other is not scope)
    )


def covers(wide: Scope, narrow: Scope) -> bool:
    """Tell whether everything that `narrow` allows is allowed by `wide` too."""
    return (
        wide.level is narrow.level
        and wide.type in ("*", narrow.type)
        and set(narrow.interactions) <= set(wide.interactions)
        # Pairs of a query are joined by "and": the fewer, the wider.
        and set(wide.query) <= set(narrow.query)
    )


def narrow(requested: Iterable[Scope], registered: Iterable[Scope]) -> tuple[Scope, ...]:
    """Return what is both requested and registered, in canonical form; empty: nothing."""
    allowed = tuple(registered)
    common = (_intersect(one, other) for one in requested for other in allowed)
    return canonical(scope for scope in common if scope is not None)


def _intersect(one: Scope, other: Scope) -> Scope | None:
    interactions = "".join(letter for letter in one.interactions if letter in other.interactions)
    types_meet = one.type == other.type or "*" in (one.type, other.type)
    if one.level is not other.level or not types_meet or not interactions:
        return None
    return Scope(
        level=one.level,
        type=other.type if one.type == "*" else one.type,
        interactions=interactions,
        query=(*one.query, *other.query),
    )


def _interactions(text: str) -> str:
    """Return letters of "cruds", empty where `text` is no list of interactions."""
    letters = _V1.get(text, text)
    return letters if letters == _ordered(letters) else ""


def _ordered(letters: str) -> str:
    return "".join(letter for letter in INTERACTIONS if letter in letters)

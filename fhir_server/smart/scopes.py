"""SMART scopes, v2 and v1 syntax. Pure.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

from dataclasses import dataclass
from enum import StrEnum


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

"""What may be counted: populations of crisis encounters, each a conjunction of tests on facts.

Only numbers come back. `Repository.aggregate` alone sets `custodians`, and measures alone decide
which numbers may be published (reporting/).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FactTest:
    """`field` of EncounterFact has one of `values`; None among them is "nobody said"."""

    field: str
    values: tuple[str | bool | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The encounters that pass all `tests`."""

    code: str
    tests: tuple[FactTest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactQuery:
    """Counts of `populations` among the encounters received in [since, until), microseconds.

    `custodians` None: of every agency.
    """

    since: int
    until: int
    populations: tuple[Population, ...]
    custodians: frozenset[int] | None = None

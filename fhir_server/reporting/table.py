"""The counts of one measure group in one period, and how much of each row is shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

TOTAL = ""


class Shown(IntEnum):
    """How much of a row stands in the report; more is larger."""

    NOTHING = 0
    DENOMINATOR = 1
    ALL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A denominator, split into those in the numerator and the rest."""

    numerator: int = 0
    rest: int = 0

    @property
    def denominator(self) -> int:
        """The numerator and the rest."""
        return self.numerator + self.rest

    def plus(self, other: "Row") -> "Row":
        """Return the sum of two rows."""
        return Row(numerator=self.numerator + other.numerator, rest=self.rest + other.rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows by the code of their stratum; the total is the sum of the strata where there are any."""

    total: Row
    strata: Mapping[str, Row] = field(default_factory=dict)

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield the strata, then the total as `TOTAL`."""
        yield from self.strata.items()
        yield TOTAL, self.total

    def row(self, name: str) -> Row:
        """Return the stratum `name`, or the total for `TOTAL`."""
        return self.total if name == TOTAL else self.strata[name]


# How much is shown, by stratum and for TOTAL.
Pattern = Mapping[str, Shown]


def stratified(strata: Mapping[str, Row]) -> Table:
    """Return the table of `strata` with their sum as its total."""
    total = Row()
    for row in strata.values():
        total = total.plus(row)
    return Table(total=total, strata=strata)


def sum_of(parts: tuple[Table, ...]) -> Table:
    """Return the table of a period that consists of the periods of `parts`."""
    total = Row()
    strata = dict.fromkeys(parts[0].strata, Row())
    for part in parts:
        total = total.plus(part.total)
        strata = {name: row.plus(part.strata[name]) for name, row in strata.items()}
    return Table(total=total, strata=strata)

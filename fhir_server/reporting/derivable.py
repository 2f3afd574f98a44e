"""What a reader can derive about a hidden count from everything that was published about a year.

A reader knows the counts that are shown, that counts are whole numbers from 0 up, and how they add
up: numerator and rest to the denominator, strata to the total, quarters to the year. The interval
found for a count is never wider than what he can really be left with: it joins families of tables
that he cannot tell from the true one, each of which is a network (flow.py):

- within one quarter, the other quarters as they are: there it is exact;
- across quarters, numerators (or rests) of rows of which nothing is shown;
- across quarters, numerators against rests, with every denominator as it is.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product

from fhir_server.reporting.flow import UNBOUNDED, Edge, Interval, bounds
from fhir_server.reporting.table import TOTAL, Pattern, Row, Shown, Table

# Stands for the rows of a table that is not stratified: one row that nobody is shown.
ONLY = "only"

Network = Mapping[Hashable, Edge]


class Count(StrEnum):
    """The counts of a row; only the rest is never published."""

    NUMERATOR = "numerator"
    REST = "rest"
    DENOMINATOR = "denominator"

    def of(self, row: Row) -> int:
        """Return this count of `row`."""
        value: int = getattr(row, self.value)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The table of a period and how much of each of its rows is shown."""

    table: Table
    shown: Pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A count of a row: of the quarter `part`, or where that is None of the whole year."""

    row: str
    count: Count
    part: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Quarters, and the year that they make up if that is published too."""

    parts: tuple[Period, ...]
    whole: Period | None = None
    # Made on first use: most questions about a release need few of its networks.
    networks: dict[Hashable, Network] = field(default_factory=dict)

    def period(self, figure: Figure) -> Period:
        """Return the period of `figure`."""
        found = self.whole if figure.part is None else self.parts[figure.part]
        if found is None:
            raise LookupError(figure)
        return found

    def value(self, figure: Figure) -> int:
        """Return the true count of `figure`."""
        return figure.count.of(self.period(figure).table.row(figure.row))


def intervals(release: Release, figure: Figure) -> Iterator[Interval]:
    """Yield intervals of values that the reader cannot exclude for `figure`.

    Each holds the true value, so that their union is an interval too.
    """
    for part in range(len(release.parts)) if figure.part is None else (figure.part,):
        inner = Figure(row=figure.row, count=figure.count, part=part)
        found = _within(release, inner)
        yield found.shifted(release.value(figure) - release.value(inner))
    if release.whole is None:
        return
    shown = release.period(figure).shown[figure.row]
    if shown == Shown.NOTHING:
        yield _across(release, figure)
    if shown < Shown.ALL and figure.count != Count.DENOMINATOR:
        yield _transferred(release, figure)


def _within(release: Release, figure: Figure) -> Interval:
    """Return the bounds inside one quarter."""
    part = figure.part or 0
    if part not in release.networks:
        release.networks[part] = dict(_quarter(release, part))
    return bounds(release.networks[part], (figure.row, figure.count))


def _quarter(release: Release, part: int) -> Iterator[tuple[Hashable, Edge]]:
    """Yield the counts of a quarter; what the year shows of a row fixes it here."""
    period = release.parts[part]
    for name, row in (period.table.strata or {ONLY: period.table.total}).items():
        state = _shown(release, period, name)
        yield _edge(name, Count.DENOMINATOR, row, state, ("all", f"row {name}"))
        yield _edge(name, Count.NUMERATOR, row, state, (f"row {name}", "numerators"))
        yield _edge(name, Count.REST, row, state, (f"row {name}", "rests"))
    row, state = period.table.total, _shown(release, period, TOTAL)
    yield _edge(TOTAL, Count.DENOMINATOR, row, state, ("sum", "all"))
    yield _edge(TOTAL, Count.NUMERATOR, row, state, ("numerators", "sum"))
    yield _edge(TOTAL, Count.REST, row, state, ("rests", "sum"))


def _shown(release: Release, period: Period, name: str) -> Shown:
    shown = period.shown.get(name, Shown.NOTHING)
    if release.whole is None:
        return shown
    return max(shown, release.whole.shown.get(name, Shown.NOTHING))


def _edge(
    name: str, count: Count, row: Row, state: Shown, ends: tuple[str, str]
) -> tuple[Hashable, Edge]:
    free = state == Shown.NOTHING or (state < Shown.ALL and count != Count.DENOMINATOR)
    return (name, count), Edge(tail=ends[0], head=ends[1], value=count.of(row), free=free)


def _across(release: Release, figure: Figure) -> Interval:
    """Return the bounds across quarters, over rows of which nothing is shown."""
    if figure.count != Count.DENOMINATOR:
        return _column(release, figure, figure.count)
    numerators = _column(release, figure, Count.NUMERATOR)
    rests = _column(release, figure, Count.REST)
    return Interval(lo=numerators.lo + rests.lo, hi=numerators.hi + rests.hi)


def _transferred(release: Release, figure: Figure) -> Interval:
    """Return the bounds across quarters while no denominator changes."""
    numerators = _column(release, figure, Count.DENOMINATOR)
    if figure.count == Count.NUMERATOR:
        return numerators
    denominator = release.period(figure).table.row(figure.row).denominator
    return Interval(lo=denominator - numerators.hi, hi=denominator - numerators.lo)


def _column(release: Release, figure: Figure, column: Count) -> Interval:
    """Return the bounds of one kind of count over strata and quarters.

    `column` DENOMINATOR stands for numerators within denominators that stay as they are.
    """
    if column not in release.networks:
        release.networks[column] = dict(_counts(release, column))
    return bounds(release.networks[column], (figure.part, figure.row))


def _counts(release: Release, column: Count) -> Iterator[tuple[Hashable, Edge]]:
    keeps = column == Count.DENOMINATOR
    count = Count.NUMERATOR if keeps else column
    most_shown = Shown.DENOMINATOR if keeps else Shown.NOTHING
    periods = [*enumerate(release.parts), (None, release.whole)]
    names = [TOTAL, *(release.parts[0].table.strata or (ONLY,))]
    for (part, period), name in product(periods, names):
        if period is not None:
            row = period.table.total if name == ONLY else period.table.row(name)
            tail, head = _ends(part, name)
            yield (
                (part, name),
                Edge(
                    tail=tail,
                    head=head,
                    value=count.of(row),
                    free=period.shown.get(name, Shown.NOTHING) <= most_shown,
                    most=row.denominator if keeps else UNBOUNDED,
                ),
            )


def _ends(part: int | None, name: str) -> tuple[str, str]:
    """Return the nodes between which a count flows: year, quarter, stratum, year."""
    if part is None:
        return ("end", "start") if name == TOTAL else (f"row {name}", "end")
    return ("start", f"part {part}") if name == TOTAL else (f"part {part}", f"row {name}")

"""Small cells: which counts of a table may be published, so that no hidden one can be derived.

The cell size policy of CMS (https://resdac.org/articles/cms-cell-size-suppression-policy): no count
from 1 to 10 is shown or can be worked out from others, complements and percentages included. Zeros
may be shown. What holds of every release of a year, its quarters and the year together:

- a row hides its numerator where the numerator or the rest is small, and its denominator too where
  that is small;
- each hidden count, and each small rest, can for the reader still be one of `threshold` values or
  more, and need not be small at all;
- a quarter's pattern depends on that quarter alone, so that it is the same before and after the
  year is published; the year shows only what its quarters leave room for.

Pure: the same table gives the same pattern.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from fhir_server.reporting.derivable import Count, Figure, Period, Release, intervals
from fhir_server.reporting.flow import Interval
from fhir_server.reporting.table import TOTAL, Pattern, Row, Shown, Table, sum_of

# A row, and how much of it is shown from now on.
Step = tuple[str, Shown]


def publish(table: Table, threshold: int, *, withhold: bool = False) -> Pattern:
    """Return how much may be shown of each row of a quarter's `table`.

    Counts from 1 to below `threshold` are small. `withhold` hides everything: what the table rests
    on is hidden.
    """
    floor = {name: Shown.NOTHING for name, _ in table.rows()}
    start = floor if withhold else {name: _primary(row, threshold) for name, row in table.rows()}
    return _complement(
        _Draft(
            table=table,
            floor=floor,
            threshold=threshold,
            release=lambda shown: Release(parts=(Period(table=table, shown=shown),)),
        ),
        start,
    )


def publish_sum(
    quarters: Sequence[tuple[Table, Pattern]], threshold: int, *, withhold: bool = False
) -> Pattern:
    """Return how much may be shown of the year that `quarters`, as published, make up."""
    parts = tuple(Period(table=table, shown=shown) for table, shown in quarters)
    whole = sum_of(tuple(table for table, _ in quarters))
    # What every quarter shows can be added up by anybody: hiding the sum would hide nothing.
    floor = {name: min(part.shown[name] for part in parts) for name, _ in whole.rows()}
    start = (
        floor
        if withhold
        else {name: max(floor[name], _primary(row, threshold)) for name, row in whole.rows()}
    )
    return _complement(
        _Draft(
            table=whole,
            floor=floor,
            threshold=threshold,
            release=lambda shown: Release(parts=parts, whole=Period(table=whole, shown=shown)),
        ),
        start,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A table whose pattern is being found; below `floor` nothing can be hidden."""

    table: Table
    floor: Pattern
    threshold: int
    release: Callable[[Pattern], Release]


def _primary(row: Row, threshold: int) -> Shown:
    if 0 < row.denominator < threshold:
        return Shown.NOTHING
    small = 0 < row.numerator < threshold or 0 < row.rest < threshold
    return Shown.DENOMINATOR if small else Shown.ALL


def _complement(draft: _Draft, start: Pattern) -> Pattern:
    """Hide more, the cheapest first, until nothing that is hidden can be derived."""
    shown = dict(start)
    while unsafe := _unsafe(draft, shown, _secret(draft, shown)):
        steps = _steps(draft, shown)
        mends = (
            step
            for step in steps
            if len(_unsafe(draft, shown | dict([step]), unsafe)) < len(unsafe)
        )
        name, state = next(mends, steps[0])
        shown[name] = state
    return shown


def _steps(draft: _Draft, shown: Pattern) -> list[Step]:
    """Return what could be hidden next: small rows first, empty ones and the total last."""
    steps = [
        (name, state)
        for state in (Shown.DENOMINATOR, Shown.NOTHING)
        for name, _ in draft.table.rows()
        if draft.floor[name] <= state < shown[name]
    ]
    return sorted(steps, key=lambda step: _cost(draft.table, step))


def _cost(table: Table, step: Step) -> tuple[bool, bool, bool, int]:
    name, state = step
    denominator = table.row(name).denominator
    return name == TOTAL, denominator == 0, state == Shown.NOTHING, denominator


def _secret(draft: _Draft, shown: Pattern) -> Iterator[Figure]:
    """Yield the counts that nobody may derive: those of the quarters too, if a year is drafted."""
    release = draft.release(shown)
    for part, period in enumerate(release.parts):
        yield from _secret_of(period, part, draft.threshold)
    if release.whole is not None:
        yield from _secret_of(release.whole, None, draft.threshold)


def _secret_of(period: Period, part: int | None, threshold: int) -> Iterator[Figure]:
    for name, row in period.table.rows():
        if period.shown[name] < Shown.ALL:
            yield Figure(row=name, count=Count.NUMERATOR, part=part)
            if 0 < row.rest < threshold:
                yield Figure(row=name, count=Count.REST, part=part)
        if period.shown[name] == Shown.NOTHING:
            yield Figure(row=name, count=Count.DENOMINATOR, part=part)


def _unsafe(draft: _Draft, shown: Pattern, figures: Iterable[Figure]) -> list[Figure]:
    release = draft.release(shown)
    return [
        figure for figure in figures if not _is_safe(intervals(release, figure), draft.threshold)
    ]


def _is_safe(known: Iterator[Interval], threshold: int) -> bool:
    """Tell whether the union of `known` is wide enough and not only of small counts."""
    union: Interval | None = None
    for interval in known:
        union = interval if union is None else union.union(interval)
        wide = union.hi - union.lo >= threshold - 1
        if wide and (union.lo == 0 or union.hi >= threshold):
            return True
    return False

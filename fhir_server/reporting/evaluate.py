"""Counts a measure in a period and decides what of it may be published. Pure but for `count`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fhir_server.facts.query import FactQuery
from fhir_server.reporting.disclosure_control import publish, publish_sum
from fhir_server.reporting.measure import Group, Measure, populations, table
from fhir_server.reporting.periods import Reported
from fhir_server.reporting.table import TOTAL, Pattern, Shown, Table, sum_of

# Counts the populations of a query, by code: Repository.aggregate.
Count = Callable[[FactQuery], Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """The table of a group and how much of it is shown.

    `contained` is the denominator of the group that this one contains: it adds to this one's.
    """

    group: Group
    table: Table
    shown: Pattern
    contained: int = 0


def evaluate(
    measure: Measure, period: Reported, count: Count, threshold: int
) -> tuple[Evaluated, ...]:
    """Return the groups of `measure` in `period`; counts from 1 to below `threshold` are small."""
    quarters = [
        _quarter(measure, _counts(measure, quarter, count), threshold)
        for quarter in period.quarters or (period,)
    ]
    return _year(measure, quarters, threshold) if period.is_year else quarters[0]


def _counts(measure: Measure, quarter: Reported, count: Count) -> Mapping[str, int]:
    wanted = tuple(population for group in measure.groups for population in populations(group))
    return count(FactQuery(since=quarter.since, until=quarter.until, populations=wanted))


def _quarter(measure: Measure, counts: Mapping[str, int], threshold: int) -> tuple[Evaluated, ...]:
    found: dict[str, Evaluated] = {}
    for group in measure.groups:
        inner = found.get(group.contains)
        counted = table(group, counts)
        found[group.code] = Evaluated(
            group=group,
            table=counted,
            shown=publish(counted, threshold, withhold=_is_hidden(inner)),
            contained=_denominator(inner),
        )
    return tuple(found.values())


def _year(
    measure: Measure, quarters: Sequence[tuple[Evaluated, ...]], threshold: int
) -> tuple[Evaluated, ...]:
    found: dict[str, Evaluated] = {}
    for index, group in enumerate(measure.groups):
        inner = found.get(group.contains)
        parts = [(quarter[index].table, quarter[index].shown) for quarter in quarters]
        found[group.code] = Evaluated(
            group=group,
            table=sum_of(tuple(counted for counted, _ in parts)),
            shown=publish_sum(parts, threshold, withhold=_is_hidden(inner)),
            contained=_denominator(inner),
        )
    return tuple(found.values())


def _is_hidden(inner: Evaluated | None) -> bool:
    """Tell whether the denominator that another group contains is hidden."""
    return inner is not None and inner.shown[TOTAL] == Shown.NOTHING


def _denominator(inner: Evaluated | None) -> int:
    return 0 if inner is None else inner.table.total.denominator

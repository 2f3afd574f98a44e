"""What a measure declares of itself: its groups, and the facts that put an encounter into each.

https://hl7.org/fhir/R4/measure.html . Criteria are tests on the facts of crisis encounters
(facts/encounter.py), so that a measure is counted in SQL; the Measure resource is written from the
same declaration (measure_resource.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fhir_server.facts.query import FactTest, Population
from fhir_server.reporting.table import Row, Table, stratified

# The stratum of encounters whose code is absent or not of the stratifier's list. It always stands
# in a report, empty or not: which strata are listed must tell nothing.
OTHER = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratifier:
    """Splits a group by the codes of a fact; `system` is their code system."""

    code: str
    text: str
    field: str
    system: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A proportion: of the encounters in the denominator, those in the numerator.

    `numerator` and `except_for` are tested within the denominator; what passes all of
    `except_for` is not in the numerator after all. `contains` names another group whose whole
    denominator is part of this one's, and no part of this one's numerator.
    """

    code: str
    text: str
    denominator: tuple[FactTest, ...]
    numerator: tuple[FactTest, ...]
    except_for: tuple[FactTest, ...] = ()
    stratifier: Stratifier | None = None
    contains: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One proportion measure; `id` is also the last part of its canonical URL.

    A group that `contains` another stands behind it.
    """

    id: str
    version: str
    title: str
    description: str
    rationale: str
    groups: tuple[Group, ...]


def populations(group: Group) -> Iterator[Population]:
    """Yield what must be counted for a group: in all, and in each stratum that has a code."""
    yield from _populations(group, "", ())
    if group.stratifier is not None:
        for code in group.stratifier.codes:
            yield from _populations(
                group, code, (FactTest(field=group.stratifier.field, values=(code,)),)
            )


def _populations(group: Group, stratum: str, tests: tuple[FactTest, ...]) -> Iterator[Population]:
    denominator = (*group.denominator, *tests)
    numerator = (*denominator, *group.numerator)
    yield Population(code=_code(group, stratum, "denominator"), tests=denominator)
    yield Population(code=_code(group, stratum, "numerator"), tests=numerator)
    if group.except_for:
        excepted = (*numerator, *group.except_for)
        yield Population(code=_code(group, stratum, "excepted"), tests=excepted)


def _code(group: Group, stratum: str, population: str) -> str:
    return f"{group.code}/{stratum}/{population}"


def table(group: Group, counts: Mapping[str, int]) -> Table:
    """Return the counts of `populations(group)` as rows.

    Where the group contains another, its denominator is not among the rest: it is counted there.
    """
    total = _row(group, "", counts)
    if group.contains:
        inner = counts[f"{group.contains}//denominator"]
        total = Row(numerator=total.numerator, rest=total.rest - inner)
    if group.stratifier is None:
        return Table(total=total)
    strata = {code: _row(group, code, counts) for code in group.stratifier.codes}
    return stratified({**strata, OTHER: _remainder(total, strata)})


def _row(group: Group, stratum: str, counts: Mapping[str, int]) -> Row:
    numerator = counts[_code(group, stratum, "numerator")]
    if group.except_for:
        numerator -= counts[_code(group, stratum, "excepted")]
    denominator = counts[_code(group, stratum, "denominator")]
    return Row(numerator=numerator, rest=denominator - numerator)


def _remainder(total: Row, strata: Mapping[str, Row]) -> Row:
    known = stratified(strata).total
    return Row(numerator=total.numerator - known.numerator, rest=total.rest - known.rest)

"""No small count can be derived from what is published: checked by looking at all tables.

The oracle knows nothing of networks: it looks for tables of whole numbers that agree with every
published count, and collects the values that each hidden count takes in them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count as counted

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from fhir_server.reporting.disclosure_control import publish, publish_sum
from fhir_server.reporting.table import Pattern, Row, Shown, Table, stratified, sum_of

THRESHOLD = 3
MOST = 7
MOST_STEPS = 20_000

Leaf = tuple[int, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A count as the set of the smallest counts that it is the sum of."""

    name: str
    leaves: frozenset[Leaf]
    value: int
    shown: bool
    published: bool = True

    @property
    def is_secret(self) -> bool:
        """Hidden, or never published and small."""
        return not self.shown and (self.published or 0 < self.value < THRESHOLD)


def counts(
    tables: Sequence[Table], shown: Sequence[Pattern], year: Pattern | None
) -> Iterator[Count]:
    """Yield every count of a release, published and implied."""
    quarters = range(len(tables))
    periods: list[tuple[tuple[int, ...], Table, Pattern]] = [
        ((quarter,), tables[quarter], shown[quarter]) for quarter in quarters
    ]
    if year is not None:
        periods.append((tuple(quarters), sum_of(tuple(tables)), year))
    for parts, table, pattern in periods:
        for name, row in table.rows():
            strata = [name] if name else list(table.strata)
            numerator = frozenset((part, s, "numerator") for part in parts for s in strata)
            rest = frozenset((part, s, "rest") for part in parts for s in strata)
            label = f"{parts} {name}"
            every = pattern[name] == Shown.ALL
            yield Count(
                name=f"{label} numerator", leaves=numerator, value=row.numerator, shown=every
            )
            yield Count(
                name=f"{label} rest", leaves=rest, value=row.rest, shown=every, published=False
            )
            yield Count(
                name=f"{label} denominator",
                leaves=numerator | rest,
                value=row.denominator,
                shown=pattern[name] >= Shown.DENOMINATOR,
            )


def outer_counts(
    rows: Sequence[Row], shown: Sequence[Pattern], inner: Sequence[Count]
) -> Iterator[Count]:
    """Yield the counts of a group that contains the one whose denominators are `inner`.

    Of `rows` and `shown`, quarter by quarter and then for the year.
    """
    quarters = range(len(rows) - 1)
    for parts, row, pattern, within in zip(
        [*((quarter,) for quarter in quarters), tuple(quarters)], rows, shown, inner, strict=True
    ):
        numerator = frozenset((part, "outer", "numerator") for part in parts)
        rest = frozenset((part, "outer", "rest") for part in parts)
        every = pattern[""] == Shown.ALL
        yield Count(
            name=f"{parts} outer numerator", leaves=numerator, value=row.numerator, shown=every
        )
        yield Count(
            name=f"{parts} outer rest",
            leaves=rest,
            value=row.rest,
            shown=every and within.shown,
            published=False,
        )
        yield Count(
            name=f"{parts} outer denominator",
            leaves=numerator | rest | within.leaves,
            value=row.denominator + within.value,
            shown=pattern[""] >= Shown.DENOMINATOR,
        )


def is_possible(known: Sequence[tuple[frozenset[Leaf], int]]) -> bool:
    """Tell whether some table has all of the `known` sums.

    The search may need exponentially many steps; an example that takes more than MOST_STEPS is
    given up, and Hypothesis draws another.
    """
    # Those that share a sum stand together, so that a wrong guess shows soon.
    leaves = sorted({leaf for members, _ in known for leaf in members})
    return _complete(leaves, dict(known), counted(1))


def _complete(leaves: list[Leaf], left: dict[frozenset[Leaf], int], steps: Iterator[int]) -> bool:
    if next(steps) > MOST_STEPS:
        reject()
    if not leaves:
        return all(value == 0 for value in left.values())
    leaf, *others = leaves
    rest = set(others)
    touched = [members for members in left if leaf in members]
    if not touched:
        return _complete(others, left, steps)
    # Where no other unknown of a sum is left, its value is forced.
    forced = {left[members] for members in touched if not members & rest}
    most = min(left[members] for members in touched)
    if len(forced) > 1 or any(value > most for value in forced):
        return False
    for value in forced or range(most, -1, -1):
        after = left | {members: left[members] - value for members in touched}
        if _complete(others, after, steps):
            return True
    return False


def values_of(secret: Count, all_counts: Sequence[Count]) -> set[int]:
    """Return the values up to a bound that `secret` takes over the tables that fit."""
    known = [(count.leaves, count.value) for count in all_counts if count.shown]
    if any(members == secret.leaves for members, _ in known):
        return {secret.value}
    bound = max(secret.value, THRESHOLD) + THRESHOLD
    return {value for value in range(bound + 1) if is_possible([*known, (secret.leaves, value)])}


def assert_safe(all_counts: Sequence[Count]) -> None:
    for secret in all_counts:
        if secret.is_secret:
            values = values_of(secret, all_counts)
            assert secret.value in values
            assert max(values) - min(values) >= THRESHOLD - 1, secret.name
            assert not values <= set(range(1, THRESHOLD)), secret.name
        elif secret.shown:
            assert not 0 < secret.value < THRESHOLD, secret.name


rows = st.builds(
    Row, numerator=st.integers(0, MOST), rest=st.one_of(st.integers(0, 2), st.integers(0, MOST))
)


def tables(strata: int) -> st.SearchStrategy[Table]:
    return st.lists(rows, min_size=strata, max_size=strata).map(
        lambda found: stratified({"abcd"[i]: row for i, row in enumerate(found)})
    )


@given(st.integers(1, 4).flatmap(tables))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_hidden_in_a_quarter_can_be_derived(table: Table) -> None:
    shown = publish(table, THRESHOLD)

    assert_safe(list(counts([table], [shown], None)))


@given(st.integers(1, 3).flatmap(lambda n: st.lists(tables(n), min_size=2, max_size=3)))
@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_nothing_hidden_in_a_year_or_its_quarters_can_be_derived(quarters: list[Table]) -> None:
    shown = [publish(table, THRESHOLD) for table in quarters]

    year = publish_sum(list(zip(quarters, shown, strict=True)), THRESHOLD)

    assert_safe(list(counts(quarters, shown, year)))


@given(st.lists(st.tuples(tables(2), rows), min_size=2, max_size=2))
@settings(
    deadline=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_nothing_can_be_derived_from_a_group_that_contains_another(
    quarters: list[tuple[Table, Row]],
) -> None:
    inner = [table for table, _ in quarters]
    shown = [publish(table, THRESHOLD) for table in inner]
    year = publish_sum(list(zip(inner, shown, strict=True)), THRESHOLD)
    outer = [Table(total=row) for _, row in quarters]
    outer_shown = [
        publish(table, THRESHOLD, withhold=pattern[""] == Shown.NOTHING)
        for table, pattern in zip(outer, shown, strict=True)
    ]
    outer_year = publish_sum(
        list(zip(outer, outer_shown, strict=True)),
        THRESHOLD,
        withhold=year[""] == Shown.NOTHING,
    )

    found = list(counts(inner, shown, year))

    denominators = [count for count in found if count.name.endswith(")  denominator")]
    totals = [*(table.total for table in outer), sum_of(tuple(outer)).total]
    assert_safe([*found, *outer_counts(totals, [*outer_shown, outer_year], denominators)])


@given(tables(3))
def test_what_is_withheld_shows_nothing(table: Table) -> None:
    assert set(publish(table, THRESHOLD, withhold=True).values()) == {Shown.NOTHING}


@given(tables(3))
def test_the_same_table_gives_the_same_pattern(table: Table) -> None:
    assert publish(table, THRESHOLD) == publish(table, THRESHOLD)


@pytest.mark.parametrize("small", [1, 10])
def test_the_count_and_its_complement_are_hidden_from_1_to_10(small: int) -> None:
    numerator = Table(total=Row(numerator=small, rest=50))
    complement = Table(total=Row(numerator=50, rest=small))

    assert publish(numerator, 11)[""] == Shown.DENOMINATOR
    assert publish(complement, 11)[""] == Shown.DENOMINATOR


def test_zero_and_11_are_shown() -> None:
    table = stratified({"a": Row(numerator=11, rest=0), "b": Row(numerator=0, rest=11)})

    assert set(publish(table, 11).values()) == {Shown.ALL}


def test_one_hidden_stratum_takes_another_with_it() -> None:
    """Otherwise the total less the strata that are shown would tell it."""
    table = stratified(
        {
            "a": Row(numerator=30, rest=40),
            "b": Row(numerator=4, rest=60),
            "c": Row(numerator=90, rest=80),
        }
    )

    shown = publish(table, 11)

    assert shown == {
        "a": Shown.DENOMINATOR,
        "b": Shown.DENOMINATOR,
        "c": Shown.ALL,
        "": Shown.ALL,
    }


def test_a_year_shows_what_its_quarters_had_to_hide() -> None:
    quarter = stratified(
        {
            "a": Row(numerator=6, rest=7),
            "b": Row(numerator=9, rest=8),
            "c": Row(numerator=30, rest=30),
        }
    )
    shown = publish(quarter, 11)

    year = publish_sum([(quarter, shown)] * 4, 11)

    assert shown["a"] < Shown.ALL
    assert year["a"] == Shown.ALL

"""Only closed calendar quarters and years."""

import pytest

from fhir_server.fhir.dates import parse
from fhir_server.fhir.outcome import InvalidRequestError, UnprocessableError
from fhir_server.reporting.periods import closed_period, latest

AT = parse("2026-11-23T12:00:00Z").lo


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2026-01-01", "2026-03-31", "2026-01-01", "2026-03-31"),
        ("2026-07", "2026-09", "2026-07-01", "2026-09-30"),
        ("2025", "2025", "2025-01-01", "2025-12-31"),
        ("2025-01-01", "2025-12-31", "2025-01-01", "2025-12-31"),
    ],
)
def test_closed_quarters_and_years_are_reported(
    start: str, end: str, first: str, last: str
) -> None:
    found = closed_period(start, end, AT)

    assert (found.first, found.last) == (first, last)
    assert (found.since, found.until) == (parse(first).lo, parse(last).hi)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-01", "2026-01-31"),
        ("2026-01-01", "2026-06-30"),
        ("2026-02-01", "2026-04-30"),
        ("2026-10-01", "2026-12-31"),
        ("2026", "2026"),
        ("2024-01-01", "2025-12-31"),
        ("2026-03-31", "2026-01-01"),
    ],
)
def test_other_periods_are_refused_and_allowed_ones_named(start: str, end: str) -> None:
    with pytest.raises(UnprocessableError, match="`2026-07-01` to `2026-09-30`"):
        closed_period(start, end, AT)


def test_a_quarter_is_closed_at_the_instant_of_its_end() -> None:
    end = parse("2026-09-30").hi

    assert closed_period("2026-07-01", "2026-09-30", end).until == end
    with pytest.raises(UnprocessableError):
        closed_period("2026-07-01", "2026-09-30", end - 1)


@pytest.mark.parametrize("text", ["", "today", "2026-13-01", "2026-01-01T00:00:00Z"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        closed_period("2026-01-01", text, AT)

    assert refused.value.issues[0].expression == "periodEnd"


def test_the_latest_periods_are_the_last_four_quarters_and_the_last_year() -> None:
    assert [found.first for found in latest(AT)] == [
        "2026-07-01",
        "2026-04-01",
        "2026-01-01",
        "2025-10-01",
        "2025-01-01",
    ]

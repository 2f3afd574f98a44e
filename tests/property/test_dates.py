"""Partial dates: intervals agree with the calendar, nest, and survive formatting."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.dates import format_instant, parse, parse_instant

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
# The first and the last year are left out: an offset, or the day after, would leave the calendar.
TIMES = st.datetimes(timezones=OFFSETS).filter(lambda time: 1 < time.year < 9999)


def microseconds(time: datetime) -> int:
    return (time - EPOCH) // timedelta(microseconds=1)


@given(TIMES)
def test_an_instant_is_what_the_calendar_says(time: datetime) -> None:
    assert parse_instant(time.isoformat(timespec="microseconds")) == microseconds(time)


@given(TIMES)
def test_formatting_and_parsing_is_exact(time: datetime) -> None:
    exact = microseconds(time)

    assert parse_instant(format_instant(exact)) == exact


@given(TIMES, st.integers(0, 6))
def test_less_precise_is_wider(time: datetime, digits: int) -> None:
    """Each form that is cut off further covers all that the longer form covers."""
    naive = time.replace(tzinfo=None).isoformat(timespec="microseconds")
    lengths = [4, 7, 10, 16, 19, *range(21, 21 + digits)]

    periods = [parse(naive[:length]) for length in lengths]

    for wide, narrow in pairwise(periods):
        assert wide.lo <= narrow.lo < narrow.hi <= wide.hi


@given(TIMES)
def test_neighbouring_days_and_months_meet(time: datetime) -> None:
    first = time.replace(tzinfo=None)
    tomorrow = first + timedelta(days=1)
    next_month = (first.replace(day=1) + timedelta(days=31)).replace(day=1)

    assert parse(first.date().isoformat()).hi == parse(tomorrow.date().isoformat()).lo
    assert parse(first.isoformat()[:7]).hi == parse(next_month.isoformat()[:7]).lo


@given(TIMES, TIMES)
def test_texts_sort_as_times_do(one: datetime, other: datetime) -> None:
    texts = [format_instant(microseconds(time)) for time in (one, other)]

    assert (texts[0] <= texts[1]) == (one <= other)

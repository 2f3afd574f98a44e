"""https://hl7.org/fhir/R4/search.html#date and #prefix ."""

import pytest

from fhir_server.fhir.dates import parse
from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.fhir.resource import Json
from fhir_server.search.expression import Comparison
from fhir_server.search.params.date import (
    BEGINNING_OF_TIME,
    END_OF_TIME,
    Value,
    compared,
    compares,
    values,
)

AT = parse("2026-06-15T12:00:00Z").lo
HOUR = 3_600_000_000


def interval(text: str) -> Value:
    period = parse(text)
    return period.lo, period.hi


def span(first: str, last: str) -> Value:
    return parse(first).lo, parse(last).hi


@pytest.mark.parametrize(
    ("kind", "element", "found"),
    [
        ("date", "2026-03", [interval("2026-03")]),
        ("dateTime", "2026-03-01T10:00:00+02:00", [interval("2026-03-01T08:00:00Z")]),
        ("instant", "2026-03-01T10:00:00.123Z", [interval("2026-03-01T10:00:00.123Z")]),
        ("Period", {"start": "2026-01", "end": "2026-02"}, [span("2026-01", "2026-02")]),
        ("Period", {"start": "2026-01"}, [(parse("2026-01").lo, END_OF_TIME)]),
        ("Period", {"end": "2026-01"}, [(BEGINNING_OF_TIME, parse("2026-01").hi)]),
        ("Period", {"start": "2026-02", "end": "2026-01"}, [span("2026-01", "2026-02")]),
        ("Period", {}, []),
        ("Timing", {"event": ["2026-03", "2026-01", None]}, [span("2026-01", "2026-03")]),
        (
            "Timing",
            {"event": ["2026-05"], "repeat": {"boundsPeriod": {"start": "2026-01", "end": "2026"}}},
            [span("2026-01", "2026")],
        ),
        ("Timing", {"repeat": {"frequency": 1}}, []),
    ],
)
def test_each_datatype_has_its_interval(kind: str, element: Json, found: list[Value]) -> None:
    assert list(values()[kind](element)) == found


@pytest.mark.parametrize(
    ("query", "value", "satisfied"),
    [
        # The examples of the section: value against query, then the prefixes that are satisfied.
        ("2013-01-14", "2013-01-14T00:00:00Z", "eq ge le ap"),
        ("2013-01-14", "2013-01-14T10:00:00Z", "eq ge le ap"),
        ("2013-01-14", "2013-01-15T00:00:00Z", "ne gt ge sa"),
        ("2013-01-14", "2013-01-13T23:59:59Z", "ne lt le eb"),
        ("2013-01-14T10:00:00Z", "2013-01-14", "ne lt le gt ge ap"),
        ("2013-03-14", "2013", "ne lt le gt ge ap"),
        ("2013", "2013-03-14", "eq ge le ap"),
        ("2013-03", "2013-03", "eq ge le ap"),
    ],
)
def test_prefixes_compare_intervals(query: str, value: str, satisfied: str) -> None:
    found = {p.value for p in Comparison if compares(p, interval(value), interval(query))}

    assert found == set(satisfied.split())


def test_open_period_is_after_everything_that_it_began_before() -> None:
    ongoing = (parse("2013-01-21").lo, END_OF_TIME)

    found = {p.value for p in Comparison if compares(p, ongoing, interval("2013-03-14"))}

    assert found == {"ne", "gt", "ge", "lt", "le", "ap"}


@pytest.mark.parametrize(
    ("text", "comparison", "found"),
    [
        ("2026", Comparison.EQ, interval("2026")),
        ("ge2026-01", Comparison.GE, interval("2026-01")),
        ("sa2026-01-02T03:04Z", Comparison.SA, interval("2026-01-02T03:04Z")),
        ("2026-01-02T03:04:05 02:00", Comparison.EQ, interval("2026-01-02T03:04:05+02:00")),
        (r"lt2026\-01", Comparison.LT, interval("2026-01")),
    ],
)
def test_prefix_and_date_are_read(text: str, comparison: Comparison, found: Value) -> None:
    assert compared("date", text, AT) == (comparison, found)


@pytest.mark.parametrize(
    ("text", "hours"), [("ap2026-06-15T02:00:00Z", 1), ("ap2026-06-15T22:00:00Z", 1)]
)
def test_approximately_is_a_tenth_of_the_distance_to_now(text: str, hours: int) -> None:
    exact = interval(text.removeprefix("ap"))

    _, (lo, hi) = compared("date", text, AT)

    assert exact[0] - lo == hi - exact[1]
    assert lo == pytest.approx(exact[0] - hours * HOUR, abs=1_000_000)


def test_approximately_now_is_not_widened() -> None:
    assert compared("date", "ap2026", AT) == (Comparison.AP, interval("2026"))


@pytest.mark.parametrize(
    "text", ["", "ge", "xx2026", "26", "2026-13", "2026-02-30", "today", "ge ne2026"]
)
def test_anything_else_is_no_date(text: str) -> None:
    with pytest.raises(InvalidSearchError, match="`date`"):
        compared("date", text, AT)

"""https://hl7.org/fhir/R4/datatypes.html#dateTime: partial dates are intervals."""

import pytest

from fhir_server.fhir.dates import InvalidDateError, format_instant, parse, parse_instant


def span(text: str) -> tuple[str, str]:
    period = parse(text)
    return format_instant(period.lo), format_instant(period.hi)


@pytest.mark.parametrize(
    ("text", "lo", "hi"),
    [
        ("2026", "2026-01-01T00:00:00.000000Z", "2027-01-01T00:00:00.000000Z"),
        ("2026-12", "2026-12-01T00:00:00.000000Z", "2027-01-01T00:00:00.000000Z"),
        ("2024-02", "2024-02-01T00:00:00.000000Z", "2024-03-01T00:00:00.000000Z"),
        ("2024-02-29", "2024-02-29T00:00:00.000000Z", "2024-03-01T00:00:00.000000Z"),
        ("2026-03-04T15:02", "2026-03-04T15:02:00.000000Z", "2026-03-04T15:03:00.000000Z"),
        ("2026-03-04T15:02+01:00", "2026-03-04T14:02:00.000000Z", "2026-03-04T14:03:00.000000Z"),
        ("2026-03-04T15:02:11", "2026-03-04T15:02:11.000000Z", "2026-03-04T15:02:12.000000Z"),
        ("2026-03-04T15:02:11Z", "2026-03-04T15:02:11.000000Z", "2026-03-04T15:02:12.000000Z"),
        ("2026-03-04T15:02:11.5Z", "2026-03-04T15:02:11.500000Z", "2026-03-04T15:02:11.600000Z"),
        (
            "2026-03-04T15:02:11.123456789Z",
            "2026-03-04T15:02:11.123456Z",
            "2026-03-04T15:02:11.123457Z",
        ),
        (
            "2026-03-04T23:30:00-05:30",
            "2026-03-05T05:00:00.000000Z",
            "2026-03-05T05:00:01.000000Z",
        ),
        (
            "2026-03-04T00:00:00+14:00",
            "2026-03-03T10:00:00.000000Z",
            "2026-03-03T10:00:01.000000Z",
        ),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z", "2017-01-01T00:00:01.000000Z"),
        ("0001", "0001-01-01T00:00:00.000000Z", "0002-01-01T00:00:00.000000Z"),
        (
            "1969-12-31T23:59:59.999999Z",
            "1969-12-31T23:59:59.999999Z",
            "1970-01-01T00:00:00.000000Z",
        ),
    ],
)
def test_a_partial_date_covers_all_that_it_leaves_open(text: str, lo: str, hi: str) -> None:
    assert span(text) == (lo, hi)


@pytest.mark.parametrize("text", ["9999", "9999-12", "9999-12-31", "9999-12-31T23:59:60Z"])
def test_the_last_year_has_an_end(text: str) -> None:
    assert parse(text).lo < parse(text).hi


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0000",
        "26",
        "10000",
        "2026-3",
        "2026-00",
        "2026-13",
        "2026-02-30",
        "2025-02-29",
        "2026-04-31",
        "2026-03-04T15",
        "2026-03-04T24:00:00Z",
        "2026-03-04T15:60:00Z",
        "2026-03-04T15:02:61Z",
        "2026-03-04T15:02:11.Z",
        "2026-03-04T15:02:11+14:01",
        "2026-03-04T15:02:11+0100",
        "2026-03-04T15:02:11+01",
        "2026-03-04 15:02:11Z",
        "2026-03-04T15:02:11z",
        "2026-03-04Z",
        " 2026",
        "2026\n",
        "\u0662\u0660\u0662\u0666",
        "-2026",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InvalidDateError):
        parse(text)


def test_an_instant_needs_seconds_and_an_offset() -> None:
    assert format_instant(parse_instant("2026-03-04T15:02:11+01:00")) == (
        "2026-03-04T14:02:11.000000Z"
    )
    for text in ("2026-03-04", "2026-03-04T15:02Z", "2026-03-04T15:02:11"):
        with pytest.raises(InvalidDateError):
            parse_instant(text)


@pytest.mark.parametrize("microseconds", [10**18, -(10**18), 10**40])
def test_an_instant_outside_of_the_calendar_has_no_text(microseconds: int) -> None:
    with pytest.raises(InvalidDateError):
        format_instant(microseconds)

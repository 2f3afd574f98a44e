"""The periods that may be asked for: closed calendar quarters and years, in UTC.

Fixed periods only: whoever could choose dates could subtract one report from another.
https://resdac.org/articles/cms-cell-size-suppression-policy
"""

from dataclasses import dataclass
from itertools import islice

from fhir_server.fhir.dates import InvalidDateError, format_instant, parse
from fhir_server.fhir.outcome import InvalidRequestError, UnprocessableError

_QUARTERS = (("01-01", "03-31"), ("04-01", "06-30"), ("07-01", "09-30"), ("10-01", "12-31"))
_LONGEST_DATE = len("2026-03-31")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A quarter or a year from `first` to `last` day, and the quarters that it consists of.

    [since, until) is the same in microseconds.
    """

    first: str
    last: str
    since: int
    until: int
    quarters: tuple["Reported", ...] = ()

    @property
    def is_year(self) -> bool:
        """Whether it consists of quarters."""
        return bool(self.quarters)


def closed_period(start: str, end: str, at: int) -> Reported:
    """Return the quarter or year from `start` to `end`, each a date or part of one.

    Raises:
        InvalidRequestError: One of them is no date.
        UnprocessableError: They are not a quarter or a year that had ended at `at`.
    """
    since, until = _lo(start, "periodStart"), _hi(end, "periodEnd")
    year = int(format_instant(since)[:4])
    for found in (*quarters_of(year), year_of(year)):
        if (found.since, found.until) == (since, until) and until <= at:
            return found
    examples = ", ".join(f"`{found.first}` to `{found.last}`" for found in latest(at))
    raise UnprocessableError(
        "Only closed calendar quarters and years are reported, such as these from `periodStart` to"
        f" `periodEnd`: {examples}.",
        expression="periodStart",
    )


def quarters_of(year: int) -> tuple[Reported, ...]:
    """Return the four quarters of `year`."""
    return tuple(_reported(f"{year:04}-{first}", f"{year:04}-{last}") for first, last in _QUARTERS)


def year_of(year: int) -> Reported:
    """Return the calendar year."""
    quarters = quarters_of(year)
    return Reported(
        first=quarters[0].first,
        last=quarters[-1].last,
        since=quarters[0].since,
        until=quarters[-1].until,
        quarters=quarters,
    )


def latest(at: int) -> tuple[Reported, ...]:
    """Return the last four quarters that had ended at `at`, newest first, and the last year."""
    now = int(format_instant(at)[:4])
    quarters = (q for year in (now, now - 1) for q in reversed(quarters_of(year)) if q.until <= at)
    return (*islice(quarters, 4), year_of(now - 1))


def _reported(first: str, last: str) -> Reported:
    return Reported(first=first, last=last, since=parse(first).lo, until=parse(last).hi)


def _lo(text: str, name: str) -> int:
    _require_date(text, name)
    return parse(text).lo


def _hi(text: str, name: str) -> int:
    _require_date(text, name)
    return parse(text).hi


def _require_date(text: str, name: str) -> None:
    try:
        parse(text)
    except InvalidDateError as error:
        raise InvalidRequestError(f"`{text}` is no date. {error}", expression=name) from None
    if len(text) > _LONGEST_DATE:
        raise InvalidRequestError(f"`{text}` must be a date without a time.", expression=name)

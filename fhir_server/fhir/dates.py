"""Partial dates as half-open intervals of microseconds since 1970-01-01T00:00:00Z.

https://hl7.org/fhir/R4/datatypes.html#dateTime and https://hl7.org/fhir/R4/search.html#date

`2026-03` is the whole of March: [2026-03-01, 2026-04-01). What has no offset is UTC. A leap second
(`23:59:60Z`) is the second that follows, as in POSIX time. Digits beyond microseconds are dropped.
"""

import re
from dataclasses import dataclass
from datetime import MAXYEAR, date
from functools import lru_cache

from fhir_server.fhir.resource import MICROSECONDS

_EPOCH = date(1970, 1, 1).toordinal()
_MINUTE = 60 * MICROSECONDS
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_DECEMBER = 12
_FRACTION_DIGITS = 6

_FORM = re.compile(
    r"(?P<year>[0-9]{4})"
    r"(?:-(?P<month>0[1-9]|1[0-2])"
    r"(?:-(?P<day>0[1-9]|[12][0-9]|3[01])"
    r"(?:T(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9])"
    r"(?::(?P<second>[0-5][0-9]|60)(?:\.(?P<fraction>[0-9]+))?)?"
    r"(?P<offset>Z|(?P<sign>[+-])(?P<off_hour>0[0-9]|1[0-3]|14(?=:00)):(?P<off_minute>[0-5][0-9]))?"
    r")?)?)?"
)


class InvalidDateError(ValueError):
    """The text is no date, dateTime or instant of FHIR, or names a day that does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """[lo, hi) in microseconds since 1970 UTC."""

    lo: int
    hi: int


@lru_cache(maxsize=4096)
def parse(text: str) -> Period:
    """Return the interval that a date, dateTime, instant or date search value covers.

    Minutes may stand without seconds, and times without an offset, as search values may.

    Raises:
        InvalidDateError: It is none of these, or the day does not exist.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise InvalidDateError("A date must look like `2026-03-04T15:02:11Z` or a part of it.")
    year, month, day, hour = found["year"], found["month"], found["day"], found["hour"]
    if hour is not None:
        return _time(found, _start(int(year), int(month), int(day)))
    if day is not None:
        lo = _start(int(year), int(month), int(day))
        return Period(lo=lo, hi=lo + _DAY)
    if month is not None:
        return Period(lo=_start(int(year), int(month)), hi=_month_end(int(year), int(month)))
    return Period(lo=_start(int(year)), hi=_month_end(int(year), _DECEMBER))


def parse_instant(text: str) -> int:
    """Return the microseconds since 1970 of a time that has seconds and an offset.

    Raises:
        InvalidDateError: It is no date, or it lacks seconds or the offset.
    """
    period = parse(text)
    found = _FORM.fullmatch(text)
    if found is None or found["second"] is None or found["offset"] is None:
        raise InvalidDateError("A time must have seconds and an offset: `2026-03-04T15:02:11Z`.")
    return period.lo


def format_instant(microseconds: int) -> str:
    """Return `2026-03-04T15:02:11.123456Z`: always six digits, so that texts sort as times do.

    Raises:
        InvalidDateError: The year is not one of 0001 to 9999.
    """
    days, rest = divmod(microseconds, _DAY)
    try:
        day = date.fromordinal(days + _EPOCH).isoformat()
    except (ValueError, OverflowError):
        raise InvalidDateError("The year is not one of 0001 to 9999.") from None
    seconds, fraction = divmod(rest, MICROSECONDS)
    minutes, second = divmod(seconds, 60)
    return f"{day}T{minutes // 60:02}:{minutes % 60:02}:{second:02}.{fraction:06}Z"


def _start(year: int, month: int = 1, day: int = 1) -> int:
    try:
        return (date(year, month, day).toordinal() - _EPOCH) * _DAY
    except ValueError:
        raise InvalidDateError("The date names a day that does not exist.") from None


def _month_end(year: int, month: int) -> int:
    if month < _DECEMBER:
        return _start(year, month + 1)
    if year < MAXYEAR:
        return _start(year + 1)
    return _start(year, month, 31) + _DAY


def _time(found: re.Match[str], midnight: int) -> Period:
    lo = midnight + int(found["hour"]) * _HOUR + int(found["minute"]) * _MINUTE - _offset(found)
    if found["second"] is None:
        return Period(lo=lo, hi=lo + _MINUTE)
    lo += int(found["second"]) * MICROSECONDS
    fraction = (found["fraction"] or "")[:_FRACTION_DIGITS]
    width: int = 10 ** (_FRACTION_DIGITS - len(fraction))
    lo += int(fraction or "0") * width
    return Period(lo=lo, hi=lo + width)


def _offset(found: re.Match[str]) -> int:
    if found["sign"] is None:
        return 0
    size = int(found["off_hour"]) * _HOUR + int(found["off_minute"]) * _MINUTE
    return -size if found["sign"] == "-" else size

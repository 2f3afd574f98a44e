"""Date, DateTime and Time of FHIRPath: values that may be partial.

https://hl7.org/fhirpath/N1/#time-of-day and https://hl7.org/fhirpath/N1/#comparison

A value has as many parts as it was written with; seconds and their fraction are one part, a
decimal that keeps its digits. What cannot be known from partial values is None.
"""

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, date
from decimal import Decimal
from functools import lru_cache

from typing_extensions import override

_TIME = r"(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?"
_DATE_FORM = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_TIME_FORM = re.compile(f"T?{_TIME}", re.ASCII)
_DATETIME_FORM = re.compile(
    rf"(\d{{4}})(?:-(\d\d)(?:-(\d\d))?)?(?:T(?:{_TIME}(Z|[+-]\d\d:\d\d)?)?)?", re.ASCII
)

YEAR, MONTH, DAY, HOUR, MINUTE, SECOND = range(6)
_LOWEST: tuple[int, ...] = (MINYEAR, 1, 1, 0, 0, 0)
_HIGHEST: tuple[int, ...] = (MAXYEAR, 12, 31, 23, 59, 60)
# The offsets from UTC that a place may have, in minutes.
EARLIEST_OFFSET, LATEST_OFFSET = 14 * 60, -12 * 60
SECONDS_OF = (365 * 86400, 30 * 86400, 86400, 3600, 60, 1)
_DAY_SECONDS = 86400
_DECEMBER = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Temporal:
    """`kind` is Date, DateTime or Time; `parts` begin with the year, of a Time with the hour.

    `offset` from UTC is in minutes, None where none was written.
    """

    kind: str
    parts: tuple[int | Decimal, ...]
    offset: int | None = None

    @property
    def first(self) -> int:
        """Return the level of the first part: YEAR, or HOUR of a Time."""
        return HOUR if self.kind == "Time" else YEAR

    @property
    def last(self) -> int:
        """Return the level of the last part, YEAR to SECOND."""
        return self.first + len(self.parts) - 1

    @override
    def __str__(self) -> str:
        """Return it as FHIR writes it."""
        texts = [_text(level, part) for level, part in enumerate(self.parts, self.first)]
        if self.kind == "Time":
            return ":".join(texts)
        time = ":".join(texts[HOUR:])
        return "-".join(texts[:HOUR]) + (f"T{time}" if time else "") + self._offset_text()

    def _offset_text(self) -> str:
        if self.offset is None:
            return ""
        if self.offset == 0:
            return "Z"
        hours, minutes = divmod(abs(self.offset), 60)
        return f"{'-' if self.offset < 0 else '+'}{hours:02}:{minutes:02}"

    def at_utc(self) -> "Temporal":
        """Return the same value at UTC, itself where it has no offset or no hour."""
        if not self.offset or self.last < HOUR:
            return self
        shifted = _shift(self, -self.offset * 60)
        return self if shifted is None else replace(shifted, offset=0)


def _text(level: int, part: int | Decimal) -> str:
    if level == YEAR:
        return f"{part:04}"
    whole, dot, fraction = str(part).partition(".")
    return f"{whole:0>2}{dot}{fraction}"


@lru_cache(maxsize=4096)
def parse_date(text: str) -> Temporal | None:
    """Return the Date `YYYY[-MM[-DD]]`, None where `text` is none."""
    found = _DATE_FORM.fullmatch(text)
    return found and _valid("Date", found.groups(), None)


@lru_cache(maxsize=4096)
def parse_datetime(text: str) -> Temporal | None:
    """Return the DateTime, of any precision, None where `text` is none."""
    found = _DATETIME_FORM.fullmatch(text)
    if found is None or (found[4] and not found[3]):
        return None
    return _valid("DateTime", found.groups()[:6], found[7])


@lru_cache(maxsize=1024)
def parse_time(text: str) -> Temporal | None:
    """Return the Time `hh[:mm[:ss[.fff]]]`, also with a T before it, None where it is none."""
    found = _TIME_FORM.fullmatch(text)
    return found and _valid("Time", found.groups(), None)


def _valid(kind: str, texts: tuple[str | None, ...], offset: str | None) -> Temporal | None:
    first = HOUR if kind == "Time" else YEAR
    parts = tuple(_part(first + level, text) for level, text in enumerate(texts) if text)
    found = Temporal(kind=kind, parts=parts, offset=_minutes(offset))
    return found if is_possible(found) else None


def _part(level: int, text: str) -> int | Decimal:
    return Decimal(text) if level == SECOND else int(text)


def _minutes(offset: str | None) -> int | None:
    if offset is None or offset == "Z":
        return None if offset is None else 0
    minutes = int(offset[1:3]) * 60 + int(offset[4:6])
    return -minutes if offset[0] == "-" else minutes


def is_possible(value: Temporal) -> bool:
    """Return whether each part is in its range and the day exists."""
    first = value.first
    if not all(
        _LOWEST[level] <= part <= _HIGHEST[level] for level, part in enumerate(value.parts, first)
    ):
        return False
    return value.last < DAY or first == HOUR or value.parts[DAY] <= month_days(value.parts)


def month_days(parts: tuple[int | Decimal, ...]) -> int:
    """Return how many days the month of a date has."""
    return monthrange(int(parts[YEAR]), int(parts[MONTH]))[1]


def compare(ours: Temporal, theirs: Temporal) -> int | None:
    """Return -1, 0 or 1, and None where their precision does not tell.

    Where one has an offset and the other has none, they are told apart only if they differ
    whatever the other's offset is.
    """
    if (ours.offset is None) is not (theirs.offset is None):
        return _compare_without_offset(ours, theirs)
    ours, theirs = ours.at_utc(), theirs.at_utc()
    for one, other in zip(ours.parts, theirs.parts, strict=False):
        if one != other:
            return -1 if one < other else 1
    return 0 if len(ours.parts) == len(theirs.parts) else None


def equivalent(ours: Temporal, theirs: Temporal) -> bool:
    """Return whether they are the same with the same precision."""
    return len(ours.parts) == len(theirs.parts) and compare(ours, theirs) == 0


def _compare_without_offset(ours: Temporal, theirs: Temporal) -> int | None:
    (low, high), (lowest, highest) = _span(ours), _span(theirs)
    if high <= lowest:
        return -1
    return 1 if highest <= low else None


def _span(value: Temporal) -> tuple[Decimal, Decimal]:
    """Return [lo, hi) in seconds at UTC that the value can mean."""
    low = _seconds(_padded(value))
    high = low + _width(value)
    if value.offset is None:
        return low - EARLIEST_OFFSET * 60, high - LATEST_OFFSET * 60
    return low - value.offset * 60, high - value.offset * 60


def _width(value: Temporal) -> Decimal:
    if value.last == YEAR:
        return Decimal(366 * _DAY_SECONDS)
    if value.last == MONTH:
        return Decimal(month_days(value.parts) * _DAY_SECONDS)
    if value.last == SECOND:
        # To the millisecond, the finest that FHIRPath compares.
        return Decimal("0.001")
    return Decimal(SECONDS_OF[value.last])


def _padded(value: Temporal) -> tuple[int | Decimal, ...]:
    return (*value.parts, *_LOWEST[value.last + 1 :])


def _seconds(parts: tuple[int | Decimal, ...]) -> Decimal:
    day = date(int(parts[YEAR]), int(parts[MONTH]), int(parts[DAY])).toordinal()
    whole = day * _DAY_SECONDS + int(parts[HOUR]) * 3600 + int(parts[MINUTE]) * 60
    return whole + Decimal(parts[SECOND])


def _shift(value: Temporal, seconds: Decimal | int) -> Temporal | None:
    """Return the value so many seconds later at the same precision, None beyond the calendar."""
    days, rest = divmod(_seconds(_padded(value)) + seconds, _DAY_SECONDS)
    try:
        day = date.fromordinal(int(days))
    except (ValueError, OverflowError):
        return None
    hour, rest = divmod(rest, 3600)
    minute, second = divmod(rest, 60)
    parts = (day.year, day.month, day.day, int(hour), int(minute), second)
    return replace(value, parts=parts[: value.last + 1])


def add(value: Temporal, amount: Decimal, level: int) -> Temporal | None:
    """Return the value `amount` years, months, days… later; `level` says which, YEAR to SECOND.

    What is finer than the value's own precision is converted to it first (a year has 365 days, a
    month 30), and fractions are dropped. None beyond the years 1 to 9999.
    """
    if level == MONTH and value.last == YEAR:
        amount, level = amount / _DECEMBER, YEAR
    elif level > value.last:
        amount, level = amount * SECONDS_OF[level] / SECONDS_OF[value.last], value.last
    if value.kind == "Time":
        return _add_to_time(value, amount, level)
    whole = int(amount)
    if level <= MONTH:
        return _add_months(value, whole * 12 if level == YEAR else whole)
    return _shift(value, (amount if level == SECOND else whole) * SECONDS_OF[level])


def _add_months(value: Temporal, months: int) -> Temporal | None:
    month = int(value.parts[MONTH]) if value.last >= MONTH else 1
    year, month = divmod(int(value.parts[YEAR]) * 12 + month - 1 + months, 12)
    if not MINYEAR <= year <= MAXYEAR:
        return None
    parts = [year, month + 1, *value.parts[DAY:]][: len(value.parts)]
    if value.last >= DAY:
        parts[DAY] = min(parts[DAY], monthrange(year, month + 1)[1])
    return replace(value, parts=tuple(parts))


def _add_to_time(value: Temporal, amount: Decimal, level: int) -> Temporal:
    """A time goes on from midnight with the next day, which it does not tell."""
    day = Temporal(kind="DateTime", parts=(2000, 1, 1, *value.parts))
    seconds = (amount if level == SECOND else int(amount)) * SECONDS_OF[level] % _DAY_SECONDS
    shifted = _shift(day, seconds) or day
    return replace(value, parts=shifted.parts[HOUR:])

"""The region's time: seconds since 1970 as RFC 3339 texts with the region's offset.

The region has one offset all year, so that the demo needs no time zone database.
"""

from datetime import UTC, date, datetime, timedelta, timezone

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
REGION = timezone(timedelta(hours=-6))
ZONE_NAME = "Etc/GMT+6"


def local(seconds: int) -> str:
    """Return the instant as people of the region write it."""
    return datetime.fromtimestamp(seconds, REGION).isoformat(timespec="seconds")


def day_of(seconds: int) -> str:
    """Return the region's date at that instant, YYYY-MM-DD."""
    return datetime.fromtimestamp(seconds, REGION).date().isoformat()


def end_of(day: date) -> int:
    """Return the instant at which `day` ends in the region."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=REGION)
    return int((midnight + timedelta(days=1)).astimezone(UTC).timestamp())

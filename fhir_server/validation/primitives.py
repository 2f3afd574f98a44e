"""What the value of each primitive type may be.

https://hl7.org/fhir/R4/datatypes.html#primitive

Stricter than the patterns of the specification where its text is: a day must exist, a base64 text
must decode, control characters and others that XML cannot hold are refused.
"""

import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from fhir_server.fhir.dates import InvalidDateError, parse
from fhir_server.fhir.resource import Json

_YEAR = r"(?!0000)[0-9]{4}"
_MONTH = r"(?:0[1-9]|1[0-2])"
# Days up to the 28th are in every month; only the others need a calendar.
_ANY_MONTHS_DAY = r"(?:0[1-9]|1[0-9]|2[0-8])"
_DAY = r"(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
# Beyond this an integer written without an exponent could not become a floating-point number.
_MOST_DECIMAL = 10**300
_NO_WHITE_SPACE = str.maketrans("", "", " \t\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Primitive:
    """A value whose Python type is `kind` is right if `likely` or `valid` accept it.

    `likely` is a call into C that accepts nearly all right values: most elements of most resources
    cost no more than that. `expected` completes the sentence "The value must be ...", and `code` is
    the issue type of a value that is not.
    """

    kind: type
    likely: Callable[[Json], object]
    valid: Callable[[Json], bool]
    expected: str
    code: str = "value"


def _pattern(pattern: str, expected: str) -> Primitive:
    matches = re.compile(pattern).fullmatch
    return Primitive(
        kind=str,
        likely=matches,
        valid=lambda value: type(value) is str and matches(value) is not None,
        expected=expected,
    )


def _dated(likely: str, possible: str, expected: str) -> Primitive:
    matches = re.compile(possible).fullmatch

    def valid(value: Json) -> bool:
        return type(value) is str and matches(value) is not None and _exists(value)

    return Primitive(kind=str, likely=re.compile(likely).fullmatch, valid=valid, expected=expected)


def _exists(text: str) -> bool:
    try:
        parse(text)
    except InvalidDateError:
        return False
    return True


def _integer(least: int, expected: str) -> Primitive:
    numbers = range(least, 2**31)
    return Primitive(
        kind=int,
        likely=numbers.__contains__,
        valid=lambda value: type(value) is int and value in numbers,
        expected=expected,
    )


def _is_decimal(value: Json) -> bool:
    if type(value) is int:
        return -_MOST_DECIMAL < value < _MOST_DECIMAL
    return type(value) is Decimal


def _is_base64(value: Json) -> bool:
    if type(value) is not str or not value.isascii():
        return False
    text = value.translate(_NO_WHITE_SPACE)
    if len(text) % 4:
        # The decoder overlooks padding that is too long.
        return False
    try:
        return len(binascii.a2b_base64(text, strict_mode=True)) > 0
    except binascii.Error:
        return False


# `type` stands for "always true": its value is never a false one.
_ALWAYS: Callable[[Json], object] = type
_STRING = _pattern(
    r"[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]{1,1048576}",
    "a string of 1 to 1048576 characters without control characters",
)
_URI = _pattern(r"[^\s\x00-\x1f\ufffe\uffff]+", "a URI, which is not empty and has no white space")
_UUID = r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_INSTANT = "an instant that exists, with seconds and offset, as `2026-03-04T15:02:11Z`"
_DATE_TIME = "a dateTime that exists; with a time there must be seconds and an offset"

PRIMITIVES: dict[str, Primitive] = {
    "boolean": Primitive(
        kind=bool,
        likely=_ALWAYS,
        valid=lambda value: type(value) is bool,
        expected="`true` or `false` without quotes",
    ),
    "integer": _integer(-(2**31), "a whole number of 32 bits without quotes"),
    "unsignedInt": _integer(0, "a whole number from 0 to 2147483647 without quotes"),
    "positiveInt": _integer(1, "a whole number from 1 to 2147483647 without quotes"),
    "decimal": Primitive(
        kind=Decimal, likely=_ALWAYS, valid=_is_decimal, expected="a number without quotes"
    ),
    "string": _STRING,
    "markdown": _STRING,
    "code": _pattern(
        r"[^\s\x00-\x1f\ufffe\uffff]+(?: [^\s\x00-\x1f\ufffe\uffff]+)*",
        "a code, which has no white space but single spaces inside",
    ),
    "id": _pattern(r"[A-Za-z0-9\-.]{1,64}", "1 to 64 of the characters `A-Z a-z 0-9 - .`"),
    "uri": _URI,
    "url": _URI,
    "canonical": _URI,
    "oid": _pattern(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+", "an OID as `urn:oid:1.2.3`"),
    "uuid": _pattern(_UUID, "a UUID in lower case as `urn:uuid:...`"),
    "date": _dated(
        rf"{_YEAR}-{_MONTH}-{_ANY_MONTHS_DAY}",
        rf"{_YEAR}(?:-{_MONTH}(?:-{_DAY})?)?",
        "a date that exists, as `2026-03-04`, `2026-03` or `2026`",
    ),
    "dateTime": _dated(
        rf"{_YEAR}-{_MONTH}-{_ANY_MONTHS_DAY}(?:T{_TIME}{_ZONE})?",
        rf"{_YEAR}(?:-{_MONTH}(?:-{_DAY}(?:T{_TIME}{_ZONE})?)?)?",
        _DATE_TIME,
    ),
    "instant": _dated(
        rf"{_YEAR}-{_MONTH}-{_ANY_MONTHS_DAY}T{_TIME}{_ZONE}",
        rf"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}",
        _INSTANT,
    ),
    "time": _pattern(_TIME, "a time of day without offset, as `15:02:11`"),
    "base64Binary": Primitive(
        kind=str, likely=_is_base64, valid=_is_base64, expected="base64 with its padding"
    ),
    # Whether the XHTML is well-formed and harmless: validation/narrative.py.
    "xhtml": _pattern(
        r"\s*<div[\s>/][^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*", "XHTML that starts with `<div`"
    ),
}


def bound_code(codes: frozenset[str], url: str) -> Primitive:
    """Return the primitive `code` where only `codes`, those of the value set `url`, are allowed."""
    return Primitive(
        kind=str,
        likely=codes.__contains__,
        valid=lambda value: type(value) is str and value in codes,
        expected=f"a code of `{url}`",
        code="code-invalid",
    )

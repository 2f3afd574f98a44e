"""The field types of native records: stricter than JSON, with messages for the sender's developer.

`null` is refused everywhere: absence means "not asked", and a field in which "asked, unknown" is
possible has a code for it.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from marshmallow import Schema, ValidationError, fields
from typing_extensions import override

from fhir_server.fhir.crisis_codes import YES_NO_UNKNOWN
from fhir_server.fhir.resource import Json

UNKNOWN_FIELD = "There is no such field."
MOST_CHARACTERS_OF_AN_ID = 128
MOST_CHARACTERS_OF_A_TEXT = 100_000
MOST_ITEMS_OF_A_LIST = 1_000
MOST_WHOLE_NUMBER = 2_147_483_647

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d{1,9})?"
    r"(Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00)",
    re.ASCII,
)
_LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?", re.ASCII)
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?", re.ASCII)
# FHIR's string takes space, tab and line breaks of all white space, and no control characters.
_NOT_IN_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_ID = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_CODE = re.compile(r"\S+( \S+)*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


class Native(fields.Field[Json]):
    """A field whose `read` turns one JSON value into the normal form of it."""

    def read(self, value: Json) -> Json:
        """Return the normal form of `value`.

        Raises:
            ValidationError: The value is not one of this field.
        """
        raise NotImplementedError

    @override
    def _deserialize(
        self, value: Json, attr: str | None, data: Mapping[str, Json] | None, **kwargs: Json
    ) -> Json:
        return self.read(value)


class Text(Native):
    """Free text: not blank, without control characters other than tab and line breaks."""

    @override
    def read(self, value: Json) -> str:
        """Return the text as it is."""
        if not isinstance(value, str):
            raise ValidationError("This must be a string.")
        if not value.strip() or _NOT_IN_TEXT.search(value):
            raise ValidationError("This must not be blank or contain control characters.")
        if len(value) > MOST_CHARACTERS_OF_A_TEXT:
            raise ValidationError(f"This is longer than {MOST_CHARACTERS_OF_A_TEXT} characters.")
        return value


class Id(Native):
    """An id or number that another system gave."""

    @override
    def read(self, value: Json) -> str:
        """Return the id as it is."""
        if not isinstance(value, str):
            raise ValidationError("This must be a string.")
        if not value or value != value.strip() or _NOT_IN_ID.search(value):
            raise ValidationError("An id must not be empty, padded or contain control characters.")
        if len(value) > MOST_CHARACTERS_OF_AN_ID:
            raise ValidationError(f"This is longer than {MOST_CHARACTERS_OF_AN_ID} characters.")
        return value


class Instant(Native):
    """A time of https://www.rfc-editor.org/rfc/rfc3339 with seconds and an offset."""

    @override
    def read(self, value: Json) -> str:
        """Return the time with upper-case letters; the sender's offset and digits are kept."""
        return instant(value)


class Day(Native):
    """A date, or as much of it as is known: YYYY, YYYY-MM or YYYY-MM-DD."""

    @override
    def read(self, value: Json) -> str:
        """Return the date as it is."""
        return day(value)


class DayOrInstant(Native):
    """A date, or a time with seconds and an offset."""

    @override
    def read(self, value: Json) -> str:
        """Return the date or time in its normal form."""
        if isinstance(value, str) and _DATE.fullmatch(value):
            return day(value)
        return instant(value)


class Flag(Native):
    """True or false, and nothing that looks like them."""

    @override
    def read(self, value: Json) -> bool:
        """Return the boolean."""
        if not isinstance(value, bool):
            raise ValidationError("This must be true or false.")
        return value


class Whole(Native):
    """A whole number between `least` and `most`."""

    def __init__(
        self, least: int = 0, most: int = MOST_WHOLE_NUMBER, *, required: bool = False
    ) -> None:
        super().__init__(required=required)
        self.least = least
        self.most = most

    @override
    def read(self, value: Json) -> int:
        """Return the number."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("This must be a whole number.")
        if not self.least <= value <= self.most:
            raise ValidationError(f"This must be between {self.least} and {self.most}.")
        return value


class Number(Native):
    """A decimal number between `least` and `most`; its digits are kept."""

    def __init__(self, least: int = 0, most: int = 1_000_000, *, required: bool = False) -> None:
        super().__init__(required=required)
        self.least = least
        self.most = most

    @override
    def read(self, value: Json) -> int | Decimal:
        """Return the number as a Decimal with its digits."""
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ValidationError("This must be a number.")
        if not self.least <= value <= self.most:
            raise ValidationError(f"This must be between {self.least} and {self.most}.")
        return Decimal(value)


class FlagOrCount(Native):
    """True or false, or how many."""

    @override
    def read(self, value: Json) -> bool | int:
        """Return the boolean or the number."""
        if not isinstance(value, int) or not 0 <= value <= MOST_WHOLE_NUMBER:
            raise ValidationError("This must be true, false or a whole number.")
        return value


class Code(Native):
    """A code of a closed list."""

    def __init__(self, codes: frozenset[str], *, required: bool = False) -> None:
        super().__init__(required=required)
        self.codes = codes

    @override
    def read(self, value: Json) -> str:
        """Return the code."""
        if not isinstance(value, str) or value not in self.codes:
            raise ValidationError(f"This must be one of {listed(self.codes)}.")
        return value


class OwnCode(Native):
    """A code of the sender's own."""

    @override
    def read(self, value: Json) -> str:
        """Return the code as it is."""
        return _own_code(value)


class YesNo(Code):
    """`yes`, `no` or `unknown`; true and false are taken for yes and no."""

    def __init__(self, *, required: bool = False) -> None:
        super().__init__(YES_NO_UNKNOWN, required=required)

    @override
    def read(self, value: Json) -> str:
        """Return the code."""
        if isinstance(value, bool):
            return "yes" if value else "no"
        return super().read(value)


class OpenCode(Native):
    """A code of an open list, or one of the agency: {code, display, system: "agency"}."""

    def __init__(self, codes: frozenset[str], *, required: bool = False) -> None:
        super().__init__(required=required)
        self.codes = codes

    @override
    def read(self, value: Json) -> Json:
        """Return a listed code as a string, any other as an object with system "agency"."""
        if isinstance(value, str) and value in self.codes:
            return value
        return _local_code({"code": value} if isinstance(value, str) else value)


class Language(Native):
    """A language tag of https://www.rfc-editor.org/rfc/rfc5646 ."""

    @override
    def read(self, value: Json) -> str:
        """Return the tag as it is."""
        if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
            raise ValidationError("This must be a language tag such as `es` or `en-US`.")
        return value


Fields = dict[str, fields.Field[Json]]


class StrictSchema(Schema):
    """A schema of required and optional fields that refuses all others.

    Its `load` visits the fields that a value has, and not, as marshmallow's own does, each that it
    might have: a crisis encounter has 180 of them and says 60.
    """

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The names of the fields that every value has."""
        return tuple(name for name, field in self.fields.items() if field.required)

    @override
    def load(
        self,
        data: Json,
        *,
        many: bool | None = None,
        partial: Json = None,
        unknown: Json = None,
    ) -> Json:
        """Return the fields of `data` in their normal form.

        Raises:
            ValidationError: It is no object, or has faults; every fault is named.
        """
        if not isinstance(data, dict):
            raise ValidationError({"_schema": ["This must be an object."]})
        found: dict[str, Json] = {}
        errors: dict[str, Json] = {
            name: ["This field is required."] for name in self.required if name not in data
        }
        for name, value in data.items():
            field = self.fields.get(name)
            if field is None:
                errors[name] = [UNKNOWN_FIELD]
                continue
            try:
                found[name] = field.deserialize(value, name, data)
            except ValidationError as error:
                errors[name] = error.messages
        if errors:
            raise ValidationError(errors)
        return found


class Object(fields.Nested):
    """An object of these fields and no others."""

    def __init__(self, fields_: Fields, *, required: bool = False) -> None:
        super().__init__(StrictSchema.from_dict(fields_), required=required)


class Many(fields.List[Json]):
    """An array; what is repeated may not be null."""

    def __init__(
        self,
        inner: fields.Field[Json],
        *,
        most: int = MOST_ITEMS_OF_A_LIST,
        required: bool = False,
    ) -> None:
        super().__init__(inner, required=required)
        self.most = most

    @override
    def _deserialize(
        self, value: Json, attr: str | None, data: Mapping[str, Json] | None, **kwargs: Json
    ) -> list[Json]:
        if not isinstance(value, list):
            raise ValidationError("This must be an array.")
        if len(value) > self.most:
            raise ValidationError(f"This must have at most {self.most} items.")
        found: list[Json] = []
        errors: dict[int, Json] = {}
        for index, item in enumerate(value):
            try:
                found.append(self.inner.deserialize(item))
            except ValidationError as error:
                errors[index] = error.messages
        if errors:
            raise ValidationError(errors)
        return found


def listed(codes: frozenset[str]) -> str:
    """Return the codes of a list for a message."""
    return ", ".join(f"`{code}`" for code in sorted(codes))


def instant(value: Json) -> str:
    """Return a time with an offset in its normal form.

    Raises:
        ValidationError: It is no such time.
    """
    found = _INSTANT.fullmatch(value.upper()) if isinstance(value, str) else None
    if found is None:
        if isinstance(value, str) and _LOCAL_TIME.fullmatch(value.upper()):
            raise ValidationError("A time must have an offset, such as `-06:00` or `Z`.")
        raise ValidationError("This must be a time such as `2026-03-04T13:41:05-06:00`.")
    try:
        datetime.fromisoformat(f"{found[1]}T{found[2]}+00:00")
    except ValueError:
        raise ValidationError("This is not a time of the calendar.") from None
    return str(value).upper()


def day(value: Json) -> str:
    """Return a date, or as much of it as is known.

    Raises:
        ValidationError: It is no date.
    """
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValidationError("This must be a date such as `1985-02-28`, `1985-02` or `1985`.")
    try:
        date.fromisoformat((value + "-01-01")[:10])
    except ValueError:
        raise ValidationError("This is not a date of the calendar.") from None
    return value


def _local_code(value: Json) -> Json:
    if not isinstance(value, dict) or not {"code"} <= value.keys() <= {"code", "display", "system"}:
        raise ValidationError("This must be a code, or {code, display, system} of your own.")
    code, display = _own_code(value["code"]), value.get("display")
    if value.get("system", "agency") != "agency":
        raise ValidationError('The `system` of a code of your own is "agency".')
    local = {"code": code, "system": "agency"}
    if display is not None:
        local["display"] = Text().read(display)
    return local


def _own_code(value: Json) -> str:
    if not isinstance(value, str) or not _CODE.fullmatch(value) or _NOT_IN_ID.search(value):
        raise ValidationError("A code must not be empty, padded or contain control characters.")
    if len(value) > MOST_CHARACTERS_OF_AN_ID:
        raise ValidationError(f"This is longer than {MOST_CHARACTERS_OF_AN_ID} characters.")
    return value

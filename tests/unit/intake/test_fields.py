"""The field types of native records."""

from decimal import Decimal

import pytest
from marshmallow import ValidationError

from fhir_server.fhir.resource import Json
from fhir_server.intake import fields
from fhir_server.intake.fields import Native
from fhir_server.intake.records.consent.schema import Base64
from fhir_server.intake.records.directory.schema import Npi
from fhir_server.intake.records.person.schema import System
from fhir_server.intake.schema import PersonId

CODES = frozenset({"a", "b"})


@pytest.mark.parametrize(
    ("field", "value", "normal"),
    [
        (fields.Instant(), "2026-03-04t13:41:05z", "2026-03-04T13:41:05Z"),
        (fields.Instant(), "2026-03-04T13:41:05.25-06:00", "2026-03-04T13:41:05.25-06:00"),
        (fields.Day(), "2024-02-29", "2024-02-29"),
        (fields.Day(), "1985", "1985"),
        (fields.DayOrInstant(), "1985-02", "1985-02"),
        (fields.DayOrInstant(), "2026-03-04T13:41:05Z", "2026-03-04T13:41:05Z"),
        (fields.YesNo(), True, "yes"),
        (fields.YesNo(), False, "no"),
        (fields.YesNo(), "unknown", "unknown"),
        (fields.OpenCode(CODES), "a", "a"),
        (fields.OpenCode(CODES), "z", {"code": "z", "system": "agency"}),
        (
            fields.OpenCode(CODES),
            {"code": "z", "display": "Zed"},
            {"code": "z", "display": "Zed", "system": "agency"},
        ),
        (fields.Number(), Decimal("1.50"), Decimal("1.50")),
        (fields.Number(), 3, Decimal(3)),
        (fields.FlagOrCount(), 2, 2),
        (fields.FlagOrCount(), True, True),
        (PersonId(), {"id": "P-1"}, "P-1"),
        (fields.Language(), "zh-Hant-TW", "zh-Hant-TW"),
        (Npi(), "1245319599", "1245319599"),
    ],
)
def test_value_is_brought_to_its_normal_form(field: Native, value: Json, normal: Json) -> None:
    assert field.read(value) == normal


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        (fields.Instant(), "2026-03-04T13:41:05", "offset"),
        (fields.Instant(), "2026-03-04 13:41", "offset"),
        (fields.Instant(), "2026-03-04", "must be a time"),
        (fields.Instant(), "2026-02-30T13:41:05Z", "calendar"),
        (fields.Instant(), "2026-03-04T25:41:05Z", "calendar"),
        (fields.Instant(), "2026-03-04T13:41:05+15:00", "must be a time"),
        (fields.Instant(), 5, "must be a time"),
        (fields.Instant(), "\uff12\uff10\uff12\uff16-03-04T13:41:05Z", "must be a time"),
        (fields.Day(), "2026-02-30", "calendar"),
        (fields.Day(), "2026-2", "must be a date"),
        (fields.Text(), "", "blank"),
        (fields.Text(), " \n", "blank"),
        (fields.Text(), "a\x00", "control"),
        (fields.Text(), "\ud800", "control"),
        (fields.Text(), "x" * 100_001, "longer"),
        (fields.Text(), 5, "string"),
        (fields.Id(), " a", "padded"),
        (fields.Id(), "a\x1fb", "control"),
        (fields.Id(), "x" * 129, "longer"),
        (fields.Flag(), 1, "true or false"),
        (fields.Flag(), "true", "true or false"),
        (fields.Whole(0, 5), True, "whole number"),
        (fields.Whole(0, 5), 6, "between 0 and 5"),
        (fields.Whole(0, 5), Decimal("1.0"), "whole number"),
        (fields.Number(0, 5), "1", "number"),
        (fields.Number(0, 5), Decimal("5.1"), "between"),
        (fields.Code(CODES), "c", "`a`, `b`"),
        (fields.OwnCode(), "a  b", "padded"),
        (fields.OpenCode(CODES), {"code": "z", "system": "other"}, "agency"),
        (fields.OpenCode(CODES), {"code": "z", "colour": "red"}, "code"),
        (fields.OpenCode(CODES), {"display": "z"}, "code"),
        (fields.Language(), "español!", "language tag"),
        (Base64(), "x", "base64"),
        (Base64(), "", "base64"),
        (Npi(), "1245319590", "check digit"),
        (Npi(), "12345", "10 digits"),
        (System(), "mrn", "URI"),
        (System(), "http://fhir.crisis-continuity.org/sid/person/x", "server's own"),
        (fields.FlagOrCount(), -1, "whole number"),
    ],
)
def test_value_that_is_not_one_is_refused_with_the_reason(
    field: Native, value: Json, said: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        field.read(value)

    assert said in str(refused.value)

"""The fields of the directory's records: agencies, units, teams, responders, services."""

from marshmallow import ValidationError
from typing_extensions import override

from fhir_server.fhir import crisis_codes as codes
from fhir_server.fhir.resource import Json
from fhir_server.intake.fields import (
    Code,
    Day,
    Fields,
    Flag,
    Id,
    Instant,
    Language,
    Many,
    Native,
    Object,
    OwnCode,
    Text,
    Whole,
)
from fhir_server.intake.schema import GEO, RECORD, compiled

_NPI_DIGITS = 10
# https://hl7.org/fhir/us/core (us-core-17): Luhn's check with the prefix 80840, which adds 24.
_NPI_PREFIX_SUM = 24


class Npi(Native):
    """A National Provider Identifier with its check digit."""

    @override
    def read(self, value: Json) -> str:
        """Return the number as it is."""
        text = Id().read(value)
        if len(text) != _NPI_DIGITS or not text.isascii() or not text.isdigit():
            raise ValidationError("An NPI has 10 digits.")
        doubled = (int(digit) * 2 for digit in text[-2::-2])
        total = sum(number // 10 + number % 10 for number in doubled) + sum(
            int(digit) for digit in text[-1::-2]
        )
        if (total + _NPI_PREFIX_SUM) % 10:
            raise ValidationError("The check digit of this NPI is wrong.")
        return text


AGENCY = compiled(
    {
        **RECORD,
        "name": Text(required=True),
        "type": Code(codes.AGENCY_TYPES, required=True),
        "npi": Npi(),
        "ori": Id(),
        "part2Program": Object(
            {"is": Flag(required=True), "unit": Text(), "from": Day(), "to": Day()}
        ),
        "hipaaCoveredEntity": Flag(),
        "state": Text(),
        "timeZone": OwnCode(),
        "parent": Id(),
        "policyPack": Text(),
        "contacts": Many(
            Object(
                {"name": Text(required=True), "purpose": Text(), "phone": Text(), "email": Text()}
            )
        ),
        "services": Many(Id()),
    }
)
_TEAM: Fields = {
    **RECORD,
    "agency": Id(),
    "name": Text(),
    "model": Code(codes.RESPONDER_MODELS),
    "hours": Many(Text()),
    "area": Many(Text()),
    "capabilities": Many(Text()),
    "status": Text(),
    "location": Object({"geo": Object(GEO, required=True), "at": Instant()}),
}
UNIT = compiled(_TEAM)
TEAM = compiled(_TEAM)
RESPONDER = compiled(
    {
        **RECORD,
        "name": Object(
            {"family": Text(required=True), "given": Many(Text())},
            required=True,
        ),
        "credentials": Many(Text()),
        "roles": Many(Text()),
        "certifications": Many(Text()),
        "languages": Many(Language()),
        "badge": Id(),
    }
)
SERVICE = compiled(
    {
        **RECORD,
        "agency": Id(),
        "name": Text(required=True),
        "category": Text(),
        "type": Many(Text()),
        "accepts": Object(
            {
                "voluntary": Flag(),
                "involuntary": Flag(),
                "walkIn": Flag(),
                "policeDropOff": Flag(),
                "minors": Flag(),
                "ageMin": Whole(),
                "ageMax": Whole(),
                "genders": Many(Code(codes.GENDERS)),
                "detox": Flag(),
                "medicalLimits": Many(Text()),
            }
        ),
        "capacity": Object(
            {
                "total": Whole(),
                "available": Whole(),
                "state": Code(codes.CAPACITY_STATES, required=True),
                "at": Instant(),
            }
        ),
        "hours": Text(),
        "referralMethod": Text(),
        "area": Text(),
        "languages": Many(Language()),
        "insurance": Many(Text()),
    }
)

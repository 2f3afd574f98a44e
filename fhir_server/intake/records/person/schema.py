"""The fields of a native Person record, and of a person inside of a crisis encounter."""

from collections.abc import Iterator

from marshmallow import ValidationError
from typing_extensions import override

from fhir_server.fhir.crisis import CANONICAL
from fhir_server.fhir.crisis_codes import GENDERS, HOUSING_STATUSES, IDENTITY_CONFIDENCES
from fhir_server.fhir.resource import Element, Json
from fhir_server.intake.fault import CRIMINAL_JUSTICE, Fault, criminal_justice
from fhir_server.intake.fields import (
    Code,
    Day,
    DayOrInstant,
    Fields,
    Flag,
    Id,
    Language,
    Many,
    Object,
    Text,
    Whole,
    YesNo,
)
from fhir_server.intake.schema import RECORD, Address, BooleanOr, compiled

IDENTIFIER_TYPES = frozenset(
    {"ssn", "drivers-license", "state-id", "passport", "mrn", "medicaid", "medicare", "insurance"}
)
SEXES_AT_BIRTH = frozenset({"female", "male", "other", "unknown", "asked-declined"})
RACES = frozenset(
    {
        "american-indian",
        "asian",
        "black",
        "pacific-islander",
        "white",
        "other",
        "unknown",
        "asked-declined",
    }
)
ETHNICITIES = frozenset({"hispanic", "not-hispanic", "unknown", "asked-declined"})
US_SSN = "http://hl7.org/fhir/sid/us-ssn"
OLDEST = 130
DIGITS_OF_AN_SSN = 9


class System(Id):
    """The system of an identifier: an absolute URI, not one of ours."""

    @override
    def read(self, value: Json) -> str:
        """Return the URI as it is."""
        text = super().read(value)
        if ":" not in text or " " in text:
            raise ValidationError("This must be an absolute URI.")
        if text.startswith(CANONICAL):
            raise ValidationError("This system is the server's own; give `issuer` instead.")
        return text


IDENTIFIER: Fields = {
    "type": Code(IDENTIFIER_TYPES),
    "system": System(),
    "issuer": Text(),
    "value": Id(required=True),
}
# What a person record and a person inside of a crisis encounter have in common. A phone's flags
# matter: a voicemail of a crisis team can be a disclosure.
DEMOGRAPHICS: Fields = {
    "identifiers": Many(Object(IDENTIFIER)),
    "name": Object({"family": Text(), "given": Many(Text()), "aliases": Many(Text())}),
    "identityConfidence": Code(IDENTITY_CONFIDENCES),
    "birthDate": Day(),
    "ageEstimate": Object({"low": Whole(0, OLDEST), "high": Whole(0, OLDEST)}),
    "sexAtBirth": Code(SEXES_AT_BIRTH),
    "gender": Code(GENDERS),
    "genderIdentity": Text(),
    "race": Many(Code(RACES)),
    "ethnicity": Code(ETHNICITIES),
    "preferredLanguage": Language(),
    "address": Address(),
    "noFixedAddress": Flag(),
    "phones": Many(
        Object({"value": Text(required=True), "safeToCall": Flag(), "safeToLeaveMessage": Flag()})
    ),
    "emergencyContacts": Many(
        Object({"name": Text(required=True), "phone": Text(), "relationship": Text()})
    ),
    "deceased": BooleanOr(DayOrInstant()),
    "responsePlanConsent": BooleanOr(Id()),
}
PERSON = compiled({**RECORD, **DEMOGRAPHICS, "housing": Code(HOUSING_STATUSES), "veteran": YesNo()})


def normal(person: Element) -> Element:
    """Return the person with what can be written in two ways written in one."""
    identifiers = [_normal_identifier(each) for each in person.get("identifiers", ())]
    races = list(dict.fromkeys(person.get("race", ())))
    return {
        **person,
        **({"identifiers": identifiers} if identifiers else {}),
        **({"race": races} if races else {}),
    }


def _normal_identifier(identifier: Element) -> Element:
    by_system = "type" not in identifier and identifier.get("system") == US_SSN
    if not by_system and identifier.get("type") != "ssn":
        return identifier
    digits = "".join(filter(str.isdigit, identifier["value"]))
    value = digits if len(digits) == DIGITS_OF_AN_SSN else identifier["value"]
    found = {**identifier, "type": "ssn", "value": value}
    if found.get("system") == US_SSN:
        del found["system"]
    return found


def check(person: Element) -> Iterator[Fault]:
    """Yield the faults of a person's fields taken together."""
    if person.get("noFixedAddress") and "address" in person:
        yield Fault(path="noFixedAddress", message="There is an `address` beside it.")
    age = person.get("ageEstimate", {})
    if age.get("low", 0) > age.get("high", OLDEST):
        yield Fault(path="ageEstimate", message="`low` is above `high`.")
    for index, identifier in enumerate(person.get("identifiers", ())):
        for fault in _check_identifier(identifier):
            yield fault.under(f"identifiers[{index}]")


def _check_identifier(identifier: Element) -> Iterator[Fault]:
    if any(criminal_justice(identifier.get(name, "")) for name in ("system", "issuer")):
        yield Fault(path="", message=CRIMINAL_JUSTICE)
    if identifier.get("type") == "ssn":
        if "issuer" in identifier or identifier.get("system", US_SSN) != US_SSN:
            yield Fault(path="", message=f"The system of `ssn` is {US_SSN}, or left out.")
    elif "system" in identifier:
        if "issuer" in identifier:
            yield Fault(path="issuer", message="Give `system` or `issuer`, not both.")
    elif "issuer" not in identifier or "type" not in identifier:
        message = "Give the `system` of the identifier, or its `type` and `issuer`."
        yield Fault(path="", message=message)

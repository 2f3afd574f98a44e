"""Native words for people, and the codes that FHIR and US Core have for them."""

from fhir_server.fhir.crisis import code_system
from fhir_server.fhir.resource import Element, Json
from fhir_server.intake import extension
from fhir_server.intake.source import Source, external_id

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
RACE = f"{_US_CORE}us-core-race"
ETHNICITY = f"{_US_CORE}us-core-ethnicity"
BIRTH_SEX = f"{_US_CORE}us-core-birthsex"
GENDER_IDENTITY = f"{_US_CORE}us-core-genderIdentity"
VETERAN = (
    "http://hl7.org/fhir/us/military-service/StructureDefinition/military-service-veteran-status"
)
NO_FIXED_ADDRESS = "http://hl7.org/fhir/StructureDefinition/no-fixed-address"
V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"
IDENTIFIER_TYPE = code_system("crisis-person-identifier-type")
_CDC_RACE = "urn:oid:2.16.840.1.113883.6.238"
_NULL_FLAVOR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"

IDENTIFIER_V2 = {
    "ssn": "SS",
    "drivers-license": "DL",
    "passport": "PPN",
    "mrn": "MR",
    "medicaid": "MA",
    "medicare": "MC",
    "insurance": "MB",
}
SEX_CODES = {
    "female": "F",
    "male": "M",
    "other": "OTH",
    "unknown": "UNK",
    "asked-declined": "ASKU",
}


def _coding(code: str, display: str, system: str = _CDC_RACE) -> Element:
    return {"system": system, "code": code, "display": display}


RACE_CODES = {
    "american-indian": _coding("1002-5", "American Indian or Alaska Native"),
    "asian": _coding("2028-9", "Asian"),
    "black": _coding("2054-5", "Black or African American"),
    "pacific-islander": _coding("2076-8", "Native Hawaiian or Other Pacific Islander"),
    "white": _coding("2106-3", "White"),
    "other": _coding("2131-1", "Other Race"),
    "unknown": _coding("UNK", "Unknown", _NULL_FLAVOR),
    "asked-declined": _coding("ASKU", "Asked but no answer", _NULL_FLAVOR),
}
ETHNICITY_CODES = {
    "hispanic": _coding("2135-2", "Hispanic or Latino"),
    "not-hispanic": _coding("2186-5", "Not Hispanic or Latino"),
    "unknown": _coding("UNK", "Unknown", _NULL_FLAVOR),
    "asked-declined": _coding("ASKU", "Asked but no answer", _NULL_FLAVOR),
}

HOUSING = extension.simple(
    "housing", "crisis-housing-status", extension.concept("crisis-housing-status")
)


def _plan_consent(value: Json, source: Source) -> tuple[str, Json]:
    if isinstance(value, bool):
        return "valueBoolean", value
    return "valueReference", source.reference("consent", value)


PATIENT_EXTENSIONS = (
    extension.simple("identityConfidence", "crisis-identity-confidence", extension.CODE),
    extension.compound(
        "ageEstimate",
        "crisis-age-estimate",
        extension.part("low", extension.WHOLE),
        extension.part("high", extension.WHOLE),
    ),
    HOUSING,
    extension.simple(
        "responsePlanConsent",
        "crisis-response-plan-consent",
        extension.Value(
            write=_plan_consent,
            read=lambda value: value if isinstance(value, bool) else external_id(value),
        ),
    ),
)
PHONE_SAFETY = extension.compound(
    "safety",
    "crisis-contact-safety",
    extension.part("safeToCall", extension.FLAG),
    extension.part("safeToLeaveMessage", extension.FLAG),
)

"""A Patient as the native person that it was made from.

https://hl7.org/fhir/R4/patient.html
"""

from collections.abc import Sequence

from fhir_server.fhir.resource import Element, Json, Resource, extensions, items
from fhir_server.intake import extension
from fhir_server.intake.build import RECORD_VERSION, code_in, identifier_of, of_type
from fhir_server.intake.records.person.codes import (
    BIRTH_SEX,
    ETHNICITY,
    ETHNICITY_CODES,
    GENDER_IDENTITY,
    IDENTIFIER_TYPE,
    NO_FIXED_ADDRESS,
    PATIENT_EXTENSIONS,
    PHONE_SAFETY,
    RACE,
    RACE_CODES,
    SEX_CODES,
    VETERAN,
)
from fhir_server.intake.schema import ADDRESS
from fhir_server.intake.source import agency_in

_RACES = {coding["code"]: race for race, coding in RACE_CODES.items()}
_ETHNICITIES = {coding["code"]: name for name, coding in ETHNICITY_CODES.items()}
_SEXES = {code: sex for sex, code in SEX_CODES.items()}
_OURS = ("person", "encounter-person")


def from_fhir(resources: Sequence[Resource]) -> Element:
    """Return the Person record that `resources` were made from."""
    (patient,) = of_type(resources, "Patient")
    found = demographics(patient)
    found["id"] = identifier_of(patient, "person")
    for status in extensions(patient, VETERAN):
        value = status.get("valueBoolean")
        found["veteran"] = "unknown" if value is None else "yes" if value else "no"
    return found | extension.read(patient, (RECORD_VERSION,))


def demographics(patient: Resource) -> Element:
    """Return the native fields of a person that stand in a Patient."""
    found: Element = {
        **extension.read(patient, PATIENT_EXTENSIONS),
        **_coded(patient),
        "identifiers": [
            _identifier(each)
            for each in items(patient, "identifier")
            if all(agency_in(each["system"], name) is None for name in _OURS)
        ],
        "name": _name(items(patient, "name")),
        "phones": [_phone(each) for each in items(patient, "telecom")],
        "gender": None if "_gender" in patient else patient.get("gender"),
        "birthDate": patient.get("birthDate"),
        "emergencyContacts": [_contact(each) for each in items(patient, "contact")],
        "deceased": patient.get("deceasedBoolean", patient.get("deceasedDateTime")),
        **_address(patient),
    }
    for spoken in items(patient, "communication"):
        if spoken.get("preferred"):
            found["preferredLanguage"] = code_in(spoken["language"], "urn:ietf:bcp:47")
    return {name: value for name, value in found.items() if value not in (None, {}, [])}


def _coded(patient: Resource) -> Element:
    found: Element = {}
    for race in extensions(patient, RACE):
        codings = [part["valueCoding"] for part in extensions(race, "ombCategory")]
        found["race"] = [_RACES[coding["code"]] for coding in codings]
    for ethnicity in extensions(patient, ETHNICITY):
        (part,) = extensions(ethnicity, "ombCategory")
        found["ethnicity"] = _ETHNICITIES[part["valueCoding"]["code"]]
    for sex in extensions(patient, BIRTH_SEX):
        found["sexAtBirth"] = _SEXES[sex["valueCode"]]
    for identity in extensions(patient, GENDER_IDENTITY):
        found["genderIdentity"] = identity["valueCodeableConcept"]["text"]
    return found


def _identifier(identifier: Element) -> Element:
    found: Element = {}
    kind = code_in(identifier.get("type"), IDENTIFIER_TYPE)
    if kind is not None:
        found["type"] = kind
    if "assigner" in identifier:
        found["issuer"] = identifier["assigner"]["display"]
    elif kind != "ssn":
        found["system"] = identifier["system"]
    found["value"] = identifier["value"]
    return found


def _name(names: list[Element]) -> Element:
    found: Element = {}
    for name in names:
        if name.get("use") == "official":
            found |= {key: name[key] for key in ("family", "given") if key in name}
    aliases = [name["text"] for name in names if name.get("use") == "nickname"]
    return found | ({"aliases": aliases} if aliases else {})


def _phone(telecom: Element) -> Element:
    safety: Json = extension.read(telecom, (PHONE_SAFETY,)).get("safety", {})
    return {"value": telecom["value"], **safety}


def _address(patient: Resource) -> Element:
    found: Element = {}
    for address in items(patient, "address"):
        for flag in extensions(address, NO_FIXED_ADDRESS):
            found["noFixedAddress"] = flag["valueBoolean"]
        found["address"] = {name: address[name] for name in ADDRESS if name in address}
    return found


def _contact(contact: Element) -> Element:
    found = {"name": contact["name"]["text"]}
    for relationship in items(contact, "relationship"):
        found["relationship"] = relationship["text"]
    for telecom in items(contact, "telecom"):
        found["phone"] = telecom["value"]
    return found

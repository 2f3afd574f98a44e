"""A native person as a Patient.

https://hl7.org/fhir/R4/patient.html , with what https://hl7.org/fhir/us/core/ adds.
"""

from urllib.parse import quote

from fhir_server.fhir.crisis import identifier_system
from fhir_server.fhir.resource import Element, Resource
from fhir_server.intake import extension
from fhir_server.intake.build import (
    ABSENT_REASON,
    RECORD_VERSION,
    RESTRICTED,
    concept,
    extended,
    identifier,
    meta,
    provenance,
    reference_to,
    set_if,
)
from fhir_server.intake.record import Mapped
from fhir_server.intake.records.person.codes import (
    BIRTH_SEX,
    ETHNICITY,
    ETHNICITY_CODES,
    GENDER_IDENTITY,
    IDENTIFIER_TYPE,
    IDENTIFIER_V2,
    NO_FIXED_ADDRESS,
    PATIENT_EXTENSIONS,
    PHONE_SAFETY,
    RACE,
    RACE_CODES,
    SEX_CODES,
    V2_0203,
    VETERAN,
)
from fhir_server.intake.records.person.schema import US_SSN
from fhir_server.intake.source import Source

NOT_ASKED = {"extension": [{"url": ABSENT_REASON, "valueCode": "not-asked"}]}
_UNKNOWN = {"extension": [{"url": ABSENT_REASON, "valueCode": "unknown"}]}


def to_fhir(record: Element, source: Source) -> Mapped:
    """Return the Patient of a Person record, and its Provenance."""
    found = patient(record, source, source.id("person", record["id"]))
    found["identifier"].insert(0, identifier("person", record, source, code="agency-person"))
    target = [reference_to(found)]
    return Mapped(resources=(found, provenance("person", record, target, source)))


def patient(person: Element, source: Source, id_: str) -> Resource:
    """Return a Patient with what is known of `person`; `identifier` may be empty."""
    found: Resource = {
        "resourceType": "Patient",
        "id": id_,
        "meta": meta("crisis-patient", security=(RESTRICTED,)),
    }
    extended(found, _extensions(person, source))
    found["identifier"] = [_identifier(each) for each in person.get("identifiers", ())]
    found["active"] = True
    found["name"] = _names(person.get("name", {}))
    set_if(found, telecom=[_telecom(phone, source) for phone in person.get("phones", ())])
    if "gender" in person:
        found["gender"] = person["gender"]
    else:
        # A code is required; that nobody asked is told beside it.
        found |= {"gender": "unknown", "_gender": NOT_ASKED}
    set_if(found, birthDate=person.get("birthDate"))
    deceased = person.get("deceased")
    if deceased is not None:
        found["deceasedBoolean" if isinstance(deceased, bool) else "deceasedDateTime"] = deceased
    return set_if(
        found,
        managingOrganization=source.self_reference(),
        address=_addresses(person),
        contact=[_contact(each) for each in person.get("emergencyContacts", ())],
        communication=communication(person.get("preferredLanguage"), preferred=True),
    )


def communication(language: str | None, *, preferred: bool) -> list[Element]:
    """Return Patient.communication with a language that the person has."""
    if language is None:
        return []
    spoken: Element = {"language": concept("urn:ietf:bcp:47", language)}
    return [{**spoken, "preferred": True} if preferred else spoken]


def veteran(value: str) -> Element:
    """Return the extension for a veteran; whether one is may be unknown."""
    if value == "unknown":
        return {"url": VETERAN, **_UNKNOWN}
    return {"url": VETERAN, "valueBoolean": value == "yes"}


def _extensions(person: Element, source: Source) -> list[Element]:
    parts = (RECORD_VERSION, *PATIENT_EXTENSIONS)
    return [*_us_core(person), *extension.written(person, parts, source)]


def _us_core(person: Element) -> list[Element]:
    found: list[Element] = []
    if "race" in person:
        found.append(_omb(RACE, [RACE_CODES[race] for race in person["race"]]))
    if "ethnicity" in person:
        found.append(_omb(ETHNICITY, [ETHNICITY_CODES[person["ethnicity"]]]))
    if "sexAtBirth" in person:
        found.append({"url": BIRTH_SEX, "valueCode": SEX_CODES[person["sexAtBirth"]]})
    if "genderIdentity" in person:
        text = person["genderIdentity"]
        found.append({"url": GENDER_IDENTITY, "valueCodeableConcept": {"text": text}})
    if "veteran" in person:
        found.append(veteran(person["veteran"]))
    return found


def _omb(url: str, codings: list[Element]) -> Element:
    text = "; ".join(coding["display"] for coding in codings)
    parts: list[Element] = [{"url": "ombCategory", "valueCoding": coding} for coding in codings]
    return {"url": url, "extension": [*parts, {"url": "text", "valueString": text}]}


def _identifier(native: Element) -> Element:
    kind, issuer = native.get("type"), native.get("issuer")
    found: Element = {}
    if kind is not None:
        codes = [{"system": IDENTIFIER_TYPE, "code": kind}]
        if kind in IDENTIFIER_V2:
            codes.insert(0, {"system": V2_0203, "code": IDENTIFIER_V2[kind]})
        found["type"] = {"coding": codes}
    found["system"] = native.get("system") or _system(kind or "", issuer or "")
    found["value"] = native["value"]
    return set_if(found, assigner={"display": issuer} if issuer else None)


def _system(kind: str, issuer: str) -> str:
    if kind == "ssn":
        return US_SSN
    return identifier_system(kind, quote(issuer.upper(), safe=""))


def _names(name: Element) -> list[Element]:
    known: Element = {key: name[key] for key in ("family", "given") if key in name}
    names: list[Element] = [{"use": "official", **known}] if known else []
    # Which part of an alias is which nobody knows: US Core wants that said.
    names.extend({**_UNKNOWN, "use": "nickname", "text": each} for each in name.get("aliases", ()))
    return names or [_UNKNOWN]


def _telecom(phone: Element, source: Source) -> Element:
    return extended(
        {"system": "phone", "value": phone["value"]},
        extension.written({"safety": phone}, (PHONE_SAFETY,), source) if len(phone) > 1 else (),
    )


def _addresses(person: Element) -> list[Element]:
    if "address" not in person and "noFixedAddress" not in person:
        return []
    found: Element = {}
    if "noFixedAddress" in person:
        flag = {"url": NO_FIXED_ADDRESS, "valueBoolean": person["noFixedAddress"]}
        found["extension"] = [flag]
    if "address" in person:
        found |= {"use": "home", **person["address"]}
    return [found]


def _contact(contact: Element) -> Element:
    found: Element = {}
    if "relationship" in contact:
        found["relationship"] = [{"text": contact["relationship"]}]
    found["name"] = {"text": contact["name"]}
    if "phone" in contact:
        found["telecom"] = [{"system": "phone", "value": contact["phone"]}]
    return found

"""A native crisis encounter as FHIR resources: all that one record tells, and what it leaves to do.

https://hl7.org/fhir/R4/encounter.html
"""

from fhir_server.fhir.crisis_codes import CONFIDENTIALITIES, SUBSTANCE_TAGS
from fhir_server.fhir.resource import Element, Resource
from fhir_server.intake import extension
from fhir_server.intake.build import (
    ACT_CODE,
    ANONYMOUS_CONTACT,
    CONFIDENTIALITY,
    MENTAL_HEALTH,
    RESTRICTED,
    SUBSTANCE_USE,
    identifier,
    provenance,
    reference_to,
)
from fhir_server.intake.record import Mapped
from fhir_server.intake.records.crisis_encounter.context import KIND, Contact
from fhir_server.intake.records.crisis_encounter.encounter import encounter
from fhir_server.intake.records.crisis_encounter.findings import (
    handoff,
    notes,
    observations,
    procedures,
)
from fhir_server.intake.records.crisis_encounter.follow_up import follow_ups
from fhir_server.intake.records.person.codes import HOUSING
from fhir_server.intake.records.person.to_fhir import communication, patient, veteran
from fhir_server.intake.source import Source, agency_system

_SUBSTANCE_CALLS = frozenset({"intoxication", "overdose"})


def to_fhir(record: Element, source: Source) -> Mapped:
    """Return the resources of a crisis encounter.

    The Patient is a placeholder: it is written only where the agency's person is not on file yet.
    """
    person = _person(record, source)
    subject = _subject(record, person, source)
    contact = Contact(
        record=record,
        source=source,
        subject=subject,
        labels=(*labels(record), *(() if subject else (ANONYMOUS_CONTACT,))),
    )
    found = [
        encounter(contact),
        *observations(contact),
        *procedures(contact),
        *handoff(contact),
        *notes(contact),
    ]
    placeholder = person is not None and "id" in record["person"]
    if person is not None and not placeholder:
        found.append(person)
    work = follow_ups(contact)
    found.append(_provenance(contact, [*found, *work]))
    return Mapped(
        resources=tuple(found),
        if_absent=(person,) if person is not None and placeholder else (),
        work=work,
    )


def _provenance(contact: Contact, became: list[Resource]) -> Resource:
    record = contact.record
    targets = [reference_to(resource) for resource in became]
    if contact.subject is not None and contact.subject["reference"] not in {
        target["reference"] for target in targets
    }:
        targets.append(contact.subject)
    attested_by = record.get("attestedBy")
    return provenance(KIND, record, targets, contact.source, attested_by=attested_by)


def labels(record: Element) -> tuple[Element, ...]:
    """Return the security labels: a crisis is R and MH; the record may raise, never lower.

    https://hl7.org/fhir/R4/security-labels.html
    """
    sensitivity = record.get("sensitivity", {})
    tags = sensitivity.get("tags", ())
    found = [{"system": CONFIDENTIALITY, "code": "V"}] if "V" in tags else [RESTRICTED]
    found.append(MENTAL_HEALTH)
    if _concerns_substances(record) and not SUBSTANCE_TAGS & set(tags):
        found.append(SUBSTANCE_USE)
    if sensitivity.get("programPart2"):
        found.append({"system": ACT_CODE, "code": "42CFRPart2"})
    found.extend(
        {"system": ACT_CODE, "code": tag}
        for tag in dict.fromkeys(tags)
        if tag not in CONFIDENTIALITIES and tag != "MH"
    )
    return tuple(found)


def _concerns_substances(record: Element) -> bool:
    substance = record.get("substance", {})
    called = record.get("callType", {}).get("normalized")
    problems = record.get("presenting", {}).get("problem", ())
    nature = record.get("presenting", {}).get("nature")
    found = (
        substance.get("suspected") == "yes",
        "kind" in substance,
        substance.get("naloxoneGiven", 0) > 0,
        nature == "substance",
        any(isinstance(word, str) and word in _SUBSTANCE_CALLS for word in (called, *problems)),
    )
    return any(found)


def _person(record: Element, source: Source) -> Resource | None:
    person = record.get("person")
    if person is None or person.get("anonymous"):
        return None
    by_id = "id" in person
    id_ = (
        source.id("person", person["id"]) if by_id else source.part_id(KIND, record["id"], "person")
    )
    found = patient(person, source, id_)
    if by_id:
        own = identifier("person", person, source, code="agency-person")
    else:
        # Nobody knows this person by an id yet; the encounter's own stands in for it.
        system = agency_system("encounter-person", source.agency)
        own = {"use": "temp", "system": system, "value": record["id"]}
    found["identifier"].insert(0, own)
    return _with_social(found, record.get("social", {}), source)


def _with_social(found: Resource, social: Element, source: Source) -> Resource:
    """Return the placeholder with what is known of the person from this encounter only."""
    more = extension.written(social, (HOUSING,), source)
    if "veteran" in social:
        more.append(veteran(social["veteran"]))
    if more:
        found["extension"] = [*found.get("extension", ()), *more]
    spoken = (
        [] if "communication" in found else communication(social.get("language"), preferred=False)
    )
    if spoken:
        found["communication"] = spoken
    return found


def _subject(record: Element, person: Resource | None, source: Source) -> Element | None:
    if person is None:
        return None
    if "id" in record["person"]:
        return source.reference("person", record["person"]["id"])
    return reference_to(person)

"""An agency as an Organization, and back.

https://hl7.org/fhir/R4/organization.html
"""

from collections.abc import Sequence

from fhir_server.fhir.crisis import identifier_system, profile
from fhir_server.fhir.resource import Element, Resource, items
from fhir_server.intake import extension
from fhir_server.intake.build import extended, of_type, ref, set_if
from fhir_server.intake.record import Mapped
from fhir_server.intake.records.directory.mapping import AGENCY
from fhir_server.intake.source import Source, external_id

NPI = "http://hl7.org/fhir/sid/us-npi"
ORI = identifier_system("ori")
_AGENCY = identifier_system("agency")


def to_fhir(record: Element, source: Source) -> Mapped:
    """Return the Organization of an agency."""
    found: Resource = {
        "resourceType": "Organization",
        "id": source.id("agency", record["id"]),
        "meta": {"profile": [profile("crisis-agency")]},
    }
    extended(found, extension.written(record, AGENCY, source))
    numbers = {_AGENCY: record["id"], NPI: record.get("npi"), ORI: record.get("ori")}
    found["identifier"] = [
        {"system": system, "value": value} for system, value in numbers.items() if value is not None
    ]
    found["active"] = True
    coding = extension.coding("crisis-agency-type", record["type"], source)
    found["type"] = [{"coding": [coding]}]
    found["name"] = record["name"]
    state = record.get("state")
    set_if(
        found,
        address=[{"state": state}] if state else None,
        partOf=ref("agency", record.get("parent"), source),
        contact=[_contact(contact) for contact in record.get("contacts", ())],
    )
    return Mapped(resources=(found,))


def _contact(contact: Element) -> Element:
    telecom = [
        {"system": system, "value": contact[system]}
        for system in ("phone", "email")
        if system in contact
    ]
    name, purpose = contact.get("name"), contact.get("purpose")
    return set_if(
        {},
        purpose={"text": purpose} if purpose else None,
        name={"text": name} if name else None,
        telecom=telecom,
    )


def from_fhir(resources: Sequence[Resource]) -> Element:
    """Return the agency that an Organization was made from."""
    (organization,) = of_type(resources, "Organization")
    numbers = {each["system"]: each["value"] for each in organization["identifier"]}
    found: Element = {
        **extension.read(organization, AGENCY),
        "id": numbers[_AGENCY],
        "npi": numbers.get(NPI),
        "ori": numbers.get(ORI),
        "name": organization["name"],
        "state": next((each["state"] for each in items(organization, "address")), None),
        "parent": external_id(organization.get("partOf")),
        "contacts": [_native_contact(each) for each in items(organization, "contact")],
    }
    return {name: value for name, value in found.items() if value not in (None, [])}


def _native_contact(contact: Element) -> Element:
    found = {each["system"]: each["value"] for each in items(contact, "telecom")}
    found |= {name: contact[name]["text"] for name in ("name", "purpose") if name in contact}
    return found

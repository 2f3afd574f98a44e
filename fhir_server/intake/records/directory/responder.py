"""A responder as a Practitioner and a PractitionerRole, and back.

https://hl7.org/fhir/R4/practitioner.html and https://hl7.org/fhir/R4/practitionerrole.html
"""

from collections.abc import Sequence

from fhir_server.fhir.crisis import profile
from fhir_server.fhir.resource import Element, Resource, items
from fhir_server.intake import extension
from fhir_server.intake.build import (
    code_in,
    concept,
    extended,
    identifier_of,
    of_type,
    reference_to,
    set_if,
)
from fhir_server.intake.record import Mapped
from fhir_server.intake.records.directory.mapping import RESPONDER
from fhir_server.intake.source import Source, agency_in, agency_system

_LANGUAGE = "urn:ietf:bcp:47"


def to_fhir(record: Element, source: Source) -> Mapped:
    """Return the Practitioner, and the role that the responder has at the agency."""
    practitioner = _practitioner(record, source)
    role: Resource = {
        "resourceType": "PractitionerRole",
        "id": source.part_id("responder", record["id"], "role"),
        "meta": {"profile": [profile("crisis-responder")]},
    }
    extended(role, extension.written(record, RESPONDER, source))
    role["active"] = True
    role["practitioner"] = reference_to(practitioner)
    role["organization"] = source.self_reference()
    set_if(role, code=[{"text": name} for name in record.get("roles", ())])
    return Mapped(resources=(practitioner, role))


def _practitioner(record: Element, source: Source) -> Resource:
    found: Resource = {
        "resourceType": "Practitioner",
        "id": source.id("responder", record["id"]),
        "identifier": [{"system": source.system_of("responder"), "value": record["id"]}],
        "active": True,
    }
    if "badge" in record:
        badge = {"system": agency_system("badge", source.agency), "value": record["badge"]}
        found["identifier"].append(badge)
    found["name"] = [record["name"]]
    return set_if(
        found,
        qualification=[{"code": {"text": each}} for each in record.get("credentials", ())],
        communication=[concept(_LANGUAGE, each) for each in record.get("languages", ())],
    )


def from_fhir(resources: Sequence[Resource]) -> Element:
    """Return the responder that a Practitioner and a PractitionerRole were made from."""
    (practitioner,) = of_type(resources, "Practitioner")
    (role,) = of_type(resources, "PractitionerRole")
    found: Element = {
        **extension.read(role, RESPONDER),
        "id": identifier_of(practitioner, "responder"),
        "name": practitioner["name"][0],
        "credentials": [each["code"]["text"] for each in items(practitioner, "qualification")],
        "languages": [code_in(each, _LANGUAGE) for each in items(practitioner, "communication")],
        "roles": [each["text"] for each in items(role, "code")],
    }
    for identifier in practitioner["identifier"]:
        if agency_in(identifier["system"], "badge") is not None:
            found["badge"] = identifier["value"]
    return {name: value for name, value in found.items() if value != []}

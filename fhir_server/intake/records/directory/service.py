"""A service as a HealthcareService, and back.

https://hl7.org/fhir/R4/healthcareservice.html
"""

from collections.abc import Sequence

from fhir_server.fhir.crisis import profile
from fhir_server.fhir.resource import Element, Resource, items
from fhir_server.intake import extension
from fhir_server.intake.build import code_in, concept, extended, identifier_of, of_type, set_if
from fhir_server.intake.record import Mapped
from fhir_server.intake.records.directory.mapping import SERVICE
from fhir_server.intake.source import Source, external_id

_LANGUAGE = "urn:ietf:bcp:47"


def to_fhir(record: Element, source: Source) -> Mapped:
    """Return the HealthcareService of a service."""
    agency = record.get("agency")
    found: Resource = {
        "resourceType": "HealthcareService",
        "id": source.id("service", record["id"], agency),
        "meta": {"profile": [profile("crisis-service")]},
    }
    extended(found, extension.written(record, SERVICE, source))
    found["identifier"] = [{"system": source.system_of("service", agency), "value": record["id"]}]
    found["active"] = True
    found["providedBy"] = source.reference("agency", agency) if agency else source.self_reference()
    category, method = record.get("category"), record.get("referralMethod")
    set_if(
        found,
        category=[{"text": category}] if category else None,
        type=[{"text": each} for each in record.get("type", ())],
    )
    found["name"] = record["name"]
    set_if(
        found,
        communication=[concept(_LANGUAGE, each) for each in record.get("languages", ())],
        referralMethod=[{"text": method}] if method else None,
    )
    return Mapped(resources=(found,))


def from_fhir(resources: Sequence[Resource]) -> Element:
    """Return the service that a HealthcareService was made from."""
    (service,) = of_type(resources, "HealthcareService")
    found: Element = {
        **extension.read(service, SERVICE),
        "id": identifier_of(service, "service"),
        "agency": external_id(service["providedBy"]),
        "name": service["name"],
        "category": next((each["text"] for each in items(service, "category")), None),
        "type": [each["text"] for each in items(service, "type")],
        "languages": [code_in(each, _LANGUAGE) for each in items(service, "communication")],
        "referralMethod": next((each["text"] for each in items(service, "referralMethod")), None),
    }
    return {name: value for name, value in found.items() if value not in (None, [])}

"""The elements that the resources of several records share.

https://hl7.org/fhir/R4/resource.html#Meta and https://hl7.org/fhir/R4/provenance.html
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from fhir_server.fhir.crisis import (
    IDENTIFIER_TYPE_SYSTEM,
    code_system,
    identifier_system,
    profile,
)
from fhir_server.fhir.resource import Element, Json, Resource, items
from fhir_server.intake import extension
from fhir_server.intake.source import Source, agency_in, external_id

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_US_CORE_PARTICIPANT = "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type"

RESTRICTED = {"system": CONFIDENTIALITY, "code": "R"}
MENTAL_HEALTH = {"system": ACT_CODE, "code": "MH"}
SUBSTANCE_USE = {"system": ACT_CODE, "code": "SUD"}
# Words of our own, for what HL7 has no label for; both stay with the agency that wrote them.
_SENSITIVITY = code_system("crisis-sensitivity")
LAW_ENFORCEMENT = {"system": _SENSITIVITY, "code": "law-enforcement"}
ANONYMOUS_CONTACT = {"system": _SENSITIVITY, "code": "anonymous-contact"}
LABELS = (RESTRICTED, MENTAL_HEALTH)

RECORD_VERSION = extension.simple("recordVersion", "crisis-record-version", extension.WHOLE)
_DIGEST = profile("crisis-message-digest")


def meta(*profiles: str, security: Iterable[Element] = LABELS) -> Element:
    """Return Resource.meta with our `profiles` and security labels."""
    return {"profile": [profile(name) for name in profiles], "security": list(security)}


def identifier(kind: str, record: Element, source: Source, *, code: str = "") -> Element:
    """Return the business identifier that holds the record's external id."""
    found: Element = {"use": "official"}
    if code:
        found["type"] = concept(IDENTIFIER_TYPE_SYSTEM, code)
    found["system"] = source.system_of(kind)
    found["value"] = record["id"]
    return found


def identifier_of(resource: Resource, name: str) -> str | None:
    """Return the external id in the identifier system `name` of an agency."""
    for found in items(resource, "identifier"):
        if agency_in(found.get("system", ""), name) is not None:
            return str(found["value"])
    return None


def concept(system: str, code: str, display: str = "") -> Element:
    """Return a CodeableConcept of one coding."""
    coding = {"system": system, "code": code}
    if display:
        coding["display"] = display
    return {"coding": [coding]}


def code_in(concept_: Element | None, system: str) -> str | None:
    """Return the code that a CodeableConcept has of `system`."""
    for coding in items(concept_ or {}, "coding"):
        if coding.get("system") == system:
            return str(coding["code"])
    return None


def set_if(element: Element, **values: Json) -> Element:
    """Return `element` with those of `values` that are neither None nor empty."""
    for name, value in values.items():
        if value is not None and value not in ({}, [], ""):
            element[name] = value
    return element


def extended(resource: Element, extensions: Sequence[Element]) -> Element:
    """Return `resource` with `extensions` where there are any."""
    if extensions:
        resource["extension"] = list(extensions)
    return resource


def reference_to(resource: Resource) -> Element:
    """Return a literal reference to `resource`."""
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}


def ref(kind: str, external: str | None, source: Source, agency: str | None = None) -> Json:
    """Return a reference to a record's resource, or None without an id."""
    return None if external is None else source.reference(kind, external, agency)


def after(instant: str, span: timedelta) -> str:
    """Return the time `span` after `instant`, at the same offset; digits of a second are kept."""
    seconds, fraction, offset = instant[:19], "", instant[19:]
    if offset.startswith("."):
        digits = len(offset) - len(offset[1:].lstrip("0123456789"))
        fraction, offset = offset[:digits], offset[digits:]
    moved = datetime.fromisoformat(f"{seconds}+00:00") + span
    return f"{moved:%Y-%m-%dT%H:%M:%S}{fraction}{offset}"


def provenance(
    kind: str,
    record: Element,
    targets: Iterable[Element],
    source: Source,
    *,
    attested_by: str | None = None,
) -> Resource:
    """Return who recorded and who handed in what a record became.

    The message stands as `entity` with its digest, so that its origin can be proven.
    """
    agency = source.self_reference()
    agents = []
    for role, person in (("author", record.get("recordedBy")), ("attester", attested_by)):
        if person is not None:
            who = source.reference("responder", person)
            agent = {"type": concept(_PARTICIPANT, role), "who": who, "onBehalfOf": agency}
            agents.append(agent)
    agents.append({"type": concept(_US_CORE_PARTICIPANT, "transmitter"), "who": agency})
    message = f"{source.agency}/{source.system}/{source.message_id}"
    return {
        "resourceType": "Provenance",
        "id": source.part_id(kind, record["id"], "provenance"),
        "meta": meta("crisis-provenance"),
        "target": [{"reference": target["reference"]} for target in targets],
        "recorded": source.sent_at,
        "agent": agents,
        "entity": [
            {
                "role": "source",
                "what": {
                    "extension": [{"url": _DIGEST, "valueString": source.digest}],
                    "identifier": {"system": identifier_system("message"), "value": message},
                },
            }
        ],
    }


def agent(provenance_: Resource, role: str) -> str | None:
    """Return the external id of who stands in `role` in a Provenance of ours."""
    for found in provenance_["agent"]:
        if code_in(found["type"], _PARTICIPANT) == role:
            return external_id(found["who"])
    return None


def recorded_by(resources: Iterable[Resource]) -> str | None:
    """Return the external id of the author in the Provenance of ours among `resources`."""
    return next((agent(each, "author") for each in of_type(resources, "Provenance")), None)


def of_type(resources: Iterable[Resource], type_: str) -> list[Resource]:
    """Return those of `resources` that are of a type, in their order."""
    return [found for found in resources if found["resourceType"] == type_]

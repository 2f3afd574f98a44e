"""The least that a resource of each type has to say, made from its definition."""

from fhir_server.fhir.definitions import Definitions, ElementDefinition, TypeReference
from fhir_server.fhir.resource import Element, Json, Resource

_PRIMITIVES: dict[str, Json] = {
    "base64Binary": "AAAA",
    "boolean": True,
    "date": "2026-03-04",
    "dateTime": "2026-03-04T12:00:00Z",
    "decimal": 1,
    "instant": "2026-03-04T12:00:00Z",
    "integer": 1,
    "oid": "urn:oid:1.2.3",
    "positiveInt": 1,
    "time": "12:00:00",
    "unsignedInt": 1,
    "uuid": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    "xhtml": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>',
    "uri": "http://example.org/x",
    "url": "http://example.org/x",
    "canonical": "http://example.org/x",
}
# A datatype none of whose elements is required must say something nevertheless.
_DATATYPES: dict[str, Element] = {
    "CodeableConcept": {"text": "x"},
    "Coding": {"system": "http://example.org/x", "code": "x"},
    "Identifier": {"system": "http://example.org/x", "value": "x"},
    "Quantity": {"value": 1},
    "Reference": {"display": "x"},
    "Period": {"start": "2026-03-04"},
    "Range": {"low": {"value": 1}},
    "Attachment": {"title": "x"},
    "Annotation": {"text": "x"},
    "Dosage": {"text": "x"},
    "Timing": {"code": {"text": "x"}},
    "Meta": {"versionId": "1"},
    "Money": {"value": 1, "currency": "USD"},
    "TriggerDefinition": {"type": "named-event", "name": "x"},
}
# What the rules of a type demand beyond the cardinalities of its elements.
_SOFTWARE: Element = {"software": {"name": "x"}}
_BY_RULE: dict[str, Element] = {
    "AllergyIntolerance": {
        "clinicalStatus": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
                    "code": "active",
                }
            ]
        }
    },
    "Appointment": {
        "status": "proposed",
        "participant": [{"status": "accepted", "actor": {"display": "x"}}],
    },
    "AppointmentResponse": {"actor": {"display": "x"}},
    "CapabilityStatement": {**_SOFTWARE, "rest": [{"mode": "server"}]},
    "Consent": {"policyRule": {"text": "x"}},
    "ImmunizationRecommendation": {
        "recommendation": [{"forecastStatus": {"text": "x"}, "targetDisease": {"text": "x"}}]
    },
    "InsurancePlan": {"name": "x"},
    "Linkage": {"item": [{"type": "alternate", "resource": {"display": "x"}}] * 2},
    "Organization": {"name": "x"},
    "StructureDefinition": {
        "differential": {"element": [{"id": "Element", "path": "Element"}]},
        "type": "Element",
        "url": "http://example.org/StructureDefinition/x",
    },
    "TerminologyCapabilities": _SOFTWARE,
}


def least(type_: str, definitions: Definitions) -> Resource:
    """Return a resource with what its definition requires, and nothing else."""
    required = _required(type_, type_, definitions)
    return {"resourceType": type_, **required, **_BY_RULE.get(type_, {})}


def _required(structure: str, table: str, definitions: Definitions) -> Element:
    found: Element = {}
    for element in definitions.structure(structure).elements[table]:
        if element.min:
            name, kind = next(iter(element.json_names().items()))
            value = _value(structure, element, kind, definitions)
            found[name] = value if element.max == 1 else [value] * element.min
    return found


def _value(
    structure: str, element: ElementDefinition, kind: TypeReference, definitions: Definitions
) -> Json:
    codes = definitions.required_codings(element.required_binding or "")
    if kind.code == "code" and codes:
        return min(code for own in codes.values() for code in own)
    if kind.code == "CodeableConcept" and codes:
        system, own = min(codes.items())
        return {"coding": [{"system": system, "code": min(own)}]}
    if kind.code in definitions.primitive_types:
        return _PRIMITIVES.get(kind.code, "x")
    if "." in kind.code:
        return _required(structure, kind.code, definitions) or {"id": "x"}
    return _DATATYPES.get(kind.code) or _required(kind.code, kind.code, definitions)

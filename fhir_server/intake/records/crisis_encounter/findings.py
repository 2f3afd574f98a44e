"""What responders found and did: Observations, Procedures, notes, the hand-off.

https://hl7.org/fhir/R4/observation.html , https://hl7.org/fhir/R4/procedure.html ,
https://hl7.org/fhir/R4/documentreference.html and https://hl7.org/fhir/R4/communication.html

A screen never becomes a Condition: none is made here.
"""

import base64

from fhir_server.fhir.crisis import code_system, profile
from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.intake import extension
from fhir_server.intake.build import (
    ABSENT_REASON,
    LAW_ENFORCEMENT,
    concept,
    extended,
    meta,
    ref,
    set_if,
)
from fhir_server.intake.records.crisis_encounter.context import Contact

OBSERVATION_CODE = code_system("crisis-observation-code")
RISK_LEVEL = code_system("crisis-risk-level")
NOTE_KIND = code_system("crisis-note-kind")
HANDOFF_ACCEPTED = profile("crisis-handoff-accepted")
TRIAGE_POLICY = profile("crisis-triage-policy")
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_NOTE_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"
_LOINC = "http://loinc.org"

# Native level -> code; the suicide risk is the clinician's formulation, not an instrument's.
RISKS = {
    "suicide": "suicide-risk-level",
    "homicide": "homicide-risk",
    "selfCare": "self-care-risk",
}
METHOD = "suicide-method"
RATINGS = {"before": "distress-before", "after": "distress-after"}
_UNNAMED = {"extension": [{"url": ABSENT_REASON, "valueCode": "unknown"}]}
# Mental health notes; for the others US Core has no type, and wants that said.
_NOTE_TYPES = {"clinical": {"system": _LOINC, "code": "34904-3"}}
_NO_TYPE = {"system": "http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "code": "UNK"}


def observations(contact: Contact) -> list[Resource]:
    """Return the risk formulation and the person's own ratings."""
    record = contact.record
    risk = record.get("risk", {})
    found = [_risk(contact, risk, native) for native in RISKS if native in risk]
    for native, code in RATINGS.items():
        if native in record.get("distress", {}):
            value = {"valueInteger": record["distress"][native]}
            found.append(_observation(contact, code, "crisis-observation", value))
    if "satisfaction" in record:
        value = {"valueInteger": record["satisfaction"]}
        found.append(_observation(contact, "satisfaction", "crisis-observation", value))
    return found


def _risk(contact: Contact, risk: Element, native: str) -> Resource:
    value = {"valueCodeableConcept": concept(RISK_LEVEL, risk[native])}
    code = RISKS[native]
    found = _observation(contact, code, f"crisis-{native_profile(native)}", value)
    if contact.subject is None and native == "suicide":
        found["subject"] = _UNNAMED
    assessor = ref("responder", risk.get("assessor"), contact.source)
    if assessor is not None:
        found["performer"] = [assessor]
    if "formulationPolicy" in risk:
        policy = {"url": TRIAGE_POLICY, "valueString": risk["formulationPolicy"]}
        extended(found, [policy])
    if native == "suicide" and "method" in risk:
        method = {"code": concept(OBSERVATION_CODE, METHOD), "valueString": risk["method"]}
        found["component"] = [method]
    return found


def native_profile(native: str) -> str:
    """Return the profile, without its prefix, of a risk's Observation."""
    return "suicide-risk-observation" if native == "suicide" else "observation"


def _observation(contact: Contact, code: str, called: str, value: Element) -> Resource:
    found: Resource = {
        "resourceType": "Observation",
        "id": contact.part_id(code),
        "meta": meta(called, security=contact.labels),
        "status": "final",
        "category": [concept(_CATEGORY, "survey")],
        "code": concept(OBSERVATION_CODE, code),
    }
    set_if(found, subject=contact.subject)
    found["encounter"] = contact.encounter
    found["effectiveDateTime"] = contact.when()
    return {**found, **value}


def procedures(contact: Contact) -> list[Resource]:
    """Return one Procedure per intervention; its subject is mandatory, known or not."""
    found = []
    for index, native in enumerate(contact.record.get("interventions", ())):
        coding = extension.coding("crisis-intervention", native["code"], contact.source)
        procedure: Resource = {
            "resourceType": "Procedure",
            "id": contact.part_id(f"intervention-{index}"),
            "meta": meta("crisis-intervention", security=contact.labels),
            "status": "completed",
            "code": {"coding": [coding]},
            "subject": contact.subject or _UNNAMED,
            "encounter": contact.encounter,
        }
        if "at" in native:
            procedure["performedDateTime"] = native["at"]
        else:
            procedure["performedPeriod"] = {"start": contact.start()}
        actor = ref("responder", native.get("by"), contact.source)
        found.append(set_if(procedure, performer=[{"actor": actor}] if actor else None))
    return found


def notes(contact: Contact) -> list[Resource]:
    """Return one DocumentReference per narrative; the police's stay with their agency."""
    found = []
    for index, native in enumerate(contact.record.get("narrative", ())):
        kind = native["kind"]
        own = (LAW_ENFORCEMENT,) if kind == "le" else ()
        codings = [{"system": NOTE_KIND, "code": kind}]
        codings.insert(0, _NOTE_TYPES.get(kind, _NO_TYPE))
        note: Resource = {
            "resourceType": "DocumentReference",
            "id": contact.part_id(f"narrative-{index}"),
            "meta": meta("crisis-note", security=(*contact.labels, *own)),
            "status": "current",
            "type": {"coding": codings},
            "category": [concept(_NOTE_CATEGORY, "clinical-note")],
        }
        set_if(note, subject=contact.subject, date=native.get("at"))
        author = ref("responder", native.get("author"), contact.source)
        set_if(note, author=[author] if author else None)
        note["content"] = [{"attachment": _attachment(native["text"])}]
        note["context"] = {"encounter": [contact.encounter]}
        found.append(note)
    return found


def _attachment(text: str) -> Json:
    data = base64.b64encode(text.encode()).decode("ascii")
    return {"contentType": "text/plain; charset=utf-8", "data": data}


def handoff(contact: Contact) -> list[Resource]:
    """Return the hand-off to another agency as a Communication, where there was one."""
    native = contact.record.get("handoff")
    if native is None:
        return []
    source = contact.source
    found: Resource = {
        "resourceType": "Communication",
        "id": contact.part_id("handoff"),
        "meta": meta("crisis-handoff-communication", security=contact.labels),
    }
    if "accepted" in native:
        extended(found, [{"url": HANDOFF_ACCEPTED, "valueBoolean": native["accepted"]}])
    found["status"] = "completed"
    method = native.get("method")
    set_if(found, medium=[{"text": method}] if method else None, subject=contact.subject)
    found["encounter"] = contact.encounter
    set_if(found, sent=native.get("at"))
    found["recipient"] = [source.reference("agency", native["to"])]
    return [set_if(found, sender=ref("responder", native.get("by"), source))]

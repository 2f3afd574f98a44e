"""What responders found and did, read back from its resources.

https://hl7.org/fhir/R4/observation.html , https://hl7.org/fhir/R4/procedure.html ,
https://hl7.org/fhir/R4/documentreference.html and https://hl7.org/fhir/R4/communication.html
"""

import base64
from collections.abc import Sequence

from fhir_server.fhir.resource import Element, Resource, extensions, items
from fhir_server.intake import extension
from fhir_server.intake.build import code_in, of_type
from fhir_server.intake.records.crisis_encounter.findings import (
    HANDOFF_ACCEPTED,
    NOTE_KIND,
    OBSERVATION_CODE,
    RATINGS,
    RISK_LEVEL,
    RISKS,
    TRIAGE_POLICY,
)
from fhir_server.intake.source import external_id

_RISKS = {code: native for native, code in RISKS.items()}
_RATINGS = {code: native for native, code in RATINGS.items()}


def findings(resources: Sequence[Resource]) -> Element:
    """Return the native fields that stand in resources other than the Encounter."""
    return {
        **_observed(of_type(resources, "Observation")),
        "interventions": [_intervention(each) for each in of_type(resources, "Procedure")],
        "narrative": [_narrative(each) for each in of_type(resources, "DocumentReference")],
        "handoff": next(map(_handoff, of_type(resources, "Communication")), None),
    }


def _observed(observations: list[Resource]) -> Element:
    risk: Element = {}
    distress: Element = {}
    found: Element = {}
    for observation in observations:
        code = code_in(observation["code"], OBSERVATION_CODE) or ""
        if code in _RISKS:
            risk[_RISKS[code]] = code_in(observation["valueCodeableConcept"], RISK_LEVEL)
            risk |= _risk_details(observation)
        elif code in _RATINGS:
            distress[_RATINGS[code]] = observation["valueInteger"]
        else:
            found["satisfaction"] = observation["valueInteger"]
    return {**found, "risk": risk, "distress": distress}


def _risk_details(observation: Resource) -> Element:
    found: Element = {}
    for performer in items(observation, "performer"):
        found["assessor"] = external_id(performer)
    for policy in extensions(observation, TRIAGE_POLICY):
        found["formulationPolicy"] = policy["valueString"]
    for component in items(observation, "component"):
        found["method"] = component["valueString"]
    return found


def _intervention(procedure: Resource) -> Element:
    found: Element = {"code": extension.native_code(procedure["code"]["coding"][0])}
    if "performedDateTime" in procedure:
        found["at"] = procedure["performedDateTime"]
    for performer in items(procedure, "performer"):
        found["by"] = external_id(performer["actor"])
    return found


def _narrative(note: Resource) -> Element:
    (content,) = note["content"]
    found: Element = {
        "kind": code_in(note["type"], NOTE_KIND),
        "text": base64.b64decode(content["attachment"]["data"]).decode(),
    }
    if "date" in note:
        found["at"] = note["date"]
    for author in items(note, "author"):
        found["author"] = external_id(author)
    return found


def _handoff(communication: Resource) -> Element:
    found: Element = {"to": external_id(communication["recipient"][0])}
    for accepted in extensions(communication, HANDOFF_ACCEPTED):
        found["accepted"] = accepted["valueBoolean"]
    for medium in items(communication, "medium"):
        found["method"] = medium["text"]
    if "sent" in communication:
        found["at"] = communication["sent"]
    if "sender" in communication:
        found["by"] = external_id(communication["sender"])
    return found

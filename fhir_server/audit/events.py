"""One entry of the audit log as an AuditEvent.

https://hl7.org/fhir/R4/auditevent.html in the manner of IHE's Basic Audit Log Patterns
(https://profiles.ihe.net/ITI/BALP): who, for which organisation and purpose, did what, to which
resource of which patient. What was searched for is not in it, since values identify people.
"""

from dataclasses import dataclass
from enum import IntFlag

from fhir_server.fhir.crisis import PURPOSE_SYSTEM, identifier_system
from fhir_server.fhir.dates import format_instant
from fhir_server.fhir.resource import Element, Resource

_ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_LOCAL_PURPOSES = frozenset({"LEFIELD", "LEINVEST", "DIVERSION", "DISPATCH"})
_ACTIONS = {
    "read": "R",
    "vread": "R",
    "history-instance": "R",
    "history-type": "R",
    "search-type": "E",
    "operation": "E",
    "transaction": "E",
    "create": "C",
    "update": "U",
    "delete": "D",
}
CLIENT_SYSTEM = identifier_system("client")
USER_SYSTEM = identifier_system("user")
REQUEST_SYSTEM = identifier_system("request")


class Outcome:
    """https://hl7.org/fhir/R4/valueset-audit-event-outcome.html ."""

    SUCCESS = 0
    REFUSED = 4
    FAILED = 8


class Flag(IntFlag):
    """What a privacy officer looks for first."""

    OWN_RECORDS = 1
    PART2 = 2
    EMERGENCY = 4
    SYSTEM = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`recorded` is microseconds; `organization` and `patient` are ids, "" where there is none.

    `user_id` is the account of the person behind the client, "" where there is none; `count` is how
    many resources of the patient were disclosed or changed.
    """

    id: str
    recorded: int
    request_id: str
    client_id: str
    organization: str
    purpose: str
    interaction: str
    type: str
    resource_id: str = ""
    version: int = 0
    outcome: int = Outcome.SUCCESS
    patient: str = ""
    count: int = 0
    flags: int = 0
    user_id: str = ""


def audit_event(event: Event) -> Resource:
    """Return the AuditEvent resource of `event`."""
    recorded = format_instant(event.recorded)
    return {
        "resourceType": "AuditEvent",
        "id": event.id,
        "meta": {"versionId": "1", "lastUpdated": recorded},
        "type": _coding("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest"),
        "subtype": [_coding("http://hl7.org/fhir/restful-interaction", event.interaction)],
        "action": _ACTIONS.get(event.interaction, "E"),
        "recorded": recorded,
        "outcome": str(event.outcome),
        "purposeOfEvent": [{"coding": [_purpose(event.purpose)]}],
        "agent": _agents(event),
        "source": {"observer": {"display": "Handoff"}},
        "entity": _entities(event),
    }


def _agents(event: Event) -> list[Element]:
    dicom = "http://dicom.nema.org/resources/ontology/DCM"
    client = {
        "type": {"coding": [_coding(dicom, "110150")]},
        "who": {"identifier": {"system": CLIENT_SYSTEM, "value": event.client_id}},
        "altId": event.client_id,
        "requestor": not event.user_id,
    }
    agents = [client]
    if event.user_id:
        user = {"identifier": {"system": USER_SYSTEM, "value": event.user_id}}
        participant = _coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")
        agents = [{"type": {"coding": [participant]}, "who": user, "requestor": True}, client]
    if not event.organization:
        return agents
    participation = "http://terminology.hl7.org/CodeSystem/v3-RoleClass"
    organization = {
        "type": {"coding": [_coding(participation, "PROV")]},
        "who": {"reference": f"Organization/{event.organization}"},
        "requestor": False,
    }
    return [*agents, organization]


def _entities(event: Event) -> list[Element]:
    entities: list[Element] = []
    if event.patient:
        entities.append(_entity(f"Patient/{event.patient}", kind="1", role="1"))
    if event.resource_id:
        version = f"/_history/{event.version}" if event.version else ""
        reference = f"{event.type}/{event.resource_id}{version}"
        entities.append(_entity(reference, kind="2", role="4"))
    request: Element = {
        "what": {"identifier": {"system": REQUEST_SYSTEM, "value": event.request_id}},
        "detail": [
            {"type": "resourceType", "valueString": event.type},
            {"type": "count", "valueString": str(event.count)},
            *(
                {"type": "flag", "valueString": str(flag.name)}
                for flag in Flag
                if event.flags & flag
            ),
        ],
    }
    return [*entities, request]


def _entity(reference: str, *, kind: str, role: str) -> Element:
    return {
        "what": {"reference": reference},
        "type": _coding("http://terminology.hl7.org/CodeSystem/audit-entity-type", kind),
        "role": _coding("http://terminology.hl7.org/CodeSystem/object-role", role),
    }


def _purpose(code: str) -> Element:
    return _coding(PURPOSE_SYSTEM if code in _LOCAL_PURPOSES else _ACT_REASON, code)


def _coding(system: str, code: str) -> Element:
    return {"system": system, "code": code}

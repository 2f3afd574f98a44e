"""A native referral as a ServiceRequest, and the Task by which both sides follow it.

https://hl7.org/fhir/R4/servicerequest.html and https://hl7.org/fhir/R4/task.html
"""

from fhir_server.fhir import dates
from fhir_server.fhir.crisis_codes import REFERRAL_STATUS_REASONS_OPEN, SERVICES_OPEN
from fhir_server.fhir.resource import Element, Resource
from fhir_server.intake import extension
from fhir_server.intake.build import (
    LABELS,
    RESTRICTED,
    concept,
    extended,
    identifier,
    meta,
    provenance,
    ref,
    reference_to,
    set_if,
)
from fhir_server.intake.record import Mapped
from fhir_server.intake.records.referral.mapping import (
    BUSINESS_STATUS,
    REFERRAL_STATUS,
    REQUEST,
    SERVICE,
    STATES,
    STATUS_REASON,
    TASK,
    TASK_CODE,
    TRACKED_BY,
)
from fhir_server.intake.source import Source

_V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"
_SNOMED = "http://snomed.info/sct"
_SOCIAL_SERVICE = "410606002"
_PATIENT_REFERRAL = "3457005"


def to_fhir(record: Element, source: Source) -> Mapped:
    """Return the ServiceRequest, the Task and the Provenance of a referral."""
    request = _request(record, source)
    task = _task(record, source, reference_to(request))
    targets = [reference_to(request), reference_to(task), request["subject"]]
    origin = provenance("referral", record, targets, source)
    return Mapped(resources=(request, task, origin))


def _request(record: Element, source: Source) -> Resource:
    found: Resource = {
        "resourceType": "ServiceRequest",
        "id": source.id("referral", record["id"]),
        "meta": meta("crisis-referral", security=LABELS),
    }
    followed_by = {"reference": f"Task/{_task_id(record, source)}"}
    tracked = {"url": TRACKED_BY, "valueReference": followed_by}
    extended(found, [*extension.written(record, REQUEST, source), tracked])
    found["identifier"] = [_identifier(record, source)]
    found["status"] = request_status(record)
    found["intent"] = "order"
    found["category"] = [concept(_SNOMED, _SOCIAL_SERVICE)]
    set_if(found, priority=record.get("urgency"))
    found["code"] = _asked_for(record["service"], source)
    found["subject"] = source.reference("person", record["person"])
    consent = ref("consent", record.get("consentId"), source)
    question = record.get("questionsForRecipient")
    set_if(found, encounter=ref("crisisEncounter", record.get("encounter"), source))
    found["authoredOn"] = record["requestedAt"]
    requester = ref("responder", record.get("requester"), source)
    found["requester"] = requester or source.self_reference()
    return set_if(
        found,
        performer=_performers(record["service"], source),
        reasonCode=[{"text": reason} for reason in record.get("reason", ())],
        supportingInfo=[consent] if consent else None,
        note=[{"text": question}] if question else None,
    )


def request_status(record: Element) -> str:
    """Return ServiceRequest.status: declined by one, it is still active for the others."""
    if record["status"] == "declined" and record.get("alternatives"):
        return "active"
    return STATES[record["status"]].request


def _asked_for(service: Element, source: Source) -> Element:
    """Return what is asked for, of which the agency may have words of its own."""
    if "code" not in service:
        return concept(_SNOMED, _PATIENT_REFERRAL)
    return {"coding": [extension.listed(SERVICE, service["code"], SERVICES_OPEN, source)]}


def _task_id(record: Element, source: Source) -> str:
    return source.part_id("referral", record["id"], "task")


def _identifier(record: Element, source: Source) -> Element:
    return identifier("referral", record, source) | {"type": concept(_V2_0203, "PLAC")}


def _performers(service: Element, source: Source) -> list[Element]:
    found = []
    if "serviceId" in service:
        agency = service.get("organization")
        found.append(source.reference("service", service["serviceId"], agency))
    if "organization" in service:
        found.append(source.reference("agency", service["organization"]))
    return found


def _task(record: Element, source: Source, request: Element) -> Resource:
    state = STATES[record["status"]]
    found: Resource = {
        "resourceType": "Task",
        "id": _task_id(record, source),
        "meta": meta("crisis-referral-task", security=(RESTRICTED,)),
    }
    extended(found, extension.written(record, TASK, source))
    found["identifier"] = [_identifier(record, source)]
    found["status"] = state.task
    set_if(found, statusReason=_status_reason(record, source))
    if state.business is not None:
        codings = [
            {"system": BUSINESS_STATUS, "code": state.business},
            {"system": REFERRAL_STATUS, "code": record["status"]},
        ]
        found["businessStatus"] = {"coding": codings}
    found["intent"] = "order"
    set_if(found, priority=record.get("urgency"))
    found["code"] = concept(TASK_CODE, "fulfill")
    found["focus"] = request
    found["for"] = source.reference("person", record["person"])
    set_if(found, encounter=ref("crisisEncounter", record.get("encounter"), source))
    found["authoredOn"] = record["requestedAt"]
    found["lastModified"] = _last_modified(record)
    found["requester"] = source.self_reference()
    performers = _performers(record["service"], source)
    closed = record.get("closedAt")
    # The organisation answers for its service, and it is the organisation that the law knows.
    set_if(found, owner=performers[-1] if performers else None)
    return set_if(found, executionPeriod={"end": closed} if closed else None)


def _status_reason(record: Element, source: Source) -> Element:
    reason, state = record.get("statusReason", {}), STATES[record["status"]]
    codings = []
    if "code" in reason:
        known = REFERRAL_STATUS_REASONS_OPEN
        codings.append(extension.listed(STATUS_REASON, reason["code"], known, source))
    if state.reason is not None:
        codings.append({"system": state.reason[0], "code": state.reason[1]})
    return set_if({}, coding=codings, text=reason.get("text"))


def _last_modified(record: Element) -> str:
    """Return the latest time of the history, which is never before the referral was made."""
    times = [record["requestedAt"], *(step["at"] for step in record.get("history", ()))]
    return str(max(times, key=lambda time: dates.parse(time).lo))

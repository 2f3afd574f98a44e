"""A ServiceRequest and its Task as the native referral that they were made from.

https://hl7.org/fhir/R4/servicerequest.html and https://hl7.org/fhir/R4/task.html
"""

from collections.abc import Sequence

from fhir_server.fhir.resource import Element, Resource, items
from fhir_server.intake import extension
from fhir_server.intake.build import code_in, identifier_of, of_type, recorded_by
from fhir_server.intake.records.referral.mapping import (
    REFERRAL_STATUS,
    REQUEST,
    STATUS_REASON,
    TASK,
)
from fhir_server.intake.source import external_id


def from_fhir(resources: Sequence[Resource]) -> Element:
    """Return the record that `resources` were made from."""
    (request,) = of_type(resources, "ServiceRequest")
    (task,) = of_type(resources, "Task")
    found: Element = {
        **extension.read(request, REQUEST),
        **extension.read(task, TASK),
        "id": identifier_of(request, "referral"),
        "person": external_id(request["subject"]),
        "encounter": external_id(request.get("encounter")),
        "requestedAt": request["authoredOn"],
        "requester": external_id(request["requester"]),
        "urgency": request.get("priority"),
        "reason": [reason["text"] for reason in items(request, "reasonCode")],
        "consentId": next(map(external_id, items(request, "supportingInfo")), None),
        "questionsForRecipient": next((note["text"] for note in items(request, "note")), None),
        "status": code_in(task.get("businessStatus"), REFERRAL_STATUS) or "draft",
        "statusReason": _status_reason(task.get("statusReason", {})),
        "closedAt": task.get("executionPeriod", {}).get("end"),
    }
    found["recordedBy"] = recorded_by(resources)
    return {name: value for name, value in found.items() if value not in (None, [], {})}


def _status_reason(concept: Element) -> Element:
    found: Element = {}
    for coding in items(concept, "coding"):
        if extension.is_listed(STATUS_REASON, coding):
            found["code"] = coding["code"]
    if "text" in concept:
        found["text"] = concept["text"]
    return found

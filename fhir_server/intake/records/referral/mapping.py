"""The status map of a referral, and what its resources have no element for.

http://hl7.org/fhir/us/bser (business status) and http://hl7.org/fhir/us/sdoh-clinicalcare
"""

from dataclasses import dataclass

from fhir_server.fhir.crisis import code_system, profile
from fhir_server.intake.build import RECORD_VERSION
from fhir_server.intake.extension import CODE, FLAG, TEXT, TIME, compound, part, reference, simple

BUSINESS_STATUS = "http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS"
REFERRAL_STATUS = code_system("crisis-referral-status")
STATUS_REASON = "crisis-referral-status-reason"
SERVICE = "crisis-service"
TRACKED_BY = profile("crisis-referral-tracked-by")
SDOH_CODES = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
TASK_CODE = "http://hl7.org/fhir/CodeSystem/task-code"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What one native status is in FHIR; `reason` is a coding that belongs to Task.statusReason."""

    task: str
    request: str
    business: str | None = None
    reason: tuple[str, str] | None = None


_PROHIBITED = (SDOH_CODES, "contacting-subject-prohibited")
STATES = {
    "draft": State(task="draft", request="draft"),
    "sent": State(task="requested", business="2.0", request="active"),
    "acknowledged": State(task="received", business="2.0", request="active"),
    "accepted": State(task="accepted", business="3.0", request="active"),
    "waitlisted": State(
        task="accepted",
        business="3.0",
        request="active",
        reason=(code_system("crisis-capacity-state"), "waitlist"),
    ),
    "declined": State(task="rejected", business="4.0", request="revoked"),
    "scheduled": State(task="in-progress", business="5.1.1", request="active"),
    "no-show": State(task="in-progress", business="5.1.2", request="active"),
    "appt-cancelled": State(task="in-progress", business="5.1.3", request="active"),
    "attended": State(task="in-progress", business="5.1.4", request="active"),
    "cancel-requested": State(task="in-progress", business="5.2", request="active"),
    "cancelled": State(task="cancelled", business="6.0", request="revoked"),
    "closed": State(task="completed", business="7.0", request="completed"),
    "unable-to-contact": State(
        task="failed", business="4.0", request="revoked", reason=_PROHIBITED
    ),
    "person-declined": State(
        task="rejected", business="4.0", request="revoked", reason=_PROHIBITED
    ),
}

ALTERNATIVE = (
    part("code", CODE),
    part("serviceId", reference("service")),
    part("organization", reference("agency")),
)
REQUEST = (
    RECORD_VERSION,
    simple("episode", "crisis-episode", reference("episode")),
    compound("service", "crisis-requested-service", *ALTERNATIVE),
    compound("alternatives", "crisis-referral-alternative", *ALTERNATIVE, many=True),
    simple("needs", "crisis-referral-need", TEXT, many=True),
    compound("capacitySeen", "crisis-capacity-seen", part("state", CODE), part("at", TIME)),
    simple("doNotContactPerson", "crisis-do-not-contact", FLAG),
)
TASK = (
    compound(
        "history",
        "crisis-referral-history",
        part("status", CODE),
        part("at", TIME),
        part("by", TEXT),
        many=True,
    ),
    compound(
        "appointment",
        "crisis-appointment",
        part("at", TIME),
        part("place", TEXT),
        part("kept", CODE),
        part("rescheduledFrom", TIME),
    ),
    compound(
        "outcome",
        "crisis-referral-outcome",
        part("code", CODE),
        part("at", TIME),
        part("note", TEXT),
    ),
)

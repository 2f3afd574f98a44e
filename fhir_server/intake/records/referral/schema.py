"""The fields of a native Referral: from asking a service to knowing what became of it."""

from fhir_server.fhir import crisis_codes as codes
from fhir_server.intake.fields import (
    Code,
    Fields,
    Flag,
    Id,
    Instant,
    Many,
    Object,
    OwnCode,
    Text,
    YesNo,
)
from fhir_server.intake.schema import RECORD, PersonId, compiled

MOST_ALTERNATIVES = 3
_SERVICE: Fields = {"code": OwnCode(), "serviceId": Id(), "organization": Id()}

REFERRAL = compiled(
    {
        **RECORD,
        "person": PersonId(required=True),
        "episode": Id(),
        "encounter": Id(),
        "requestedAt": Instant(required=True),
        "requester": Id(),
        "service": Object(_SERVICE, required=True),
        "alternatives": Many(Object(_SERVICE), most=MOST_ALTERNATIVES),
        "urgency": Code(codes.URGENCIES),
        "reason": Many(Text()),
        "needs": Many(Text()),
        "consentId": Id(),
        "questionsForRecipient": Text(),
        "capacitySeen": Object(
            {"state": Code(codes.CAPACITY_STATES, required=True), "at": Instant()}
        ),
        "status": Code(codes.REFERRAL_STATUSES, required=True),
        "statusReason": Object({"code": OwnCode(), "text": Text()}),
        "history": Many(
            Object(
                {
                    "status": Code(codes.REFERRAL_STATUSES, required=True),
                    "at": Instant(required=True),
                    "by": Text(),
                }
            )
        ),
        "appointment": Object(
            {"at": Instant(), "place": Text(), "kept": YesNo(), "rescheduledFrom": Instant()}
        ),
        "outcome": Object({"code": OwnCode(), "at": Instant(), "note": Text()}),
        "closedAt": Instant(),
        "doNotContactPerson": Flag(),
        "recordedBy": Id(),
    }
)

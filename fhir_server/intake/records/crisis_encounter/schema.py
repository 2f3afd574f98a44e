"""The fields of a native CrisisEncounter."""

from fhir_server.fhir import crisis_codes as codes
from fhir_server.intake.fields import (
    Code,
    Fields,
    Flag,
    FlagOrCount,
    Id,
    Instant,
    Language,
    Many,
    Number,
    Object,
    OpenCode,
    OwnCode,
    Text,
    Whole,
    YesNo,
)
from fhir_server.intake.records.crisis_encounter.fields import InlinePerson
from fhir_server.intake.schema import GEO, RECORD, Address, compiled

_TRANSFER: Fields = {
    "agency": Id(required=True),
    "at": Instant(),
    "warm": Flag(),
    "accepted": Flag(),
}
# A record's own word for each event of crisis-timeline-event that it may time.
TIMELINE_EVENTS = {
    "receivedAt": "received",
    "answeredAt": "answered",
    "screenedAt": "screened",
    "dispatchedAt": "dispatched",
    "enRouteAt": "en-route",
    "onSceneAt": "on-scene",
    "atPatientAt": "at-patient",
    "dispositionAt": "disposition",
    "transportStartAt": "transport-start",
    "atDestinationAt": "at-destination",
    "careTransferredAt": "care-transferred",
    "clearedAt": "cleared",
}
UNIT_EVENTS = ("dispatchedAt", "enRouteAt", "onSceneAt", "atPatientAt", "clearedAt")
ANSWERS = ("weapon", "violence", "medical", "thirdPartyRisk", "personPresent")
SUICIDE_QUESTIONS = 4
HIGHEST_DISTRESS = 10
HIGHEST_SATISFACTION = 5

_CONTACT: Fields = {
    "incidentNumbers": Many(
        Object(
            {
                "system": Code(codes.INCIDENT_SYSTEMS, required=True),
                "value": Id(required=True),
                "agency": Id(),
            }
        )
    ),
    "status": Code(codes.ENCOUNTER_STATUSES, required=True),
    "person": InlinePerson(),
    "contact": Object(
        {
            "channel": OpenCode(codes.DISPATCH_SOURCES_OPEN, required=True),
            "mode": Code(codes.CONTACT_MODES),
            "receivedAt": Instant(required=True),
            "transferredFrom": Object(_TRANSFER),
            "transferredTo": Object(_TRANSFER),
        },
        required=True,
    ),
    "caller": Object(
        {
            "relationship": Code(codes.CALLER_RELATIONSHIPS),
            "anonymous": Flag(),
            "wantsCallback": Flag(),
        }
    ),
    "callType": Object(
        {
            "agencyCode": Object({"code": OwnCode(required=True), "display": Text()}),
            "normalized": OpenCode(codes.CALL_TYPES_OPEN),
        }
    ),
    "diversionScreen": Object(
        {
            "performedBy": Id(),
            "eligible": Flag(),
            "answers": Object({question: YesNo() for question in ANSWERS}),
            "reasonsNotEligible": Many(Text()),
            "suicideQuestions": Many(YesNo(), most=SUICIDE_QUESTIONS),
        }
    ),
    "dispatchDecision": Object(
        {
            "code": Code(codes.DISPATCH_DECISIONS, required=True),
            "at": Instant(),
            "by": Id(),
            "reason": Many(Text()),
        }
    ),
}
_RESPONSE: Fields = {
    "responderModel": Code(codes.RESPONDER_MODELS),
    "units": Many(
        Object(
            {
                "unitId": Id(required=True),
                "agency": Id(),
                "type": Text(),
                "members": Many(
                    Object(
                        {
                            "practitionerId": Id(required=True),
                            "role": Text(),
                            "certifications": Many(Text()),
                        }
                    )
                ),
                **{event: Instant() for event in UNIT_EVENTS},
            }
        )
    ),
    "timeline": Object(
        {event: Instant(required=event == "receivedAt") for event in TIMELINE_EVENTS},
        required=True,
    ),
    "location": Object(
        {
            "type": Code(codes.PLACE_TYPES),
            "address": Address(),
            "geo": Object(GEO),
            "premiseHazards": Many(Text()),
            "atResidence": Flag(),
        }
    ),
    "lawEnforcement": Object(
        {
            "involvement": Code(codes.LAW_ENFORCEMENT_INVOLVEMENTS, required=True),
            "role": Text(),
            "requestedBy": Text(),
            "requestedAt": Instant(),
            "arrivedAt": Instant(),
            "departedAt": Instant(),
            "citTrained": Flag(),
            "agency": Id(),
            "incidentNumber": Id(),
        }
    ),
    "weapon": Object(
        {"reported": YesNo(), "found": YesNo(), "type": Many(Code(codes.WEAPON_TYPES))}
    ),
    "force": Many(
        Object(
            {
                "kind": Code(codes.FORCE_TYPES, required=True),
                "byAgency": Id(),
                "at": Instant(),
                "injury": Code(codes.INJURY_LEVELS),
            }
        )
    ),
    "injuries": Object(
        {who: Code(codes.INJURY_LEVELS) for who in ("person", "responder", "other")}
    ),
}
_CARE: Fields = {
    "presenting": Object(
        {
            "problem": Many(OpenCode(codes.CALL_TYPES_OPEN)),
            "narrative": Text(),
            "nature": Code(codes.NATURES),
            "behaviors": Many(Text()),
        }
    ),
    "substance": Object(
        {"suspected": YesNo(), "kind": Many(Text()), "naloxoneGiven": Whole(0, 1_000)}
    ),
    "risk": Object(
        {
            "suicide": Code(codes.RISK_LEVELS),
            "homicide": Code(codes.RISK_LEVELS),
            "selfCare": Code(codes.RISK_LEVELS),
            "method": Text(),
            "assessor": Id(),
            "formulationPolicy": Text(),
        }
    ),
    "interventions": Many(
        Object(
            {
                "code": OpenCode(codes.INTERVENTIONS_OPEN, required=True),
                "at": Instant(),
                "by": Id(),
            }
        )
    ),
    "disposition": Object(
        {
            "code": Code(codes.DISPOSITIONS, required=True),
            "at": Instant(),
            "voluntary": Flag(),
            "reason": Many(Text()),
            "wouldHaveGoneTo": Code(codes.WOULD_HAVE_GONE_TO),
        }
    ),
    "destination": Object(
        {
            "type": OpenCode(codes.AGENCY_TYPES | codes.DESTINATION_TYPES),
            "organization": Id(),
            "name": Text(),
            "acceptedAt": Instant(),
            "acceptedBy": Text(),
            "refused": Flag(),
            "refusalReason": Text(),
            "boardingMinutes": Whole(),
        }
    ),
    "transport": Object(
        {
            "mode": Code(codes.TRANSPORT_MODES, required=True),
            "by": Id(),
            "restrained": Flag(),
            "startedAt": Instant(),
            "arrivedAt": Instant(),
            "miles": Number(0, 10_000),
        }
    ),
    "hold": Object(
        {
            "type": Code(codes.HOLD_TYPES, required=True),
            "statute": Text(),
            "initiatorRole": Text(),
            "initiatedAt": Instant(),
            "expiresAt": Instant(),
            "outcome": Code(codes.HOLD_OUTCOMES),
            "outcomeAt": Instant(),
            "paperworkRef": Text(),
        }
    ),
    "diversion": Object(
        {
            "arrestableOffense": YesNo(),
            "offenseLevel": Code(codes.OFFENSE_LEVELS),
            "arrested": YesNo(),
            "cited": YesNo(),
            "decidedBy": Text(),
            "program": Text(),
            "courtRef": Text(),
        }
    ),
}
_FURTHER: Fields = {
    "social": Object(
        {
            "housing": Code(codes.HOUSING_STATUSES),
            "veteran": YesNo(),
            "serviceEra": Text(),
            "employment": Text(),
            "language": Language(),
            "interpreterNeeded": Flag(),
            "interpreterUsed": Flag(),
            "disability": Many(Text()),
            "insurance": Many(Text()),
            "dependentsOnScene": FlagOrCount(),
            "pets": FlagOrCount(),
        }
    ),
    "engagementAtContact": Object(
        {
            "engaged": YesNo(required=True),
            "provider": Id(),
            "program": Text(),
            "notifiedAt": Instant(),
            "caseManager": Text(),
        }
    ),
    "handoff": Object(
        {
            "to": Id(required=True),
            "at": Instant(),
            "by": Id(),
            "method": Text(),
            "accepted": Flag(),
        }
    ),
    "episodeId": Id(),
    "partOf": Id(),
    "consentIds": Many(Id()),
    "safetyPlanId": Id(),
    "referralIds": Many(Id()),
    "assessmentIds": Many(Id()),
    "distress": Object({"before": Whole(0, HIGHEST_DISTRESS), "after": Whole(0, HIGHEST_DISTRESS)}),
    "satisfaction": Whole(1, HIGHEST_SATISFACTION),
    "sensitivity": Object({"tags": Many(Code(codes.SENSITIVITY_TAGS)), "programPart2": Flag()}),
    "narrative": Many(
        Object(
            {
                "author": Id(),
                "at": Instant(),
                "text": Text(required=True),
                "kind": Code(codes.NARRATIVE_KINDS, required=True),
            }
        )
    ),
    "recordedBy": Id(required=True),
    "attestedBy": Id(),
}

CRISIS_ENCOUNTER = compiled(
    {
        **RECORD,
        "recordVersion": Whole(required=True),
        **_CONTACT,
        **_RESPONSE,
        **_CARE,
        **_FURTHER,
    }
)

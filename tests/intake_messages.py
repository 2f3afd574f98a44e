"""Native messages as agencies send them, for tests."""

import itertools
from typing import Any

Json = Any

AGENCY = "springfield-mct"
_numbers = itertools.count(1)


def next_number() -> int:
    """Return a number that no other message or record of this run has."""
    return next(_numbers)


def message(agency: str = AGENCY, /, *, id_: str = "", sent: str = "", **records: Json) -> Json:
    """Return a message of `agency` that holds `records` under their names."""
    source = {
        "agency": agency,
        "system": "cad-lite",
        "messageId": id_ or f"m-{next_number()}",
        "sentAt": sent or "2026-03-04T15:02:11-06:00",
    }
    return {"schema": "crisis-native/1", "source": source, **records}


def crisis_encounter(id_: str = "", **fields: Json) -> Json:
    """Return a small crisis encounter; a field that is None is left out."""
    native = {
        "id": id_ or f"CE-{next_number()}",
        "recordVersion": 1,
        "status": "cleared",
        "person": {"id": f"P-{next_number()}"},
        "contact": {"channel": "911", "receivedAt": "2026-03-04T13:41:05-06:00"},
        "responderModel": "mobile-crisis-team",
        "timeline": {
            "receivedAt": "2026-03-04T13:41:05-06:00",
            "onSceneAt": "2026-03-04T14:07:00-06:00",
            "clearedAt": "2026-03-04T15:00:40-06:00",
        },
        "incidentNumbers": [{"system": "cad", "value": "26-0304-0871"}],
        "disposition": {"code": "resolved-on-scene", "voluntary": True},
        "recordedBy": "R-18",
        **fields,
    }
    return {name: value for name, value in native.items() if value is not None}


def worked_record() -> Json:
    """Return a whole message, with most of what a mobile crisis team may record."""
    return {
        "schema": "crisis-native/1",
        "source": {
            "agency": AGENCY,
            "system": "cad-lite",
            "messageId": "m-0009231",
            "sentAt": "2026-03-04T15:02:11-06:00",
        },
        "crisisEncounter": {
            "id": "CE-2026-001187",
            "recordVersion": 3,
            "status": "cleared",
            "incidentNumbers": [
                {"system": "cad", "agency": "springfield-psap", "value": "26-0304-0871"}
            ],
            "person": {"id": "P-5521", "identityConfidence": "self-reported"},
            "contact": {
                "channel": "911",
                "mode": "voice",
                "receivedAt": "2026-03-04T13:41:05-06:00",
            },
            "caller": {"relationship": "family", "anonymous": False},
            "callType": {"agencyCode": {"code": "10-96S"}, "normalized": "suicidal-ideation"},
            "diversionScreen": {
                "eligible": True,
                "answers": {
                    "weapon": "no",
                    "violence": "no",
                    "medical": "no",
                    "personPresent": "yes",
                },
            },
            "dispatchDecision": {"code": "mct-dispatched", "at": "2026-03-04T13:44:30-06:00"},
            "responderModel": "mobile-crisis-team",
            "units": [
                {
                    "unitId": "MC-2",
                    "agency": AGENCY,
                    "members": [
                        {"practitionerId": "R-18", "role": "clinician"},
                        {"practitionerId": "R-31", "role": "peer"},
                    ],
                }
            ],
            "timeline": {
                "receivedAt": "2026-03-04T13:41:05-06:00",
                "dispatchedAt": "2026-03-04T13:44:30-06:00",
                "onSceneAt": "2026-03-04T14:07:00-06:00",
                "atPatientAt": "2026-03-04T14:09:20-06:00",
                "dispositionAt": "2026-03-04T14:55:00-06:00",
                "clearedAt": "2026-03-04T15:00:40-06:00",
            },
            "location": {"type": "home", "atResidence": True},
            "lawEnforcement": {
                "involvement": "staged",
                "agency": "springfield-pd",
                "citTrained": True,
            },
            "weapon": {"reported": "no", "found": "no"},
            "risk": {
                "suicide": "moderate",
                "assessor": "R-18",
                "formulationPolicy": "springfield-2026.1",
            },
            "interventions": [{"code": "safety-planning"}, {"code": "lethal-means-counseling"}],
            "disposition": {
                "code": "resolved-on-scene",
                "at": "2026-03-04T14:55:00-06:00",
                "voluntary": True,
                "wouldHaveGoneTo": "ed",
            },
            "diversion": {"arrestableOffense": "no"},
            "social": {
                "housing": "unstable",
                "veteran": "yes",
                "language": "es",
                "interpreterNeeded": True,
                "interpreterUsed": True,
            },
            "engagementAtContact": {"engaged": "no"},
            "distress": {"before": 9, "after": 4},
            "safetyPlanId": "SP-77",
            "referralIds": ["REF-310"],
            "consentIds": ["CON-88"],
            "recordedBy": "R-18",
        },
    }

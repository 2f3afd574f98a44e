"""A crisis from the call to the clearing, as the agency that answered it writes it down.

The responder model decides most: who comes, what they find it safe to do, where it ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fhir_server.demo import region
from fhir_server.demo.clock import MINUTE, local
from fhir_server.demo.dice import Dice
from fhir_server.demo.ending import Ending, ended, ending
from fhir_server.demo.person import Person
from fhir_server.demo.police import police
from fhir_server.fhir.resource import Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """How one responder model answers: its agency, what it decides, minutes that it stays."""

    model: str
    agency: str
    decision: str
    stay: tuple[int, int]
    in_person: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Crisis:
    """One crisis: its record, and what later records need to know of it. Times in seconds."""

    id: str
    agency: str
    lead: str
    received: int
    cleared: int
    ending: Ending
    in_person: bool
    risk: str
    record: Element


_BY_PHONE = Response(
    model="telephonic",
    agency=region.LINE_988,
    decision="phone-resolved",
    stay=(8, 55),
    in_person=False,
)
_RESPONSES: Mapping[Response, float] = {
    _BY_PHONE: 20,
    Response(
        model="mobile-crisis-team",
        agency=region.MOBILE_CRISIS,
        decision="mct-dispatched",
        stay=(25, 110),
    ): 38,
    Response(
        model="co-responder",
        agency=region.CO_RESPONSE,
        decision="co-response-dispatched",
        stay=(20, 90),
    ): 18,
    Response(
        model="police-only",
        agency=region.POLICE,
        decision="police-dispatched",
        stay=(10, 60),
    ): 8,
    Response(
        model="ems-behavioral",
        agency=region.EMS,
        decision="ems-dispatched",
        stay=(15, 70),
    ): 6,
    Response(
        model="cit-officer",
        agency=region.POLICE,
        decision="cit-dispatched",
        stay=(15, 75),
    ): 4,
    Response(
        model="crisis-facility",
        agency=region.STABILIZATION,
        decision="alternative-dispatched",
        stay=(240, 1300),
    ): 3,
    Response(
        model="outreach",
        agency=region.MOBILE_CRISIS,
        decision="alternative-dispatched",
        stay=(15, 60),
    ): 2,
    Response(
        model="telehealth-co-response",
        agency=region.CO_RESPONSE,
        decision="co-response-dispatched",
        stay=(15, 50),
        in_person=False,
    ): 1,
}
_CHANNELS: Mapping[str, Mapping[str, float]] = {
    "telephonic": {"988": 70, "crisis-line": 20, "text-chat": 10},
    "crisis-facility": {"walk-in": 60, "family-request": 15, "officer-initiated": 25},
    "outreach": {"outreach": 80, "provider": 20},
    "police-only": {"911": 85, "officer-initiated": 15},
}
_FIELD_CHANNELS: Mapping[str, float] = {
    "911": 58, "988": 22, "non-emergency-line": 8, "school": 4, "provider": 4, "family-request": 4,
}  # fmt: skip
_CALL_TYPES: Mapping[str, float] = {
    "suicidal-ideation": 30, "emotional-distress": 18, "welfare-check": 13, "psychosis": 9,
    "suicide-attempt": 5, "self-harm": 4, "agitation": 5, "intoxication": 6, "overdose": 2,
    "family-conflict": 4, "mania": 2, "medication-need": 2,
}  # fmt: skip
_NATURE_CODES = {"suicidal-ideation": "10-96S", "welfare-check": "10-90W", "psychosis": "10-96B"}
_CALLERS = {"self": 30, "family": 34, "friend": 10, "bystander": 12, "provider": 8, "officer": 6}
_INTERVENTIONS = {
    "de-escalation": 0.6, "active-listening": 0.4, "safety-planning": 0.45, "peer-support": 0.25,
    "lethal-means-counseling": 0.2,
}  # fmt: skip
_PLACES = {"home": 62, "street": 18, "public-building": 8, "school": 5, "shelter": 4, "work": 3}
_MINUTES_TO_DISPATCH = (3, 12)
_MINUTES_TO_SCENE = (6, 40)
_HIGH = 0.8
_MODERATE = 0.4


def crisis(person: Person, number: str, received: int, dice: Dice) -> Crisis:
    """Return the crisis `number` of a person, which begins at `received` (seconds)."""
    return _crisis(dice.weighted(_RESPONSES), person, number, received, dice)


def anonymous(number: str, received: int, dice: Dice) -> Crisis:
    """Return a call to 988 by somebody who did not say who they are."""
    return _crisis(_BY_PHONE, None, number, received, dice)


def _crisis(
    response: Response, person: Person | None, number: str, received: int, dice: Dice
) -> Crisis:
    agency = region.BY_ID[response.agency]
    crew = dice.between(0, agency.crews - 1)
    severity = dice.share() if person is None else (person.severity + dice.share()) / 2
    risk = "high" if severity > _HIGH else "moderate" if severity > _MODERATE else "low"
    times = _times(response, received, dice)
    end = ending(response.model, severity, dice)
    record: Element = {
        "id": number,
        "recordVersion": 1,
        "status": "cleared" if response.in_person else "resolved-by-phone",
        "responderModel": response.model,
        "timeline": {event: local(at) for event, at in times.items()},
        "risk": {"suicide": risk, "assessor": agency.responder(crew, 0)},
        "recordedBy": agency.responder(crew, 0),
    }
    record |= _call(response, person, received, dice)
    record |= _care(dice)
    record |= police(response.model, end, dice)
    record |= ended(end, response.model, times["dispositionAt"], dice)
    if response.in_person:
        record |= _scene(agency, crew, number, dice)
    if person is not None:
        record |= _about(person, dice)
    return Crisis(
        id=number,
        agency=agency.id,
        lead=agency.responder(crew, 0),
        received=received,
        cleared=times["clearedAt"],
        ending=end,
        in_person=response.in_person,
        risk=risk,
        record=record,
    )


def _times(response: Response, received: int, dice: Dice) -> dict[str, int]:
    times = {"receivedAt": received}
    at = received
    if response.in_person:
        at += MINUTE * dice.between(*_MINUTES_TO_DISPATCH)
        times["dispatchedAt"] = at
        at += MINUTE * dice.between(*_MINUTES_TO_SCENE)
        times["onSceneAt"] = at
        times["atPatientAt"] = at + MINUTE * dice.between(0, 5)
    # The last five minutes are the hand-over and the notes.
    at += MINUTE * (5 + dice.between(*response.stay))
    return times | {"dispositionAt": at, "clearedAt": at + 5 * MINUTE}


def _call(response: Response, person: Person | None, received: int, dice: Dice) -> Element:
    channel = dice.weighted(_CHANNELS.get(response.model, _FIELD_CHANNELS))
    call_type = dice.weighted(_CALL_TYPES)
    found: Element = {
        "contact": {
            "channel": "988" if person is None else channel,
            "mode": "text" if channel == "text-chat" else "voice",
            "receivedAt": local(received),
        },
        "caller": {"relationship": "self", "anonymous": True},
        "callType": {"normalized": call_type},
        "dispatchDecision": {
            "code": response.decision,
            "at": local(received + 2 * MINUTE),
        },
    }
    if person is not None:
        found["caller"] = {"relationship": dice.weighted(_CALLERS), "anonymous": False}
    if call_type in _NATURE_CODES:
        found["callType"]["agencyCode"] = {"code": _NATURE_CODES[call_type]}
    if channel == "911":
        eligible = response.model not in {"police-only", "ems-behavioral"} or dice.chance(0.3)
        found["diversionScreen"] = {"eligible": eligible}
    return found


def _care(dice: Dice) -> Element:
    codes = [code for code, share in _INTERVENTIONS.items() if dice.chance(share)]
    found: Element = {"interventions": [{"code": code} for code in codes or ["active-listening"]]}
    if dice.chance(0.4):
        before = dice.between(5, 10)
        found["distress"] = {"before": before, "after": max(0, before - dice.between(0, 6))}
    return found


def _scene(agency: region.Agency, crew: int, number: str, dice: Dice) -> Element:
    place = dice.weighted(_PLACES)
    members = [
        {"practitionerId": agency.responder(crew, seat), "role": role}
        for seat, role in enumerate(agency.team)
    ]
    return {
        "units": [{"unitId": agency.unit(crew), "agency": agency.id, "members": members}],
        "location": {"type": place, "atResidence": place == "home"},
        "incidentNumbers": [{"system": "cad", "agency": region.PSAP, "value": f"CAD-{number}"}],
        "weapon": {"reported": dice.weighted({"no": 92, "yes": 8}), "found": "no"},
    }


def _about(person: Person, dice: Dice) -> Element:
    found: Element = {
        "person": {"id": person.id},
        "social": {"housing": person.housing, "language": person.language},
        "engagementAtContact": {"engaged": dice.weighted({"yes": 35, "no": 50, "unknown": 15})},
    }
    if person.language != "en":
        found["social"] |= {"interpreterNeeded": True, "interpreterUsed": dice.chance(0.8)}
    if person.substance and dice.chance(0.6):
        found["substance"] = {"suspected": dice.weighted({"yes": 60, "no": 25, "unknown": 15})}
    return found

"""What follows a crisis: an episode of follow-up, and a referral with all that became of it."""

from collections.abc import Iterator, Mapping

from fhir_server.demo import region
from fhir_server.demo.clock import DAY, HOUR, MINUTE, local
from fhir_server.demo.crisis import Crisis
from fhir_server.demo.dice import Dice
from fhir_server.demo.person import Person
from fhir_server.fhir.resource import Element

# The way of a referral to each of its states; the last one is where it is now.
WAYS: tuple[tuple[str, ...], ...] = (
    ("sent", "acknowledged", "accepted", "scheduled", "attended"),
    ("sent", "acknowledged", "accepted", "scheduled"),
    ("sent", "acknowledged", "accepted"),
    ("sent", "acknowledged", "accepted", "scheduled", "attended", "closed"),
    ("sent",),
    ("sent", "acknowledged"),
    ("sent", "acknowledged", "waitlisted"),
    ("sent", "acknowledged", "declined"),
    ("sent", "acknowledged", "accepted", "scheduled", "no-show"),
    ("sent", "acknowledged", "accepted", "scheduled", "appt-cancelled"),
    ("sent", "acknowledged", "accepted", "cancel-requested"),
    ("sent", "acknowledged", "accepted", "cancel-requested", "cancelled"),
    ("sent", "unable-to-contact"),
    ("sent", "acknowledged", "person-declined"),
    ("draft",),
)
_LIKELY: Mapping[tuple[str, ...], float] = dict(
    zip(WAYS, (22, 12, 14, 22, 4, 4, 5, 4, 6, 2, 1, 1, 1, 1, 1), strict=True)
)
_REASONS = {
    "declined": "no-capacity",
    "waitlisted": "no-opening",
    "no-show": "not-reached",
    "person-declined": "not-now",
    "unable-to-contact": "wrong-number",
    "cancelled": "moved",
}
_WITH_APPOINTMENT = frozenset({"scheduled", "attended", "no-show", "appt-cancelled", "closed"})
_ENDED = frozenset({"closed", "declined", "cancelled", "unable-to-contact", "person-declined"})
_CLOSURES = {"goals-met": 25, "connected-to-care": 45, "declined": 12, "unable-to-reach": 18}
_FOLLOWED_UP_BY = frozenset({region.MOBILE_CRISIS, region.CO_RESPONSE})
_EPISODE = 90 * DAY


def is_followed_up(crisis: Crisis) -> bool:
    """Tell whether the agency that answered opens an episode for the person."""
    return crisis.agency in _FOLLOWED_UP_BY and crisis.ending.in_community


def episode(person: Person, crisis: Crisis, until: int, dice: Dice) -> Element:
    """Return the episode that a crisis opens; after 90 days nearly all are closed."""
    opened = crisis.cleared + 30 * MINUTE
    team = crisis.agency == region.MOBILE_CRISIS
    found: Element = {
        "id": f"EP-{crisis.id}",
        "recordVersion": 1,
        "person": person.id,
        "openedAt": local(opened),
        "openReason": "crisis-encounter",
        "type": "crisis-follow-up" if team else "co-responder-case-management",
        "managingAgency": crisis.agency,
        "careManager": crisis.lead,
        "indexEncounter": crisis.id,
        "acuity": {"high": "high", "moderate": "medium", "low": "low"}[crisis.risk],
        "recordedBy": crisis.lead,
    }
    closed = opened + int(_EPISODE * (0.3 + 0.7 * dice.share()))
    if closed < until and dice.chance(0.95):
        return found | {
            "status": "closed",
            "closedAt": local(closed),
            "closureReason": dice.weighted(_CLOSURES),
        }
    return found | {"status": "on-hold" if dice.chance(0.1) else "open"}


def referral(person: Person, crisis: Crisis, until: int, dice: Dice) -> Element:
    """Return the referral that a crisis leads to, as far as it had come by `until` (seconds)."""
    # Every fourth person's goes through the states one after the other, so that few show them all.
    turn, rest = divmod(person.index, 4)
    way = WAYS[turn % len(WAYS)] if rest == 0 else dice.weighted(_LIKELY)
    agency, service = dice.pick(region.SERVICES)
    found: Element = {
        "id": f"RF-{crisis.id}",
        "recordVersion": len(way),
        "person": person.id,
        "encounter": crisis.id,
        "requestedAt": local(crisis.cleared),
        "requester": crisis.lead,
        "service": {"code": service, "organization": agency},
        "urgency": "urgent" if crisis.risk == "high" else "routine",
        "reason": ["Follow-up after a crisis"],
        "recordedBy": crisis.lead,
    }
    if is_followed_up(crisis):
        found["episode"] = f"EP-{crisis.id}"
    history = list(_history(way, crisis.cleared, until, dice))
    at = history[-1]["at"]
    found |= {"status": history[-1]["status"], "history": history}
    return found | _outcome(found["status"], at, agency, dice)


def _history(way: tuple[str, ...], at: int, until: int, dice: Dice) -> Iterator[Element]:
    for status in way:
        at += MINUTE * dice.between(5, 60) if status == "sent" else HOUR * dice.between(2, 100)
        if at >= until and status != way[0]:
            return
        yield {"status": status, "at": local(min(at, until))}


def _outcome(status: str, at: str, agency: str, dice: Dice) -> Element:
    found: Element = {}
    if status in _REASONS:
        found["statusReason"] = {"code": _REASONS[status]}
    if status in _WITH_APPOINTMENT:
        found["appointment"] = {"at": at, "place": region.BY_ID[agency].name}
    if status in {"attended", "closed"}:
        found["appointment"]["kept"] = "yes"
        found["outcome"] = {"code": dice.weighted({"engaged": 70, "assessed": 30}), "at": at}
    if status == "no-show":
        found["appointment"]["kept"] = "no"
    return found | ({"closedAt": at} if status in _ENDED else {})

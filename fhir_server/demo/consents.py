"""What people say about their records: of all people of the region, about a third say something.

Permits for one clinic, denials of one, five in a hundred who want nothing shared, consents of the
Part 2 program, of research; some have ended or were revoked.
"""

from collections.abc import Callable, Mapping

from fhir_server.demo import region
from fhir_server.demo.clock import DAY, HOUR, local
from fhir_server.demo.crisis import Crisis
from fhir_server.demo.dice import Dice
from fhir_server.demo.person import Person
from fhir_server.fhir.resource import Element

_YEAR = 365 * DAY


def _permit(dice: Dice) -> Element:
    clinic = dice.pick((region.CLINIC, region.SECOND_CLINIC, region.THIRD_CLINIC))
    return {
        "kind": "general-disclosure",
        "decision": "permit",
        "recipients": [{"org": clinic}],
        "purposes": ["TREAT"],
    }


def _denial(dice: Dice) -> Element:
    denied = dice.pick((region.THIRD_CLINIC, region.SECOND_HOSPITAL, region.SECOND_CLINIC))
    return {"kind": "general-disclosure", "decision": "deny", "recipients": [{"org": denied}]}


def _opt_out(_: Dice) -> Element:
    return {"kind": "general-disclosure", "decision": "deny"}


def _part2(_: Dice) -> Element:
    return {
        "kind": "part2-tpo",
        "decision": "permit",
        "recipients": [{"class": "treating-provider"}],
        "purposes": ["TREAT", "HPAYMT", "HOPERAT"],
        "noticeGiven": True,
    }


def _research(_: Dice) -> Element:
    return {
        "kind": "research",
        "decision": "permit",
        "recipients": [{"org": region.PUBLIC_HEALTH}],
        "purposes": ["HRESCH"],
    }


_NOTHING = "nothing"
_KINDS: Mapping[str, tuple[float, Callable[[Dice], Element] | None]] = {
    _NOTHING: (56, None),
    "permit": (20, _permit),
    "denial": (5, _denial),
    "opt-out": (6.5, _opt_out),
    "part2": (7, _part2),
    "research": (1.5, _research),
}
_SHARES = {kind: share for kind, (share, _) in _KINDS.items()}


def consent(person: Person, crisis: Crisis, until: int, dice: Dice) -> tuple[str, Element] | None:
    """Return the consent that a person gives after `crisis` with who holds it, or None."""
    kind = dice.weighted(_SHARES)
    form = _KINDS[kind][1]
    if kind == "part2" and not person.substance:
        form = _permit
    if form is None:
        return None
    holder = region.PART2_PROGRAM if form is _part2 else crisis.agency
    given = min(crisis.cleared + 2 * HOUR, until)
    found: Element = {
        "id": f"CN-{person.id}",
        "recordVersion": 1,
        "person": person.id,
        "form": {"id": f"demo-{kind}", "version": "1"},
        **form(dice),
        "grantor": {"person": person.id},
        "capture": {
            "method": "verbal-witnessed" if dice.chance(0.6) else "electronic",
            "at": local(given),
            "witness": f"{holder}-r01",
        },
        "discloser": [holder],
        "effectiveAt": local(given),
    }
    return holder, found | _ends(kind, given, until, dice)


def _ends(kind: str, given: int, until: int, dice: Dice) -> Element:
    ends: Element = {}
    if kind == "part2" or dice.chance(0.5):
        ends["expires"] = {"at": local(given + (2 if dice.chance(0.8) else 1) * _YEAR)}
    if dice.chance(0.1) and given + 30 * DAY < until:
        ends |= {"revokedAt": local(given + 30 * DAY), "revokedHow": "in writing"}
    return ends

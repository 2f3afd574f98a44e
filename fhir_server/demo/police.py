"""The police's part in a crisis: how far they were involved, force, and who was not arrested.

No charges, no criminal history, no warrant numbers: they never enter this server.
"""

from collections.abc import Mapping

from fhir_server.demo import region
from fhir_server.demo.dice import Dice
from fhir_server.demo.ending import Ending
from fhir_server.fhir.resource import Element

_INVOLVEMENT: Mapping[str, Mapping[str, float]] = {
    "telephonic": {"none": 1},
    "telehealth-co-response": {"on-scene-support": 1},
    "mobile-crisis-team": {"none": 62, "staged": 18, "on-scene-support": 20},
    "co-responder": {"team-member": 1},
    "police-only": {"on-scene-primary": 1},
    "cit-officer": {"on-scene-primary": 1},
    "ems-behavioral": {"none": 50, "staged": 20, "on-scene-support": 30},
    "outreach": {"none": 1},
    "crisis-facility": {"none": 75, "transport-only": 25},
}
# How often there was an arrestable offense, where the police were on the scene.
_ARRESTABLE = {"yes": 58, "no": 32, "unknown": 10}
_LEVELS = {"infraction": 22, "misdemeanor": 58, "felony": 8, "warrant-minor": 12}
_PRESENT = frozenset({"on-scene-support", "on-scene-primary", "team-member"})
_FORCE = {"handcuffs": 60, "physical-hold": 25, "soft-restraint": 15}


def police(model: str, ending: Ending, dice: Dice) -> Element:
    """Return the fields of a record that tell of the police; none where nobody asked."""
    involvement = dice.weighted(_INVOLVEMENT[model])
    record: Element = {}
    if model not in {"telephonic", "outreach"}:
        record["lawEnforcement"] = {"involvement": involvement}
    if involvement not in _PRESENT:
        # Nobody asks a caller; a team on the scene says no more often than it says nothing.
        return record if model == "telephonic" else record | _no_offense(dice)
    record["lawEnforcement"] |= {"agency": region.POLICE, "citTrained": model != "police-only"}
    record["diversion"] = _diversion(ending, dice)
    if ending.held or ending.code == "transported-jail":
        record["force"] = [{"kind": dice.weighted(_FORCE), "byAgency": region.POLICE}]
    return record


def _no_offense(dice: Dice) -> Element:
    return {"diversion": {"arrestableOffense": "no"}} if dice.chance(0.9) else {}


def _diversion(ending: Ending, dice: Dice) -> Element:
    jailed = ending.code == "transported-jail"
    arrestable = "yes" if jailed else dice.weighted(_ARRESTABLE)
    found: Element = {"arrestableOffense": arrestable}
    if arrestable == "yes":
        found |= {
            "offenseLevel": dice.weighted(_LEVELS),
            "arrested": "yes" if jailed or dice.chance(0.28) else "no",
            "cited": "yes" if dice.chance(0.15) else "no",
            "decidedBy": "officer",
        }
    return found

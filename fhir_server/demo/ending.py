"""Where a crisis ends: disposition, transport, destination, hold.

Who came decides how likely each ending is; the graver the person's state, the likelier a hospital.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fhir_server.demo import region
from fhir_server.demo.clock import DAY, local
from fhir_server.demo.dice import Dice
from fhir_server.fhir.resource import Element

_ENDINGS: Mapping[str, Mapping[str, float]] = {
    "telephonic": {"resolved-by-phone": 88, "referred-only": 8, "declined": 4},
    "telehealth-co-response": {"resolved-on-scene": 70, "transported-ed": 20, "referred-only": 10},
    "mobile-crisis-team": {
        "resolved-on-scene": 48, "stayed-with-support": 10, "released-to-family": 8,
        "transported-home": 3, "transported-respite": 2, "transported-shelter": 3,
        "transported-csu": 10, "transported-ed": 9, "referred-only": 3, "declined": 3,
        "left-scene": 1,
    },
    "co-responder": {
        "resolved-on-scene": 44, "stayed-with-support": 6, "released-to-family": 6,
        "transported-home": 3, "transported-csu": 12, "transported-ed": 16,
        "transported-detox": 3, "transported-jail": 4, "left-scene": 3, "declined": 3,
    },
    "police-only": {
        "resolved-on-scene": 26, "released-to-family": 6, "transported-ed": 30,
        "transported-jail": 26, "transported-csu": 4, "left-scene": 8,
    },
    "cit-officer": {
        "resolved-on-scene": 36, "released-to-family": 6, "transported-ed": 26,
        "transported-csu": 14, "transported-jail": 12, "left-scene": 6,
    },
    "ems-behavioral": {
        "transported-ed": 50, "resolved-on-scene": 28, "transported-csu": 12, "declined": 10,
    },
    "outreach": {"resolved-on-scene": 70, "transported-shelter": 20, "declined": 10},
    "crisis-facility": {
        "transported-home": 55, "released-to-family": 15, "transported-psych-hospital": 15,
        "transported-respite": 10, "left-scene": 5,
    },
}  # fmt: skip
_DESTINATIONS: Mapping[str, tuple[str, str]] = {
    "transported-ed": ("hospital-ed", region.HOSPITAL),
    "transported-psych-hospital": ("psychiatric-hospital", region.SECOND_HOSPITAL),
    "transported-csu": ("crisis-stabilization", region.STABILIZATION),
    "transported-detox": ("sud-program", region.PART2_PROGRAM),
}
_PLACES = {
    "transported-home": "home", "transported-shelter": "shelter", "transported-respite": "other",
    "transported-jail": "jail",
}  # fmt: skip
_HOSPITALS = frozenset({"transported-ed", "transported-psych-hospital"})
_POLICE_MODELS = frozenset({"police-only", "cit-officer"})
_GRAVE = 0.75
_HOLD = 3 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The disposition; `held`: against the person's will."""

    code: str
    held: bool
    voluntary: bool
    second_hospital: bool

    @property
    def destination(self) -> str:
        """The agency to which the person was taken, "" if to none."""
        if self.code == "transported-ed" and self.second_hospital:
            return region.SECOND_HOSPITAL
        return _DESTINATIONS.get(self.code, ("", ""))[1]

    @property
    def in_community(self) -> bool:
        """Whether the person is not in an institution now."""
        return not self.destination and self.code != "transported-jail"


def ending(model: str, severity: float, dice: Dice) -> Ending:
    """Return where a crisis with this responder model ends."""
    weights = dict(_ENDINGS[model])
    if severity > _GRAVE and "transported-ed" in weights:
        weights["transported-ed"] *= 2
    code = dice.weighted(weights)
    held = code in _HOSPITALS and dice.chance(0.35)
    agreed = not held and code != "transported-jail"
    return Ending(
        code=code,
        held=held,
        voluntary=agreed and dice.chance(0.94),
        second_hospital=dice.chance(0.3),
    )


def ended(found: Ending, model: str, at: int, dice: Dice) -> Element:
    """Return the fields of a record that tell of the ending at `at` (seconds)."""
    would = {"ed": 48, "jail": 10, "ems": 6, "none": 24, "unknown": 12}
    record: Element = {
        "disposition": {
            "code": found.code,
            "at": local(at),
            "voluntary": found.voluntary,
            "wouldHaveGoneTo": dice.weighted(would),
        }
    }
    if found.code.startswith("transported-"):
        record["transport"] = {"mode": _mode(found, model, dice), "startedAt": local(at)}
        record["destination"] = _destination(found, at, dice)
    if found.held:
        record["hold"] = {
            "type": "emergency-hold",
            "statute": "T-MHC 12.4 (fictitious)",
            "initiatorRole": "officer" if model in _POLICE_MODELS else "clinician",
            "initiatedAt": local(at),
            "expiresAt": local(at + _HOLD),
            "outcome": dice.weighted({"released": 6, "converted-voluntary": 3, "extended": 1}),
        }
    return record


def _mode(found: Ending, model: str, dice: Dice) -> str:
    if found.code == "transported-jail" or model in _POLICE_MODELS:
        return "police"
    if found.held or model == "ems-behavioral":
        return "ambulance"
    return dice.weighted({"team-vehicle": 60, "family": 15, "ambulance": 15, "rideshare": 10})


def _destination(found: Ending, at: int, dice: Dice) -> Element:
    if not found.destination:
        return {"type": _PLACES[found.code]}
    kind, _ = _DESTINATIONS[found.code]
    return {
        "type": kind,
        "organization": found.destination,
        "acceptedAt": local(at + 60 * dice.between(20, 70)),
        "boardingMinutes": dice.between(0, 120),
    }

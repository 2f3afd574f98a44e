"""What follows from a crisis encounter's native words: class, type, priority, discharge.

https://hl7.org/fhir/R4/encounter.html . These elements are derived: the native words stand in
extensions, so that nothing is read back from what is coarser.
"""

from fhir_server.fhir.resource import Element

# Native status -> https://hl7.org/fhir/R4/valueset-encounter-status.html
STATUS = {
    "received": "planned",
    "queued": "planned",
    "dispatched": "planned",
    "en-route": "planned",
    "triaged": "triaged",
    "on-scene": "in-progress",
    "transporting": "in-progress",
    "at-destination": "in-progress",
    "cleared": "finished",
    "resolved-by-phone": "finished",
    "cancelled": "cancelled",
    "duplicate": "cancelled",
    "entered-in-error": "entered-in-error",
}
# https://terminology.hl7.org/CodeSystem-discharge-disposition.html
DISCHARGE_SYSTEM = "http://terminology.hl7.org/CodeSystem/discharge-disposition"
DISCHARGE = {
    "resolved-by-phone": "home",
    "resolved-on-scene": "home",
    "stayed-with-support": "home",
    "transported-home": "home",
    "released-to-family": "home",
    "referred-only": "home",
    "transported-shelter": "alt-home",
    "transported-respite": "alt-home",
    "transported-detox": "other-hcf",
    "transported-csu": "other-hcf",
    "transported-ed": "other-hcf",
    "released-to-ems": "other-hcf",
    "transported-psych-hospital": "psy",
    "declined": "aadvice",
    "left-scene": "aadvice",
    "deceased": "exp",
    "transported-jail": "oth",
    "released-to-police": "oth",
    "unable-to-locate": "oth",
    "cancelled": "oth",
}
# https://terminology.hl7.org/CodeSystem-v3-RoleCode.html
PLACE_ROLES = {
    "home": "PTRES",
    "street": "ACC",
    "school": "SCHOOL",
    "work": "WORK",
    "ed": "ER",
    "vehicle": "MOBL",
    "shelter": "COMM",
    "public-building": "COMM",
}
SNOMED = "http://snomed.info/sct"
TELEPHONE_ENCOUNTER = "185317003"
FOLLOW_UP_ENCOUNTER = "390906007"
EMERGENCY_VISIT = "4525004"

# crisis-encounter-type -> profile; crisis-encounter for the others.
PROFILES = {
    "crisis-contact": "crisis-contact-encounter",
    "crisis-telehealth": "crisis-contact-encounter",
    "crisis-facility": "crisis-stabilization-encounter",
    "crisis-follow-up": "crisis-followup-encounter",
}

# Dispositions after which nobody is to be called.
_NO_FOLLOW_UP = frozenset({"deceased", "cancelled", "unable-to-locate"})


def at_distance(record: Element, *, responded: bool) -> bool:
    """Return whether the contact was by phone, text, chat or video only."""
    return not responded and record["contact"].get("mode") not in ("in-person", "radio")


def encounter_class(record: Element, *, distant: bool) -> str:
    """Return a code of https://terminology.hl7.org/CodeSystem-v3-ActCode.html ."""
    place = record.get("location", {})
    if distant:
        return "VR"
    if record.get("responderModel") == "crisis-facility":
        return "OBSENC"
    if place.get("type") in ("ed", "facility") or record["contact"]["channel"] == "ed":
        return "EMER"
    if place.get("atResidence") or place.get("type") == "home":
        return "HH"
    return "FLD"


def encounter_types(record: Element, *, distant: bool) -> tuple[str, str | None]:
    """Return the crisis-encounter-type, and the SNOMED CT code where there is one."""
    normalized = record.get("callType", {}).get("normalized")
    model = record.get("responderModel")
    if normalized == "follow-up-check":
        return "crisis-follow-up", FOLLOW_UP_ENCOUNTER
    if distant:
        if model == "telehealth-co-response":
            return "crisis-telehealth", None
        return "crisis-contact", TELEPHONE_ENCOUNTER
    if model == "outreach" or record["contact"]["channel"] == "outreach":
        return "crisis-outreach", None
    if model == "crisis-facility":
        return "crisis-facility", None
    at_ed = record.get("location", {}).get("type") == "ed"
    return "crisis-field-response", EMERGENCY_VISIT if at_ed else None


def priority(kind: str) -> str:
    """Return a code of https://terminology.hl7.org/CodeSystem-v3-ActPriority.html ."""
    if kind in ("crisis-follow-up", "crisis-outreach"):
        return "R"
    return "UR" if kind in ("crisis-contact", "crisis-telehealth") else "EM"


def profile_of(kind: str, *, subject: bool) -> str:
    """Return the name of the profile that the Encounter follows."""
    if not subject:
        return "crisis-anonymous-contact"
    return PROFILES.get(kind, "crisis-encounter")


def wants_follow_up(record: Element) -> bool:
    """Return whether the person is to be called after this crisis."""
    ended = record["status"] in ("cleared", "resolved-by-phone")
    return ended and record.get("disposition", {}).get("code") not in _NO_FOLLOW_UP

"""One crisis in a few lines: when, nature, risk, disposition, hold, whom to call.

https://hl7.org/fhir/R4/encounter.html
"""

from collections.abc import Iterator, Sequence

from fhir_server.fhir.crisis import (
    CALL_TYPE,
    DISPOSITION,
    INVOLUNTARY_HOLD,
    code_of,
    part,
)
from fhir_server.fhir.resource import Element, Resource, extensions, items
from fhir_server.operations.recent_crises.gather import Found, Gathered


def lines(crisis: Found, gathered: Gathered) -> Iterator[tuple[str, str]]:
    """Yield (label, text) of what a reader in an emergency department needs first."""
    encounter = crisis.resource
    yield "When", when(encounter)
    facts = {
        "Nature": nature(encounter),
        "Suicide risk": risk(crisis, gathered.risks),
        "Disposition": disposition(encounter),
        "Hold": hold(encounter),
        "Handed off to": "; ".join(
            found for each in concerning(crisis, gathered.handoffs) for found in _handed(each)
        ),
        "Responsible": responsible(encounter, gathered.organizations),
    }
    yield from ((label, text) for label, text in facts.items() if text)


def concerning(crisis: Found, found: Sequence[Found]) -> list[Found]:
    """Return those of `found` that were made in this crisis."""
    return [
        each
        for each in found
        if each.resource.get("encounter", {}).get("reference") == crisis.address
    ]


def when(encounter: Resource) -> str:
    """Return the time of the crisis with its offset."""
    period = encounter.get("period", {})
    start, end = period.get("start", ""), period.get("end", "")
    return f"{start} to {end}" if end else f"{start}, not ended"


def nature(encounter: Resource) -> str:
    """Return what responders found, or what dispatch believed."""
    found = [_text(reason) for reason in items(encounter, "reasonCode")]
    if not found:
        calls = extensions(encounter, CALL_TYPE)
        found = [_text(call.get("valueCodeableConcept", {})) for call in calls]
    return "; ".join(filter(None, found))


def risk(crisis: Found, risks: Sequence[Found]) -> str:
    """Return the clinician's formulation of the suicide risk."""
    values = (each.resource.get("valueCodeableConcept", {}) for each in concerning(crisis, risks))
    return "; ".join(filter(None, map(_text, values)))


def disposition(encounter: Resource) -> str:
    """Return how the crisis ended."""
    for found in extensions(encounter, DISPOSITION):
        text = _words(code_of(part(found, "disposition")))
        voluntary = part(found, "voluntary") or {}
        if "valueBoolean" in voluntary:
            text += ", voluntary" if voluntary["valueBoolean"] else ", involuntary"
        return text
    return ""


def hold(encounter: Resource) -> str:
    """Return the involuntary hold and its deadline."""
    for found in extensions(encounter, INVOLUNTARY_HOLD):
        kind = code_of(part(found, "type"))
        if kind in ("", "none"):
            continue
        expires = (part(found, "expires") or {}).get("valueDateTime")
        outcome = _words(code_of(part(found, "outcome")))
        details = [_words(kind), f"expires {expires}" if expires else "", outcome]
        return ", ".join(filter(None, details))
    return ""


def responsible(encounter: Resource, organizations: Sequence[Found]) -> str:
    """Return the agency that was there, and how to reach it."""
    reference = encounter.get("serviceProvider", {}).get("reference")
    for found in organizations:
        if found.address == reference:
            contacts = [
                telecom.get("value", "")
                for contact in items(found.resource, "contact")
                for telecom in items(contact, "telecom")
            ]
            direct = [each.get("value", "") for each in items(found.resource, "telecom")]
            parts = [str(found.resource.get("name", "")), *direct, *contacts]
            return ", ".join(filter(None, parts))
    return ""


def _handed(communication: Found) -> Iterator[str]:
    sent = communication.resource.get("sent")
    for recipient in items(communication.resource, "recipient"):
        name = recipient.get("display") or recipient.get("identifier", {}).get("value", "")
        if name:
            yield f"{name} at {sent}" if sent else str(name)


def _text(concept: Element) -> str:
    """Return a concept in words: its text, a display, or its first code spelled out."""
    if "text" in concept:
        return str(concept["text"])
    codings = items(concept, "coding")
    displays = [coding["display"] for coding in codings if "display" in coding]
    codes = [_words(str(coding.get("code", ""))) for coding in codings]
    return str(next(iter([*codes[:1], *displays]), ""))


def _words(code: str) -> str:
    return code.replace("-", " ")

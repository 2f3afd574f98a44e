"""The names of the crisis domain: canonical base, extensions, code systems, identifier systems.

One module spells them, so that intake writes, facts reads and consent strips the same URLs.

A simple extension has `valueCodeableConcept` (one coding of the code system with the same id). A
complex one has sub-extensions whose urls are the words listed beside it: codes as `valueCode`,
flags as `valueBoolean`, times as `valueDateTime`. `DISPOSITION` is complex, since R4 lets an
extension have a value or parts but not both: `disposition` (valueCodeableConcept), `voluntary`
(valueBoolean), `wouldHaveGoneTo` (valueCode).
"""

from fhir_server.fhir.resource import Element, items

CANONICAL = "http://fhir.crisis-continuity.org"


def profile(name: str) -> str:
    """Return the canonical URL of a profile or extension."""
    return f"{CANONICAL}/StructureDefinition/{name}"


def code_system(name: str) -> str:
    """Return the canonical URL of a code system."""
    return f"{CANONICAL}/CodeSystem/{name}"


def identifier_system(name: str, agency: str = "") -> str:
    """Return the system of an identifier, which most agencies have for themselves."""
    return f"{CANONICAL}/sid/{name}/{agency}" if agency else f"{CANONICAL}/sid/{name}"


# Simple extensions of Encounter.
DISPATCH_SOURCE = profile("crisis-dispatch-source")
CALL_TYPE = profile("crisis-call-type")
RESPONDER_MODEL = profile("crisis-responder-model")
INTERPRETER_USED = profile("crisis-interpreter-used")

# Complex extensions of Encounter.
TIMELINE = profile("crisis-timeline")  # event (code), time, unit (valueReference); repeats
DISPATCH_DECISION = profile("crisis-dispatch-decision")  # decision, at, by, reason*
DIVERSION_SCREEN = profile("crisis-diversion-screen")  # eligible, performedBy, answer*
DISPOSITION = profile("crisis-disposition")  # disposition, voluntary, wouldHaveGoneTo
LAW_ENFORCEMENT = profile("crisis-law-enforcement")  # involvement, role, citTrained, agency, …
USE_OF_FORCE = profile("crisis-use-of-force")  # kind, byAgency, at, injury; repeats
WEAPON = profile("crisis-weapon")  # reported, found, type*
JAIL_DIVERSION = profile(
    "crisis-jail-diversion"
)  # arrestableOffense, offenseLevel, arrested, cited
INVOLUNTARY_HOLD = profile("crisis-involuntary-hold")  # type, statute, initiatorRole, start, …
TRANSPORT = profile("crisis-transport")  # mode, by, restrained, start, end
ENGAGEMENT = profile("crisis-engagement-at-contact")  # engaged, provider, notifiedAt

# Of other types.
PART2_PROGRAM = profile("crisis-part2-program")  # Organization: is (boolean), unit, from, to
AGENCY_TYPE = profile("crisis-agency-type")  # Organization: simple
REDISCLOSURE_NOTICE = profile("crisis-redisclosure-notice")  # text (valueString)
CONSENT_EXPIRY = profile("crisis-consent-expiry")  # Consent: event (string) or none (boolean)
CONSENT_REVOCATION = profile("crisis-consent-revocation")  # Consent: at, by, method

# Code systems that are not named after an extension.
PURPOSE_SYSTEM = code_system("crisis-purpose")
IDENTIFIER_TYPE_SYSTEM = code_system("crisis-identifier-type")
ENCOUNTER_TYPE_SYSTEM = code_system("crisis-encounter-type")
TIMELINE_EVENT_SYSTEM = code_system("crisis-timeline-event")

ACTOR_CLASS = identifier_system("actor-class")
TREATING_CLASS = "treating-provider"  # its value for whoever treats the person


def part(extension: Element, name: str) -> Element | None:
    """Return the first sub-extension of `extension` with this url."""
    parts = (found for found in items(extension, "extension") if found.get("url") == name)
    return next(parts, None)


def code_of(element: Element | None) -> str:
    """Return the code of an extension's value, whichever coded type it has; "" without one."""
    if element is None:
        return ""
    concept = element.get("valueCodeableConcept")
    if isinstance(concept, dict):
        codes = (coding.get("code") for coding in items(concept, "coding"))
        return next((code for code in codes if isinstance(code, str)), "")
    coding = element.get("valueCoding")
    if isinstance(coding, dict):
        element = {"valueCode": coding.get("code")}
    value = element.get("valueCode", element.get("valueString"))
    return value if isinstance(value, str) else ""

"""What a native Consent has that R4's Consent has no element for, and its codes.

https://hl7.org/fhir/R4/consent.html
"""

from fhir_server.fhir.crisis import code_system
from fhir_server.intake.build import RECORD_VERSION
from fhir_server.intake.extension import (
    CODE,
    FLAG,
    TEXT,
    TIME,
    compound,
    part,
    reference,
    simple,
)

CONSENT_KIND = code_system("crisis-consent-kind")
SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
# https://terminology.hl7.org/CodeSystem-v3-ActCode.html ; assent and dissent follow the decision.
_POLICY_RULES = {
    "part2-tpo": "42CFRPart2CD",
    "part2-specific": "42CFRPart2CD",
    "part2-proceedings": "42CFRPart2CD",
    "psychotherapy-notes": "HIPAAAuthCD",
    "law-enforcement-plan": "HIPAAAuthCD",
    "research": "HIPAAAuthCD",
}

# Of the other kinds: crisis-disclosure-consent.
PROFILES = {
    "part2-tpo": "crisis-part2-consent",
    "part2-specific": "crisis-part2-consent",
    "part2-proceedings": "crisis-part2-consent",
    "law-enforcement-plan": "crisis-responder-plan-consent",
}

EXTENSIONS = (
    RECORD_VERSION,
    compound(
        "form",
        "crisis-consent-form",
        part("id", TEXT),
        part("version", TEXT),
        part("language", CODE),
    ),
    compound(
        "grantor",
        "crisis-consent-grantor",
        part("person", reference("person")),
        part("representative", TEXT),
        part("capacity", TEXT),
        part("authority", TEXT),
    ),
    compound(
        "capture",
        "crisis-consent-capture",
        part("method", CODE),
        part("at", TIME),
        part("place", TEXT),
        part("witness", TEXT),
        part("languageUsed", CODE),
        part("interpreter", FLAG),
    ),
    compound("expires", "crisis-consent-expiry", part("event", TEXT), part("none", FLAG)),
    compound("revocation", "crisis-consent-revocation", part("at", TIME), part("method", TEXT)),
    simple("noticeGiven", "crisis-consent-notice-given", FLAG),
)


def policy_rule(kind: str, decision: str) -> str:
    """Return the code of Consent.policyRule."""
    return _POLICY_RULES.get(kind, "OPTIN" if decision == "permit" else "OPTOUT")

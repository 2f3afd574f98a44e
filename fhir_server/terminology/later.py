"""Codes that HL7 has added to a code system since R4 copied it, as far as this server writes them.

https://terminology.hl7.org/CodeSystem-v3-ActCode.html

The R4 definitions hold HL7's code systems as they were in 2018. A resource that uses a code of
today is right, and a copy that does not know it must not call it wrong.
"""

from collections.abc import Mapping

from fhir_server.fhir.resource import Resource, items

LATER: Mapping[str, Mapping[str, str]] = {
    "http://terminology.hl7.org/CodeSystem/v3-ActCode": {
        "42CFRPart2CD": "42 CFR Part 2 consent directive",
        "HIPAAAuthCD": "HIPAA Authorization Consent Directive",
        "HIPAAConsentCD": "HIPAA Consent Directive",
        "RedisclosureProhibitionMark": "prohibition against redisclosure mark",
    },
}


def with_later_codes(system: Resource) -> Resource:
    """Return the CodeSystem with the codes that were added to it, where it lacks them."""
    later = LATER.get(str(system.get("url")))
    if later is None or "concept" not in system:
        return system
    present = {concept.get("code") for concept in items(system, "concept")}
    added = [
        {"code": code, "display": display} for code, display in later.items() if code not in present
    ]
    return {**system, "concept": [*system["concept"], *added]}

"""A Consent resource as a Directive: whether it counts, since when, and what its provisions say.

https://hl7.org/fhir/R4/consent.html and domain research 4.2

What this engine cannot represent in full counts as a denial for everyone but the custodian.
"""

from dataclasses import fields

from fhir_server.consent import purposes
from fhir_server.consent.model import Directive, Provision, Series
from fhir_server.consent.provisions import (
    Above,
    Source,
    all_purposes,
    codes_of,
    concerns_reading,
    read,
)
from fhir_server.fhir import dates
from fhir_server.fhir.crisis import CONSENT_EXPIRY, code_system
from fhir_server.fhir.resource import Element, Resource, extensions, items
from fhir_server.search.labels import ALL_PURPOSES, FOREVER, Purpose

PART2_POLICIES = frozenset({"42CFRPart2", "42CFRPart2CD"})
# Drafts never held; what was entered in error never was. Inactive is revoked: it still replaces.
_COUNTING = frozenset({"active", "inactive"})
_OTHER_SCOPES = frozenset({"adr", "treatment"})
_KINDS = code_system("crisis-consent-kind")
_PLAN_KIND = "law-enforcement-plan"
_LIMITS = ("class", "code", "data")


def parse(consent: Resource, source: Source, *, deleted: bool = False) -> Directive | None:
    """Return what the Consent directs; None where it directs nothing about disclosure.

    One that was `deleted` does not hold, but what it replaced stays replaced.
    """
    if consent.get("status") not in _COUNTING or codes_of(consent, "scope") & _OTHER_SCOPES:
        return None
    root: Element = consent.get("provision") or {}
    permit = _permits(consent, root)
    part2 = bool(codes_of(consent, "policyRule") & PART2_POLICIES)
    above = _above(consent, part2=part2)
    if permit and (above.below(root, permit=True).lacks or _is_plan_without_limit(consent, root)):
        return None
    said = read(root, source, above, permit=permit)
    if said is not None and not concerns_reading(root, permit=permit):
        return None
    if said is None:
        said = Provision(permit=False, purposes=_purposes_of_doubt(root))
        part2 = False
    return _directive(said, consent, source, part2=part2, deleted=deleted)


def _directive(
    root: Provision, consent: Resource, source: Source, *, part2: bool, deleted: bool
) -> Directive:
    made = dates.parse(consent["dateTime"]).lo if "dateTime" in consent else 0
    period: Element = (consent.get("provision") or {}).get("period") or {}
    start = dates.parse(period["start"]).lo if "start" in period else 0
    said = {field.name: getattr(root, field.name) for field in fields(root)}
    return Directive(
        **{**said, "since": 0, "until": FOREVER},
        custodian=source.custodian,
        series=_series(consent, source),
        made=(made, source.key),
        effective=max(made, start),
        ends=dates.parse(period["end"]).hi if "end" in period else FOREVER,
        active=consent["status"] == "active" and not deleted,
        part2=part2,
    )


def _series(consent: Resource, source: Source) -> Series:
    """Return what a later Consent must share to replace this one."""
    categories = sorted(codes_of(consent, "category"))
    forms = sorted(str(policy["uri"]) for policy in items(consent, "policy") if "uri" in policy)
    part2 = bool(codes_of(consent, "policyRule") & PART2_POLICIES)
    return source.custodian, tuple(categories), tuple(forms), part2


def _permits(consent: Resource, root: Element) -> bool:
    """Return whether the root permits; silence and everything unknown denies.

    Of the policy rules, OPTIN is the person's assent and OPTOUT the dissent.
    """
    if "type" in root:
        return bool(root["type"] == "permit")
    return "OPTIN" in codes_of(consent, "policyRule")


def _above(consent: Resource, *, part2: bool) -> Above:
    """Return what the Consent says outside its provisions.

    One to research speaks of research alone. One under 42 CFR Part 2 needs the elements of
    2.31(a): what no provision can supply is `form`.
    """
    spoken = int(Purpose.HRESCH) if "research" in codes_of(consent, "scope") else ALL_PURPOSES
    if not part2:
        return Above(spoken=spoken)
    lacks = {"actor", "purpose"}
    if not extensions(consent, CONSENT_EXPIRY):
        lacks.add("expiry")
    signed = ("performer", "verification", "sourceAttachment", "sourceReference")
    named = ("patient", "organization", "dateTime")
    if not all(name in consent for name in named) or not any(name in consent for name in signed):
        lacks.add("form")
    return Above(spoken=spoken, lacks=frozenset(lacks))


def _is_plan_without_limit(consent: Resource, root: Element) -> bool:
    """Return whether it would show officers all of the record instead of a response plan."""
    kinds = {
        coding.get("code")
        for concept in items(consent, "category")
        for coding in items(concept, "coding")
        if coding.get("system") == _KINDS
    }
    return _PLAN_KIND in kinds and not any(name in root for name in _LIMITS)


def _purposes_of_doubt(root: Element) -> int:
    """Return the purposes of a denial by doubt: emergencies too, where it speaks of them."""
    named = purposes.spoken_of(all_purposes(root)) & purposes.EMERGENCIES
    return ALL_PURPOSES if named else purposes.ANY_BUT_EMERGENCIES

"""A Consent resource as a Directive: what its root provision says.

https://hl7.org/fhir/R4/consent.html and domain research 4.2

What this engine cannot represent in full (nested provisions, codes, data, data periods, profiles)
counts as a denial for everyone but the custodian. Doubt narrows a permit and widens a denial.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from fhir_server.consent import purposes
from fhir_server.consent.codes import ACT_CODE, CONFIDENTIALITY, SENSITIVITIES
from fhir_server.consent.model import Directive, Series
from fhir_server.fhir import dates
from fhir_server.fhir.crisis import ACTOR_CLASS, CONSENT_EXPIRY, TREATING_CLASS
from fhir_server.fhir.resource import Element, Resource, extensions, items
from fhir_server.search.labels import ALL_FAMILIES, ALL_PURPOSES, FOREVER, TREATING, Family

RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"
PART2_POLICIES = frozenset({"42CFRPart2", "42CFRPart2CD"})
# Drafts never held; what was entered in error never was. Inactive is revoked: it still replaces.
_COUNTING = frozenset({"active", "inactive"})
_OTHER_SCOPES = frozenset({"adr", "research", "treatment"})
_ROLES = frozenset({"IRCP", "PRCP"})
_READING = frozenset({"access", "use", "disclose"})
_NOT_REPRESENTED = ("provision", "code", "data", "dataPeriod")
_BELOW_RESTRICTED = frozenset("ULMN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a Consent stands: its key, its custodian's, and how its words become keys.

    `organization` gives the key of a Reference to an Organization of this server, else None.
    """

    key: int
    custodian: int
    organization: Callable[[Element], int | None]
    type_ids: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Selectors:
    recipients: frozenset[int] | None
    purposes: int
    types: frozenset[int] | None
    bears: Family = ALL_FAMILIES
    names: Family | None = None


def parse(consent: Resource, source: Source) -> Directive | None:
    """Return what the Consent directs; None where it directs nothing about disclosure."""
    if consent.get("status") not in _COUNTING or _codes_of(consent, "scope") & _OTHER_SCOPES:
        return None
    provision: Element = consent.get("provision") or {}
    permit = _permits(consent, provision)
    part2 = bool(_codes_of(consent, "policyRule") & PART2_POLICIES)
    if part2 and permit and not _has_part2_elements(consent, provision):
        return None
    if not _concerns_reading(provision, permit=permit):
        return None
    directive = _frame(consent, provision, source)
    selectors = _selectors(provision, source, permit=permit)
    if selectors is None:
        return replace(directive, purposes=_purposes_of_doubt(provision))
    return replace(
        directive,
        permit=permit,
        part2=part2,
        recipients=selectors.recipients,
        purposes=selectors.purposes,
        types=selectors.types,
        bears=selectors.bears,
        names=selectors.names,
    )


def _frame(consent: Resource, provision: Element, source: Source) -> Directive:
    """Return the denial of everything that holds when this Consent does."""
    made = dates.parse(consent["dateTime"]).lo if "dateTime" in consent else 0
    period: Element = provision.get("period") or {}
    start = dates.parse(period["start"]).lo if "start" in period else 0
    return Directive(
        custodian=source.custodian,
        series=_series(consent, source),
        made=(made, source.key),
        permit=False,
        effective=max(made, start),
        ends=dates.parse(period["end"]).hi if "end" in period else FOREVER,
        active=consent["status"] == "active",
        purposes=purposes.ANY_BUT_EMERGENCIES,
    )


def _series(consent: Resource, source: Source) -> Series:
    """Return what a later Consent must share to replace this one."""
    categories = sorted(_codes_of(consent, "category"))
    forms = sorted(str(policy["uri"]) for policy in items(consent, "policy") if "uri" in policy)
    part2 = bool(_codes_of(consent, "policyRule") & PART2_POLICIES)
    return source.custodian, tuple(categories), tuple(forms), part2


def _permits(consent: Resource, provision: Element) -> bool:
    """Return whether the root permits; silence and everything unknown denies.

    Of the policy rules, OPTIN is the person's assent and OPTOUT the dissent.
    """
    if "type" in provision:
        return bool(provision["type"] == "permit")
    return "OPTIN" in _codes_of(consent, "policyRule")


def _has_part2_elements(consent: Resource, provision: Element) -> bool:
    """Return whether the elements of 42 CFR 2.31(a) are all there."""
    expires = "end" in (provision.get("period") or {}) or extensions(consent, CONSENT_EXPIRY)
    signed = any(
        name in consent
        for name in ("performer", "verification", "sourceAttachment", "sourceReference")
    )
    named = all(name in consent for name in ("patient", "organization", "dateTime"))
    said = all(name in provision for name in ("actor", "purpose"))
    return bool(named and said and signed and expires)


def _concerns_reading(provision: Element, *, permit: bool) -> bool:
    """Return whether its actions are about reading; none means all of them."""
    actions = {code for action in items(provision, "action") for code in _codes(action)}
    if not items(provision, "action") or actions & _READING:
        return True
    return not permit and not actions <= {"collect", "correct"}


def _selectors(provision: Element, source: Source, *, permit: bool) -> _Selectors | None:
    """Return the selectors of the root; None where they cannot be represented."""
    if any(name in provision for name in _NOT_REPRESENTED):
        return None
    types = _types(provision, source)
    labels = _permit_labels(provision) if permit else _deny_labels(provision)
    if types is None or labels is None:
        return None
    bears, names = labels
    return _Selectors(
        recipients=_recipients(provision, source, permit=permit),
        purposes=_purposes(provision, permit=permit),
        types=types or None,
        bears=bears,
        names=names,
    )


def _recipients(provision: Element, source: Source, *, permit: bool) -> frozenset[int] | None:
    """Return whom it names: a permit only those whom we know, a denial everybody on doubt."""
    actors = [_recipient(actor, source) for actor in items(provision, "actor")]
    known = frozenset(actor for actor in actors if actor is not None)
    if not permit and len(known) < len(set(actors)):
        return None
    return known if actors else None


def _recipient(actor: Element, source: Source) -> int | None:
    reference: Element = actor.get("reference") or {}
    if not _codes_of(actor, "role") & _ROLES:
        return None
    identifier: Element = reference.get("identifier") or {}
    if identifier.get("system") == ACTOR_CLASS:
        return TREATING if identifier.get("value") == TREATING_CLASS else None
    return source.organization(reference)


def _purposes(provision: Element, *, permit: bool) -> int:
    codes = [str(purpose.get("code")) for purpose in items(provision, "purpose")]
    if not codes:
        return purposes.ANY_BUT_EMERGENCIES
    mask = purposes.spoken_of(codes)
    if not permit and not all(map(purposes.known, codes)):
        mask |= purposes.ANY_BUT_EMERGENCIES
    return mask


def _purposes_of_doubt(provision: Element) -> int:
    """Return the purposes of a denial by doubt: emergencies too, where it speaks of them."""
    named = purposes.spoken_of(_all_purposes(provision)) & purposes.EMERGENCIES
    return ALL_PURPOSES if named else purposes.ANY_BUT_EMERGENCIES


def _all_purposes(provision: Element) -> Iterator[str]:
    yield from (str(purpose.get("code")) for purpose in items(provision, "purpose"))
    for nested in items(provision, "provision"):
        yield from _all_purposes(nested)


def _types(provision: Element, source: Source) -> frozenset[int] | None:
    """Return the types that it is limited to, none for all; None where it names a profile."""
    found = [
        source.type_ids.get(str(named.get("code")))
        if named.get("system") == RESOURCE_TYPES
        else None
        for named in items(provision, "class")
    ]
    known = frozenset(type_id for type_id in found if type_id is not None)
    return known if len(known) == len(set(found)) else None


def _permit_labels(provision: Element) -> tuple[Family, Family | None] | None:
    """Return what a resource must bear, and what the permit names; None: not representable.

    Confidentiality codes are a ceiling: everything about a person is R, so that one below R covers
    nothing, and V, which has to be named by its own label, adds nothing to R.
    """
    labels = items(provision, "securityLabel")
    levels = {str(found.get("code")) for found in labels if _is_level(found)}
    named = [found for found in labels if not _is_level(found)]
    if levels and levels <= _BELOW_RESTRICTED:
        return Family(0), Family(0)
    if not named:
        return ALL_FAMILIES, None
    families = _families(named)
    if families is None:
        return None
    wide = any(found.get("code") == "BH" for found in named)
    return families | (Family.BASE if wide else Family(0)), families


def _deny_labels(provision: Element) -> tuple[Family, None] | None:
    """Return what a resource must bear to be denied; None: not representable.

    A denial of mental-health labels denies the notes as well, and one of BH the bare facts too.
    """
    labels = items(provision, "securityLabel")
    if not labels:
        return ALL_FAMILIES, None
    levels = {str(found.get("code")) for found in labels if _is_level(found)}
    named = _families([found for found in labels if not _is_level(found)])
    if named is None:
        return None
    if levels - {"V"} or any(found.get("code") == "BH" for found in labels):
        return ALL_FAMILIES, None
    notes = Family.NOTES if levels or Family.MH in named else Family(0)
    return named | notes, None


def _families(labels: list[Element]) -> Family | None:
    families = Family(0)
    for found in labels:
        family = SENSITIVITIES.get(str(found.get("code")))
        if family is None or found.get("system") != ACT_CODE:
            return None
        families |= family
    return families


def _is_level(label: Element) -> bool:
    return bool(label.get("system") == CONFIDENTIALITY)


def _codes_of(element: Element, name: str) -> set[str]:
    return {code for concept in items(element, name) for code in _codes(concept)}


def _codes(concept: Element) -> set[str]:
    return {str(coding["code"]) for coding in items(concept, "coding") if "code" in coding}

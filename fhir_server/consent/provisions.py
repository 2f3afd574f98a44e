"""The provisions of a Consent: their selectors, and their exceptions to any depth.

https://hl7.org/fhir/R4/consent.html and domain research 4.2

Doubt narrows a permit and widens a denial. What cannot be represented at all makes the whole
Consent a denial (parse.py). Where doubt changed what a provision speaks of, its exceptions would
speak of something else as well: those of a denial are left out, and a permit that is itself an
exception to a permit cannot be represented.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from fhir_server.consent import purposes
from fhir_server.consent.codes import ACT_CODE, CONFIDENTIALITY, SENSITIVITIES
from fhir_server.consent.model import Address, Meaning, Narrowing, Provision
from fhir_server.fhir import dates
from fhir_server.fhir.crisis import ACTOR_CLASS, TREATING_CLASS
from fhir_server.fhir.resource import Element, items
from fhir_server.search.labels import ALL_FAMILIES, ALL_PURPOSES, FOREVER, TREATING, Family

RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"
PROFILES = "urn:ietf:rfc:3986"
_ROLES = frozenset({"IRCP", "PRCP"})
_READING = frozenset({"access", "use", "disclose"})
_WRITING = frozenset({"collect", "correct"})
_BELOW_RESTRICTED = frozenset("ULMN")
_OPEN_START = -FOREVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a Consent stands: its key, its custodian's, and how its words become keys.

    `organization` gives the key of a Reference to an Organization of this server, `address` that
    to which any Reference of this server points, else None.
    """

    key: int
    custodian: int
    organization: Callable[[Element], int | None]
    address: Callable[[Element], Address | None]
    type_ids: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Above:
    """What stands above a provision: whether it permits (None: nothing), and for which requests.

    `spoken`: the purposes of all above it together; `named`: the emergencies that one of them
    names. `lacks`: the elements of 42 CFR 2.31(a) that none of them has.
    """

    permit: bool | None = None
    spoken: int = ALL_PURPOSES
    named: int = 0
    lacks: frozenset[str] = frozenset()

    def below(self, provision: Element, *, permit: bool) -> "Above":
        """Return what stands above the exceptions of `provision`."""
        codes = [str(found.get("code")) for found in items(provision, "purpose")]
        spoken = purposes.spoken_of(codes) if codes else ALL_PURPOSES
        if not permit and not all(map(purposes.known, codes)):
            spoken |= purposes.ANY_BUT_EMERGENCIES
        has: set[str] = {name for name in ("actor", "purpose") if name in provision}
        if "end" in (provision.get("period") or {}):
            has.add("expiry")
        return replace(
            self,
            permit=permit,
            spoken=self.spoken & spoken,
            named=self.named | (purposes.spoken_of(codes) & int(purposes.EMERGENCIES)),
            lacks=self.lacks - has,
        )

    @property
    def purposes(self) -> int:
        """The requests that are spoken of: emergencies where they are named."""
        return self.spoken & (purposes.ANY_BUT_EMERGENCIES | self.named)


def read(provision: Element, source: Source, above: Above, *, permit: bool) -> Provision | None:
    """Return what it says; None where it, or an exception of it, cannot be represented."""
    here = above.below(provision, permit=permit)
    if not _is_representable(provision, source, above, permit=permit):
        return None
    exceptions: list[Provision] = []
    if permit or _is_certain(provision, source):
        for nested in items(provision, "provision"):
            permits = bool(nested.get("type", "permit" if permit else "deny") == "permit")
            found = read(nested, source, here, permit=permits)
            if found is None:
                return None
            if concerns_reading(nested, permit=permits) and not (
                permits and here.below(nested, permit=True).lacks
            ):
                exceptions.append(found)
    return _provision(provision, source, here, tuple(exceptions))


def concerns_reading(provision: Element, *, permit: bool) -> bool:
    """Return whether its actions are about reading; none means all of them."""
    actions = _actions(provision)
    if not items(provision, "action") or actions & _READING:
        return True
    return not permit and not actions <= _WRITING


def all_purposes(provision: Element) -> set[str]:
    """Return the purposes of a provision and of all below it."""
    found = {str(purpose.get("code")) for purpose in items(provision, "purpose")}
    return found.union(*map(all_purposes, items(provision, "provision")))


def codes_of(element: Element, name: str) -> set[str]:
    """Return the codes of the CodeableConcepts of an element."""
    return {code for concept in items(element, name) for code in _codes(concept)}


def _provision(
    provision: Element, source: Source, here: Above, exceptions: tuple[Provision, ...]
) -> Provision:
    permit = bool(here.permit)
    bears, names = _permit_labels(provision) if permit else (_deny_labels(provision), None)
    period: Element = provision.get("period") or {}
    classes = _classes(provision, source)
    types, profiles = classes
    narrowing = Narrowing(
        codes=_sought_codes(provision),
        classes=classes if profiles else None,
        period=_data_period(provision),
        data=_data(provision, source),
    )
    return Provision(
        permit=permit,
        recipients=_recipients(provision, source, permit=permit),
        purposes=here.purposes,
        types=None if profiles else types or None,
        bears=bears,
        names=names,
        since=dates.parse(period["start"]).lo if "start" in period else 0,
        until=dates.parse(period["end"]).hi if "end" in period else FOREVER,
        narrowing=None if narrowing == Narrowing() else narrowing,
        exceptions=exceptions,
    )


def _is_representable(provision: Element, source: Source, above: Above, *, permit: bool) -> bool:
    """Return whether its selectors can be said without doubt that changes its exceptions."""
    if permit and items(provision, "provision") and not _is_safe(provision, source, above):
        return False
    labels = [found for found in items(provision, "securityLabel") if not _is_level(found)]
    return (
        all(_family(found) is not None for found in labels)
        and all(_class_is_known(found, source) for found in items(provision, "class"))
        and all(_codes(concept) for concept in items(provision, "code"))
        and all(_data_is_known(found, source) for found in items(provision, "data"))
    )


def _is_safe(provision: Element, source: Source, above: Above) -> bool:
    """Return whether a permit may have exceptions: narrowed by doubt, it would narrow them too.

    Within a denial that does no harm, as the denial stands.
    """
    if above.permit is None:
        return _is_about_known(provision)
    return not above.permit or _is_certain(provision, source)


def _is_certain(provision: Element, source: Source) -> bool:
    """Return whether all recipients, purposes and actions are known."""
    actors = items(provision, "actor")
    return _is_about_known(provision) and all(
        _recipient(actor, source) is not None for actor in actors
    )


def _is_about_known(provision: Element) -> bool:
    codes = [str(purpose.get("code")) for purpose in items(provision, "purpose")]
    return all(map(purposes.known, codes)) and _actions(provision) <= _READING | _WRITING


def _actions(provision: Element) -> set[str]:
    return codes_of(provision, "action")


def _recipients(provision: Element, source: Source, *, permit: bool) -> frozenset[int] | None:
    """Return whom it names: a permit only those whom we know, a denial everybody on doubt."""
    actors = [_recipient(actor, source) for actor in items(provision, "actor")]
    known = frozenset(actor for actor in actors if actor is not None)
    if not permit and len(known) < len(set(actors)):
        return None
    return known if actors else None


def _recipient(actor: Element, source: Source) -> int | None:
    reference: Element = actor.get("reference") or {}
    if not codes_of(actor, "role") & _ROLES:
        return None
    identifier: Element = reference.get("identifier") or {}
    if identifier.get("system") == ACTOR_CLASS:
        return TREATING if identifier.get("value") == TREATING_CLASS else None
    return source.organization(reference)


def _classes(provision: Element, source: Source) -> tuple[frozenset[int], frozenset[str]]:
    """Return the types and the profiles to which it is limited."""
    found = items(provision, "class")
    types = {
        source.type_ids[str(named.get("code"))]
        for named in found
        if named.get("system") == RESOURCE_TYPES
    }
    profiles = {
        str(named.get("code")).partition("|")[0]
        for named in found
        if named.get("system") == PROFILES
    }
    return frozenset(types), frozenset(profiles)


def _class_is_known(named: Element, source: Source) -> bool:
    if named.get("system") == PROFILES:
        return "code" in named
    return named.get("system") == RESOURCE_TYPES and str(named.get("code")) in source.type_ids


def _sought_codes(provision: Element) -> frozenset[tuple[str, str]] | None:
    found = {
        (str(coding.get("system", "")), str(coding["code"]))
        for concept in items(provision, "code")
        for coding in items(concept, "coding")
        if "code" in coding
    }
    return frozenset(found) or None


def _data_period(provision: Element) -> tuple[int, int] | None:
    period = provision.get("dataPeriod")
    if not period:
        return None
    return (
        dates.parse(period["start"]).lo if "start" in period else _OPEN_START,
        dates.parse(period["end"]).hi if "end" in period else FOREVER,
    )


def _data(provision: Element, source: Source) -> frozenset[tuple[Meaning, Address]] | None:
    found = frozenset(
        (Meaning(data["meaning"]), address)
        for data in items(provision, "data")
        if (address := source.address(data.get("reference") or {})) is not None
    )
    return found or None


def _data_is_known(data: Element, source: Source) -> bool:
    meant = data.get("meaning") in tuple(Meaning)
    return meant and source.address(data.get("reference") or {}) is not None


def _permit_labels(provision: Element) -> tuple[Family, Family | None]:
    """Return what a resource must bear, and what the permit names.

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
    wide = any(found.get("code") == "BH" for found in named)
    return families | (Family.BASE if wide else Family(0)), families


def _deny_labels(provision: Element) -> Family:
    """Return what a resource must bear to be denied.

    A denial of mental-health labels denies the notes as well, and one of BH the bare facts too.
    """
    labels = items(provision, "securityLabel")
    if not labels:
        return ALL_FAMILIES
    levels = {str(found.get("code")) for found in labels if _is_level(found)}
    named = _families([found for found in labels if not _is_level(found)])
    if levels - {"V"} or any(found.get("code") == "BH" for found in labels):
        return ALL_FAMILIES
    return named | (Family.NOTES if levels or Family.MH in named else Family(0))


def _families(labels: list[Element]) -> Family:
    families = Family(0)
    for found in labels:
        families |= _family(found) or Family(0)
    return families


def _family(label: Element) -> Family | None:
    if label.get("system") != ACT_CODE:
        return None
    return SENSITIVITIES.get(str(label.get("code")))


def _is_level(label: Element) -> bool:
    return bool(label.get("system") == CONFIDENTIALITY)


def _codes(concept: Element) -> set[str]:
    return {str(coding["code"]) for coding in items(concept, "coding") if "code" in coding}

"""The label service: what a resource tells about a person, as a mask and as `meta.security`.

https://hl7.org/fhir/R4/security-labels.html and
http://hl7.org/fhir/uv/security-label-ds4p (exactly one confidentiality code)

It fails closed: every resource of a patient bears BASE, and one of a clinical type bears MH unless
its type is known to hold demographics or the bare fact of contact. Codes anywhere in it, and the
labels that its author put on it, may add families and never take one away.
"""

from collections.abc import Iterator

from fhir_server.consent.codes import (
    ACT_CODE,
    CONFIDENTIALITY,
    SENSITIVITY,
    families_of,
    may_tell,
)
from fhir_server.fhir.crisis import profile
from fhir_server.fhir.resource import Element, Json, Resource, items, type_of
from fhir_server.search.labels import Family

# Demographics, the fact and disposition of an encounter, and who is responsible for what.
BASE_TYPES = frozenset(
    {
        "Account",
        "Appointment",
        "AppointmentResponse",
        "CareTeam",
        "Consent",
        "Coverage",
        "Encounter",
        "EpisodeOfCare",
        "Patient",
        "Person",
        "Provenance",
        "RelatedPerson",
        "Schedule",
        "Slot",
        "Task",
    }
)
ANONYMOUS_CONTACT = profile("crisis-anonymous-contact")

_ORDER = "ULMNRV"
_CODINGS: tuple[tuple[Family, str, tuple[str, ...]], ...] = (
    (Family.MH, ACT_CODE, ("MH",)),
    (Family.SUD, ACT_CODE, ("SUD",)),
    (Family.PART2, ACT_CODE, ("42CFRPart2", "RedisclosureProhibitionMark")),
    (Family.HIV, ACT_CODE, ("HIV",)),
    (Family.SDV, ACT_CODE, ("SDV",)),
    (Family.NOTES, ACT_CODE, ("PSYTHPN",)),
    (Family.LAW_ENFORCEMENT, SENSITIVITY, ("law-enforcement",)),
    (Family.ANONYMOUS, SENSITIVITY, ("anonymous-contact",)),
)


def label(resource: Resource, *, part2: bool, body: bytes | None = None) -> Family:
    """Return the families of a resource that belongs to a person.

    `part2`: its custodian is a program under 42 CFR Part 2, so that everything it holds tells that
    the person is treated there. `body` is the resource as compact JSON, where there is one.
    """
    families = Family.BASE
    if type_of(resource) not in BASE_TYPES:
        families |= Family.MH
    if part2:
        families |= Family.PART2 | Family.SUD
    if ANONYMOUS_CONTACT in items(resource.get("meta", {}), "profile"):
        families |= Family.ANONYMOUS
    if body is None or may_tell(body):
        for system, code in codings(resource):
            families |= families_of(system, code)
    return families


def security(resource: Resource, families: Family) -> list[Element]:
    """Return `meta.security` for a person's resource: the author's labels and those it lacks.

    The one confidentiality code is R, or V for what only its author may see, or the author's own
    where that is higher.
    """
    given = [found for found in items(resource.get("meta", {}), "security") if found]
    floor = "V" if Family.NOTES in families else "R"
    level = max([floor, *_levels(given)], key=_ORDER.index)
    labels = [{"system": CONFIDENTIALITY, "code": level}]
    labels.extend(found for found in given if found.get("system") != CONFIDENTIALITY)
    present = {(found.get("system"), found.get("code")) for found in labels}
    labels.extend(
        {"system": system, "code": code}
        for family, system, codes in _CODINGS
        if family in families
        for code in codes
        if (system, code) not in present
    )
    return labels


def _levels(labels: list[Element]) -> Iterator[str]:
    for found in labels:
        if found.get("system") == CONFIDENTIALITY and found.get("code") in tuple(_ORDER):
            yield found["code"]


def codings(resource: Resource) -> Iterator[tuple[str, str]]:
    """Yield every (system, code) in the resource, at any depth, contained resources included."""
    stack: list[Json] = [resource]
    while stack:
        element = stack.pop()
        if isinstance(element, list):
            stack.extend(element)
        elif isinstance(element, dict):
            system, code = element.get("system"), element.get("code")
            if isinstance(system, str) and isinstance(code, str):
                yield system, code
            stack.extend(value for value in element.values() if isinstance(value, dict | list))

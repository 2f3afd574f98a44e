"""Treating relations: what a resource says about who treats its patient, and from when to when.

An active EpisodeOfCare or CareTeam that names an organisation; a Task or ServiceRequest that it
accepted; Patient.generalPractitioner; an organisation's own Encounter until 30 days after its end.
Nothing else makes a requester treating. What an organisation says of itself counts for treatment
alone, and is marked.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fhir_server.fhir import dates
from fhir_server.fhir.resource import MICROSECONDS, Element, Resource, items, type_of
from fhir_server.search.labels import FOREVER, Relation

AFTER_AN_ENCOUNTER = 30 * 24 * 3600 * MICROSECONDS
ACCEPTED = frozenset({"accepted", "in-progress", "completed"})
_MET = frozenset({"arrived", "triaged", "in-progress", "onleave", "finished"})
_ALWAYS = (0, FOREVER)

# Gives the key of a Reference to an Organization of this server, else None.
OrganizationOf = Callable[[Element], int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """Whose resource says so: keys of the resource, its custodian and its patient; `at` is now."""

    source: int
    custodian: int
    patient: int
    at: int


def relations(
    resource: Resource, assertion: Assertion, organization: OrganizationOf
) -> tuple[Relation, ...]:
    """Return the treating relations that `resource` establishes, each once."""
    if type_of(resource) == "Encounter":
        found = {assertion.custodian: _encounter_span(resource, assertion.at)}
    else:
        span = _span(resource)
        found = {
            key: span
            for reference in _named(resource)
            if (key := organization(reference)) is not None
        }
    return tuple(
        Relation(
            patient=assertion.patient,
            organization=key,
            since=span[0],
            until=span[1],
            source=assertion.source,
            asserted_by_self=key == assertion.custodian,
        )
        for key, span in found.items()
        if span is not None and span[0] < span[1]
    )


def organizations(resource: Resource) -> list[Element]:
    """Return the references that `relations` will ask about."""
    return [] if type_of(resource) == "Encounter" else list(_named(resource))


def _named(resource: Resource) -> Iterator[Element]:
    status = resource.get("status")
    match type_of(resource):
        case "EpisodeOfCare" if status == "active":
            yield from items(resource, "managingOrganization")
        case "CareTeam" if status == "active":
            yield from items(resource, "managingOrganization")
            for participant in items(resource, "participant"):
                yield from items(participant, "member")
                yield from items(participant, "onBehalfOf")
        case "Task" if status in ACCEPTED:
            yield from items(resource, "owner")
        case "ServiceRequest" if status in ACCEPTED:
            yield from items(resource, "performer")
        case "Patient":
            yield from items(resource, "generalPractitioner")
        case _:
            return


def _span(resource: Resource) -> tuple[int, int]:
    if type_of(resource) in {"EpisodeOfCare", "CareTeam"}:
        return _period(resource)
    return _ALWAYS


def _encounter_span(encounter: Resource, at: int) -> tuple[int, int] | None:
    """Return from its start until 30 days after its end; one that goes on has no end yet."""
    if encounter.get("status") not in _MET:
        return None
    start, end = _period(encounter)
    if end != FOREVER:
        return start, end + AFTER_AN_ENCOUNTER
    if encounter.get("status") != "finished":
        return start, FOREVER
    return start, (start or at) + AFTER_AN_ENCOUNTER


def _period(resource: Resource) -> tuple[int, int]:
    period: Element = resource.get("period") or {}
    start = dates.parse(period["start"]).lo if "start" in period else 0
    return start, dates.parse(period["end"]).hi if "end" in period else FOREVER

"""A changed resource made ready to be stored: checked, labelled, split, indexed, placed.

All that costs time and needs no lock happens here, before the transaction begins.
"""

from dataclasses import dataclass, replace

from fhir_server.access.changes import Create, Update
from fhir_server.access.directory import is_directory
from fhir_server.access.placement import Placement, place
from fhir_server.access.ports import Ports
from fhir_server.access.stamp import Forms, forms
from fhir_server.consent.labels import label
from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.json import encode
from fhir_server.fhir.outcome import Issue
from fhir_server.fhir.resource import Resource
from fhir_server.search.candidate import Candidate
from fhir_server.search.extract import extract
from fhir_server.search.indexed import Indexed
from fhir_server.search.labels import Family
from fhir_server.validation.conformance import Structural


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Search values are taken from the shared form alone; `submitted` is what came in."""

    type: str
    id: str
    submitted: Resource
    forms: Forms
    families: Family
    indexed: Indexed
    placement: Placement


def identified(change: Create | Update, id_: str) -> Resource:
    """Return the resource of `change` under its id, whatever id its author sent along."""
    return {**change.resource, "id": id_}


def faults(resource: Resource, change: int, ports: Ports, at: int) -> tuple[Issue, ...]:
    """Return what keeps `resource` from being stored; `change` is its place in the commit.

    Profiles are asked for what its author sent: labels are added only afterwards.
    """
    conformance = ports.conformance or Structural(ports.definitions)
    return tuple(replace(issue, change=change) for issue in conformance.issues(resource, at))


def prepare(resource: Resource, definitions: Definitions, *, base: str, part2: bool) -> Prepared:
    """Return `resource`, which has passed the structural check, ready to be stored.

    `part2`: its custodian is a Part 2 program.
    """
    body = encode(resource)
    families = Family(0) if is_directory(resource) else label(resource, part2=part2, body=body)
    both = forms(resource, families, body)
    indexed = extract(both.shared, definitions, base)
    return Prepared(
        type=resource["resourceType"],
        id=resource["id"],
        submitted=resource,
        forms=both,
        families=families,
        indexed=indexed,
        placement=place(both.shared, indexed, definitions),
    )


def candidate(prepared: Prepared, definitions: Definitions) -> Candidate:
    """Return what is to be written as a search would see it, to be held against a scope's reach.

    Keys are not known yet: no scope turns on one.
    """
    patient = prepared.placement.patient
    return Candidate(
        type=prepared.type,
        type_id=definitions.type_id(prepared.type),
        id=prepared.id,
        owner=0,
        patient_id=None if patient is None else patient[1],
        custodian=0,
        labels=int(prepared.families),
        last_updated=0,
        indexed=prepared.indexed,
    )

"""The searches of the internal matching context: who else is the same person.

They run without a caller's permission, since the same person may be known where this caller may
not look. What they find goes to intake, or through the gate one by one, and no further.
"""

from collections.abc import Iterable

from fhir_server.fhir import reference
from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.resource import Element, Resource, items
from fhir_server.matching.exact import strong
from fhir_server.search.expression import RefersTo, TokenIs, any_of
from fhir_server.search.parameters import parameters
from fhir_server.search.query import Query

_MOST = 100


def patients_with(identifiers: Iterable[tuple[str, str]], definitions: Definitions) -> Query:
    """Return the search for Patients that have one of `identifiers` (system, value)."""
    parameter = parameters(definitions, "Patient")["identifier"]
    where = any_of(
        *(TokenIs(parameter=parameter, system=system, code=value) for system, value in identifiers)
    )
    return Query(type="Patient", where=where, count=_MOST)


def same_person(patient: Resource, definitions: Definitions) -> Query:
    """Return the search for Patients that share a strong identifier with `patient` or link to it.

    https://hl7.org/fhir/R4/patient.html#link
    """
    known = parameters(definitions, "Patient")
    where = any_of(
        *(
            TokenIs(parameter=known["identifier"], system=system, code=value)
            for system, value in strong(patient)
        ),
        RefersTo(parameter=known["link"], type="Patient", id=patient["id"]),
    )
    return Query(type="Patient", where=where, count=_MOST)


def linked(patient: Resource, base: str) -> tuple[str, ...]:
    """Return the ids of the Patients of this server that `patient` says are the same person."""
    found = (
        reference.parse(str(_other(link).get("reference", "")), base)
        for link in items(patient, "link")
        if link.get("type") == "seealso"
    )
    return tuple(one.id for one in found if one.type == "Patient" and one.id is not None)


def _other(link: Element) -> Element:
    other: Element = link.get("other") or {}
    return other

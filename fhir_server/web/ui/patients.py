"""The patients whom somebody may choose from, asked through the gate as that person.

https://hl7.org/fhir/R4/patient.html#search . Nobody learns of a patient here whom he could not see
elsewhere, and what is shown is audited like every other search.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import flask

from fhir_server.access.repository import Repository
from fhir_server.bootstrap import Server
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import FhirError, InvalidSearchError
from fhir_server.fhir.resource import Element, Resource, items
from fhir_server.search.parse import parse
from fhir_server.smart.login.sign_in import SignedIn
from fhir_server.smart.roles import PERMISSIONS, ceiling
from fhir_server.smart.scopes import format_scopes, narrow, parse_scopes
from fhir_server.web.request import request_id
from fhir_server.web.ui.page import Visit

FIELDS = ("family", "given", "birthdate", "identifier")
_MOST = 20
_WISHED = parse_scopes("patient/Patient.rs user/Patient.rs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A patient as a list shows one."""

    id: str
    name: str
    born: str
    gender: str
    identifiers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a search found, or why it cannot be."""

    patients: tuple[Known, ...] = ()
    error: str = ""


def search(found: Visit, person: SignedIn, given: Mapping[str, str], client_id: str) -> Result:
    """Return the patients that match; without criteria, none."""
    repository = _repository(found, person, client_id)
    pairs = [(name, given[name]) for name in FIELDS if given.get(name)]
    if repository is None or not pairs:
        return Result()
    context, ports = repository.context, repository.ports
    try:
        query = parse(
            "Patient",
            pairs,
            ports.definitions,
            base=ports.base,
            lenient=False,
            default_count=_MOST,
            max_count=_MOST,
            at=context.at,
        )
        rows = repository.search(query).matches
    except InvalidSearchError:
        return Result(error="Write a birth date as 1990-12-31, and at least two letters of a name.")
    except FhirError as refusal:
        return Result(error=str(refusal))
    return Result(patients=tuple(_known(decode(row.body or b"{}")) for row in rows))


def read(found: Visit, person: SignedIn, patient: str, client_id: str) -> Known | None:
    """Return a patient by id; None where there is none for this person."""
    repository = _repository(found, person, client_id)
    if repository is None or not patient:
        return None
    try:
        return _known(decode(repository.read("Patient", patient).body or b"{}"))
    except FhirError:
        return None


def organization_name(server: Server, id_: str) -> str:
    """Return what an agency is called; directory data is about nobody."""
    try:
        stored = server.repository(server.system()).read("Organization", id_)
    except FhirError:
        return ""
    return str(decode(stored.body or b"{}").get("name", ""))


def _repository(found: Visit, person: SignedIn, client_id: str) -> Repository | None:
    """Return what somebody may see of patients: never more than the role, and oneself at most."""
    kind = person.kind
    purposes = () if kind is None else PERMISSIONS[kind].purposes
    if kind is None or not purposes:
        return None
    context = found.server.person(
        person,
        purposes[0],
        format_scopes(narrow(_WISHED, ceiling(kind))),
        client_id=client_id,
        request_id=request_id(flask.request.environ, found.server),
    )
    return None if context is None else found.server.repository(context)


def _known(patient: Resource) -> Known:
    return Known(
        id=str(patient.get("id", "")),
        name=_name(items(patient, "name")),
        born=str(patient.get("birthDate", "")),
        gender=str(patient.get("gender", "")),
        identifiers=tuple(
            str(each["value"]) for each in items(patient, "identifier") if "value" in each
        )[:3],
    )


def _name(names: list[Element]) -> str:
    for name in names:
        parts = [*name.get("given", []), name.get("family", "")]
        text = str(name.get("text") or " ".join(filter(None, map(str, parts))))
        if text:
            return text
    return "Without a name"

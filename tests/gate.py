"""A gate on a real database: agencies, their callers, a clock that stands still until it is told.

Ids are counted, so that two worlds in which the same is written have the same ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from fhir_server.access.changes import Change, Committed, Create, Delete, Update
from fhir_server.access.context import AccessContext
from fhir_server.access.ports import Ports
from fhir_server.access.repository import Page, Repository
from fhir_server.fhir import definitions
from fhir_server.fhir.json import decode
from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.search.labels import Purpose
from fhir_server.search.parse import parse
from fhir_server.search.query import HistoryQuery
from fhir_server.smart.scopes import parse_scopes
from fhir_server.storage.audit_log import AuditLog
from fhir_server.storage.engine import Database
from fhir_server.storage.facts import FactStore
from fhir_server.storage.resources import ResourceStore

BASE = "http://fhir.example/fhir"
NOW = 1_772_625_600_000_000  # 2026-03-04T12:00:00Z
ALL = "system/*.cruds"


@dataclass(frozen=True, slots=True)
class Caller(Repository):
    """A repository with the words of a test."""

    def assigning(self) -> "Caller":
        """Return the same caller, who may choose ids."""
        return Caller(replace(self.context, assign_ids=True), self.ports)

    def post(self, resource: Resource) -> str:
        """Create `resource`; return its id."""
        return self.change(Create(type=resource["resourceType"], resource=resource)).id

    def put(self, resource: Resource, if_match: int | None = None) -> Committed:
        type_, id_ = resource["resourceType"], resource["id"]
        return self.change(Update(type=type_, id=id_, resource=resource, if_match=if_match))

    def remove(self, type_: str, id_: str, if_match: int | None = None) -> Committed:
        return self.change(Delete(type=type_, id=id_, if_match=if_match))

    def change(self, change: Change) -> Committed:
        (committed,) = self.commit((change,))
        return committed

    def body(self, type_: str, id_: str) -> Resource:
        return decode(self.read(type_, id_).body or b"{}")

    def page(self, type_: str, **pairs: str) -> Page:
        names = [(name.replace("__", ":").rstrip("_"), value) for name, value in pairs.items()]
        return self.pairs(type_, names)

    def pairs(self, type_: str, pairs: Sequence[tuple[str, str]]) -> Page:
        query = parse(
            type_,
            pairs,
            self.ports.definitions,
            base=BASE,
            lenient=False,
            default_count=20,
            max_count=1000,
            at=self.context.at,
        )
        return self.search(query)

    def history_of(self, type_: str) -> list[str]:
        """Return `Type/id/version` of everything that the caller sees of a type's history."""
        rows = self.history(HistoryQuery(type=type_, count=1000)).versions
        return [f"{row.type}/{row.id}/{row.version}" for row in rows]

    def ids(self, type_: str, **pairs: str) -> list[str]:
        return sorted(found.id for found in self.page(type_, **pairs).matches)


@dataclass(slots=True)
class Gate:
    """`time` is what the clock says, microseconds."""

    database: Database
    time: int = NOW
    numbers: "count[int]" = field(default_factory=lambda: count(1))
    keys: dict[str, int] = field(default_factory=dict)

    def ports(self) -> Ports:
        return Ports(
            store=ResourceStore(self.database),
            audit=AuditLog(self.database),
            facts=FactStore(self.database),
            definitions=definitions.load(),
            base=BASE,
            clock=lambda: self.time,
            new_id=lambda: f"new-{next(self.numbers)}",
        )

    def system(self, organization: str = "") -> Caller:
        return self._caller(organization, system=True, assign_ids=True)

    def organization(self, id_: str, **elements: Json) -> int:
        """Put an Organization on file, which holds itself; return its key."""
        resource = {"resourceType": "Organization", "id": id_, "name": id_, **elements}
        made = self.system(id_)
        made.put(resource)
        self.keys[id_] = made.read("Organization", id_).key
        return self.keys[id_]

    def caller(
        self, organization: str, purpose: Purpose = Purpose.TREAT, scope: str = ALL, **flags: Json
    ) -> Caller:
        """Return a client of an organisation that is on file."""
        return self._caller(organization, purpose=purpose, scopes=parse_scopes(scope), **flags)

    def _caller(self, organization: str, **changes: Json) -> Caller:
        key = self.keys.get(organization, 0)
        context = AccessContext(
            client_id=f"client-of-{organization}",
            organization=key,
            organization_id=organization,
            actors=frozenset({key}),
            purpose=Purpose.TREAT,
            scopes=(),
            at=self.time,
            request_id="request",
        )
        return Caller(replace(context, **changes), self.ports())


def reference(address: str) -> Element:
    return {"reference": address}


def patient(**elements: Json) -> Resource:
    return {"resourceType": "Patient", "active": True, **elements}


def encounter(person: str, **elements: Json) -> Resource:
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "FLD"},
        "subject": reference(f"Patient/{person}"),
        **elements,
    }


def observation(person: str, **elements: Json) -> Resource:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "a finding"},
        "subject": reference(f"Patient/{person}"),
        **elements,
    }


def episode(person: str, organization: str, **elements: Json) -> Resource:
    return {
        "resourceType": "EpisodeOfCare",
        "status": "active",
        "patient": reference(f"Patient/{person}"),
        "managingOrganization": reference(f"Organization/{organization}"),
        **elements,
    }


def consent(person: str, type_: str, *organizations: str, **elements: Json) -> Resource:
    """A directive that names `organizations`, in force since 2025."""
    actors = [
        {
            "role": {"coding": [{"code": "IRCP"}]},
            "reference": reference(f"Organization/{organization}"),
        }
        for organization in organizations
    ]
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "category": [{"coding": [{"code": "IDSCL"}]}],
        "patient": reference(f"Patient/{person}"),
        "dateTime": "2025-01-01",
        "policyRule": {"coding": [{"code": "HIPAAConsentCD"}]},
        "provision": {"type": type_, **({"actor": actors} if actors else {})},
        **elements,
    }

"""What the caller may have of a person's recent crises, found through the gate and nothing else.

The same person's Patients at other agencies belong to it, and the gate decides about each of them
as about any other (https://hl7.org/fhir/R4/patient.html#link).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fhir_server.access.repository import Repository
from fhir_server.fhir import dates
from fhir_server.fhir.crisis import ENCOUNTER_TYPE_SYSTEM, code_system
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import ForbiddenError
from fhir_server.fhir.resource import MICROSECONDS, Resource
from fhir_server.search.parse import parse
from fhir_server.search.query import Query
from fhir_server.storage.rows import Stored

_LIVE = "planned,arrived,triaged,in-progress,onleave,finished,unknown"
_MOST_FURTHER = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One resource that the caller may have: as stored, and parsed."""

    stored: Stored
    resource: Resource

    @property
    def address(self) -> str:
        """`Type/id`."""
        return f"{self.stored.type}/{self.stored.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A person's record as far as the caller may have it; newest crises first."""

    patients: tuple[Found, ...]
    crises: tuple[Found, ...]
    risks: tuple[Found, ...]
    handoffs: tuple[Found, ...]
    plans: tuple[Found, ...]
    consents: tuple[Found, ...]
    organizations: tuple[Found, ...]

    @property
    def everything(self) -> tuple[Found, ...]:
        """All resources, each once, in a fixed order."""
        found = (
            *self.patients,
            *self.crises,
            *self.risks,
            *self.handoffs,
            *self.plans,
            *self.consents,
            *self.organizations,
        )
        return tuple({each.address: each for each in found}.values())


def gather(repository: Repository, patient_id: str, *, days: int, count: int) -> Gathered:
    """Return up to `count` crises of the last `days`, and what belongs to them.

    Raises:
        NotFoundError: The caller may not know of such a Patient.
        ForbiddenError: No scope for Patient or Encounter.
    """
    patients = _patients(repository, patient_id)
    since = _day(repository.context.at, days)
    crises: list[Found] = []
    organizations: list[Found] = []
    for patient in patients:
        matches, includes = _crises(repository, patient, since, count)
        crises.extend(matches)
        organizations.extend(includes)
    crises = sorted(crises, key=_start, reverse=True)[:count]
    shown = {each.address for each in crises}
    responsible = {_reference(each.resource.get("serviceProvider")) for each in crises}
    return Gathered(
        patients=patients,
        crises=tuple(crises),
        risks=_of(_risks(repository, patients, since), shown),
        handoffs=_of(_further(repository, "Communication", patients, ()), shown),
        plans=_further(repository, "CarePlan", patients, _ACTIVE_PLAN),
        consents=_further(repository, "Consent", patients, (("status", "active"),)),
        organizations=tuple(each for each in organizations if each.address in responsible),
    )


_ACTIVE_PLAN = (
    ("status", "active"),
    ("category", f"{code_system('crisis-care-plan-category')}|safety-plan"),
)


def _patients(repository: Repository, patient_id: str) -> tuple[Found, ...]:
    """Return the Patient, then the same person's Patients at other agencies, by id."""
    return tuple(map(_found, repository.same_person(patient_id)))


def _crises(
    repository: Repository, patient: Found, since: str, count: int
) -> tuple[list[Found], list[Found]]:
    pairs = (
        ("patient", patient.address),
        ("type", f"{ENCOUNTER_TYPE_SYSTEM}|"),
        ("status", _LIVE),
        ("date", f"ge{since}"),
        ("_sort", "-date"),
        ("_include", "Encounter:service-provider"),
    )
    page = repository.search(_query(repository, "Encounter", pairs, count))
    return [_found(row) for row in page.matches], [_found(row) for row in page.includes]


def _risks(repository: Repository, patients: tuple[Found, ...], since: str) -> tuple[Found, ...]:
    code = f"{code_system('crisis-observation-code')}|suicide-risk-level"
    return _further(repository, "Observation", patients, (("code", code), ("date", f"ge{since}")))


def _further(
    repository: Repository,
    type_: str,
    patients: tuple[Found, ...],
    pairs: tuple[tuple[str, str], ...],
) -> tuple[Found, ...]:
    return tuple(
        each
        for patient in patients
        for each in _search(
            repository, type_, (("patient", patient.address), *pairs), _MOST_FURTHER
        )
    )


def _search(
    repository: Repository, type_: str, pairs: tuple[tuple[str, str], ...], count: int
) -> tuple[Found, ...]:
    """Return what matches; nothing of a type for which the caller has no scope."""
    try:
        page = repository.search(_query(repository, type_, pairs, count))
    except ForbiddenError:
        return ()
    return tuple(sorted(map(_found, page.matches), key=lambda each: each.address))


def _query(
    repository: Repository, type_: str, pairs: tuple[tuple[str, str], ...], count: int
) -> Query:
    return parse(
        type_,
        pairs,
        repository.ports.definitions,
        base=repository.ports.base,
        lenient=False,
        default_count=count,
        max_count=count,
        at=repository.context.at,
    )


def _of(found: tuple[Found, ...], encounters: set[str]) -> tuple[Found, ...]:
    return tuple(each for each in found if _reference(each.resource.get("encounter")) in encounters)


def _found(stored: Stored) -> Found:
    return Found(stored=stored, resource=decode(stored.body or b"{}"))


def _reference(reference: object) -> str:
    found = reference.get("reference") if isinstance(reference, dict) else None
    return found if isinstance(found, str) else ""


def _start(crisis: Found) -> tuple[int, str]:
    start = crisis.resource.get("period", {}).get("start", "")
    return (dates.parse(start).lo if start else 0, crisis.address)


def _day(at: int, days: int) -> str:
    """Return the day that was `days` before `at`, in UTC."""
    now = datetime.fromtimestamp(at // MICROSECONDS, tz=UTC)
    return f"{now - timedelta(days=days):%Y-%m-%d}"

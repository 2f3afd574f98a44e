"""What the guided tour can show: patients, a measure and a quarter that really have something."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fhir_server.access.context import AccessContext
from fhir_server.access.repository import Repository
from fhir_server.demo.clients import EHR, EMERGENCY, INTAKE, PUBLIC_HEALTH, DemoClient
from fhir_server.fhir.json import decode
from fhir_server.reporting.evaluate import Evaluated, evaluate
from fhir_server.reporting.measure import Measure
from fhir_server.reporting.measures import jail_diversion, on_scene_resolution
from fhir_server.reporting.periods import Reported, latest
from fhir_server.reporting.table import TOTAL, Shown
from fhir_server.search.labels import Purpose
from fhir_server.search.parameters import parameters
from fhir_server.search.query import Query, SortKey
from fhir_server.smart.scopes import parse_scopes
from fhir_server.storage.oauth import OAuthStore

_MEASURES = (jail_diversion.MEASURE, on_scene_resolution.MEASURE)
_REQUEST = "tour"


@dataclass(frozen=True, slots=True, kw_only=True)
class TourFacts:
    """Ids of Patients of whom the client's newest crisis is; the periods that the report is of.

    A part is None where the database has nothing of the kind (another demo, none, an old one).
    """

    agency: str
    emergency_patient: str | None
    ehr_patient: str | None
    measure: str | None
    period: tuple[str, str] | None


def tour_facts(
    oauth: OAuthStore, repositories: Callable[[AccessContext], Repository], at: int
) -> TourFacts:
    """Return what there is to show at `at` (microseconds), as the demo's clients see it."""

    def repository(client: DemoClient, purpose: Purpose) -> Repository | None:
        context = _context(oauth, client, purpose, at)
        return None if context is None else repositories(context)

    report = _report(repository(PUBLIC_HEALTH, Purpose.PUBHLTH), at)
    return TourFacts(
        agency=INTAKE.agency,
        emergency_patient=_newest(repository(EMERGENCY, Purpose.TREAT)),
        ehr_patient=_newest(repository(EHR, Purpose.TREAT)),
        measure=None if report is None else report[0].id,
        period=None if report is None else (report[1].first, report[1].last),
    )


def newest_patient(
    oauth: OAuthStore, repositories: Callable[[AccessContext], Repository], at: int
) -> str | None:
    """Return the id of the Patient of the newest crisis of the mobile crisis team."""
    context = _context(oauth, INTAKE, Purpose.TREAT, at)
    return None if context is None else _newest(repositories(context))


def _context(
    oauth: OAuthStore, client: DemoClient, purpose: Purpose, at: int
) -> AccessContext | None:
    row = oauth.client(client.id)
    if row is None:
        return None
    return AccessContext(
        client_id=row.client_id,
        organization=row.organization,
        organization_id=row.organization_id,
        actors=frozenset(oauth.actors(row.organization)),
        purpose=purpose,
        scopes=parse_scopes(row.scopes),
        at=at,
        request_id=_REQUEST,
        medical_personnel=row.medical_personnel,
    )


def _newest(repository: Repository | None) -> str | None:
    """Return the id of the Patient of the newest Encounter that the client may see."""
    if repository is None:
        return None
    date = parameters(repository.ports.definitions, "Encounter")["date"]
    newest = Query(type="Encounter", sort=(SortKey(parameter=date, descending=True),), count=20)
    for stored in repository.search(newest).matches:
        subject = decode(stored.body or b"{}").get("subject", {})
        kind, _, patient = subject.get("reference", "").partition("/")
        if kind == "Patient":
            return str(patient)
    return None


def _report(repository: Repository | None, at: int) -> tuple[Measure, Reported] | None:
    """Return the first measure and closed quarter, newest first, that show and hide something."""
    if repository is None:
        return None
    threshold = repository.ports.suppression_threshold
    for measure, period in _reports(at):
        if _is_telling(evaluate(measure, period, repository.aggregate, threshold)[0]):
            return measure, period
    return None


def _reports(at: int) -> Iterator[tuple[Measure, Reported]]:
    for period in latest(at):
        for measure in _MEASURES:
            yield measure, period


def _is_telling(found: Evaluated) -> bool:
    states = found.shown.values()
    shows = found.shown[TOTAL] == Shown.ALL and found.table.total.denominator > 0
    return shows and any(state < Shown.ALL for state in states)

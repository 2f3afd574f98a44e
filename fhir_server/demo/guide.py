"""The guided tour: the four flows as commands that work as printed. Pure."""

from collections.abc import Iterator
from pathlib import Path

from fhir_server.demo.clients import (
    EHR,
    EMERGENCY,
    INTAKE,
    PRIVACY,
    PUBLIC_HEALTH,
    DemoClient,
    key_file,
)
from fhir_server.demo.tour import TourFacts
from fhir_server.settings import Settings

_COMMAND = ".venv/bin/handoff"
_PYTHON = ".venv/bin/python"
_EXAMPLE = "docs/examples/crisis-encounter.json"
_SINCE = "2020-01-01T00:00:00Z"


def guide(facts: TourFacts, settings: Settings) -> str:
    """Return the tour's text for what there is to show."""
    parts = (
        *_intake(settings),
        *_emergency(facts, settings),
        *_ehr(settings),
        *_public_health(facts, settings),
        *_privacy(settings),
        *_people(settings),
    )
    return "\n".join(("", "A tour, in a second terminal, in this folder:", *parts, ""))


def _token(settings: Settings, client: DemoClient, purpose: str = "") -> str:
    key = key_file(Path(settings.demo_keys), client)
    asked = f" --purpose {purpose}" if purpose else ""
    at = "" if settings.public_url == Settings().public_url else f" --url {settings.public_url}"
    return f"TOKEN=$({_COMMAND} token --client {client.id} --key {key}{asked}{at})"


def _get(settings: Settings, path: str) -> str:
    escaped = path.replace("$", "\\$")
    return f'curl -s "{settings.fhir_base}{escaped}" -H "Authorization: Bearer $TOKEN"'


def _step(title: str, *commands: str) -> Iterator[str]:
    yield ""
    yield f"# {title}"
    yield from commands


def _intake(settings: Settings) -> Iterator[str]:
    post = (
        f"curl -s {settings.public_url}/intake/crisis-encounters "
        '-H "Authorization: Bearer $TOKEN" '
        f"-H 'Content-Type: application/json' -d @{_EXAMPLE}"
    )
    yield from _step("1. A mobile crisis team hands in a crisis", _token(settings, INTAKE), post)


def _emergency(facts: TourFacts, settings: Settings) -> Iterator[str]:
    if facts.emergency_patient is None:
        return
    patient = facts.emergency_patient
    search = f"/Encounter?patient={patient}&date=ge2020-01-01&_sort=-date"
    yield from _step(
        "2. An emergency department asks what happened to this patient lately",
        _token(settings, EMERGENCY, "TREAT"),
        _get(settings, f"/Patient/{patient}/$recent-crises?days=3650"),
        _get(settings, f"{search}&_include=Encounter:episode-of-care"),
    )


def _ehr(settings: Settings) -> Iterator[str]:
    yield from _step(
        "3. A clinic's EHR keeps its patients in step, deletions included",
        _token(settings, EHR),
        _get(settings, f"/Encounter?_lastUpdated=gt{_SINCE}&_sort=_lastUpdated&_count=50"),
        _get(settings, f"/Encounter/_history?_since={_SINCE}&_count=50"),
    )


def _public_health(facts: TourFacts, settings: Settings) -> Iterator[str]:
    if facts.measure is None or facts.period is None:
        return
    first, last = facts.period
    path = f"/Measure/{facts.measure}/$evaluate-measure?periodStart={first}&periodEnd={last}"
    yield from _step(
        "4. Public health counts, and small counts stay hidden",
        _token(settings, PUBLIC_HEALTH),
        _get(settings, path),
    )


def _privacy(settings: Settings) -> Iterator[str]:
    yield from _step(
        "And the agency's privacy officer sees who asked",
        _token(settings, PRIVACY),
        _get(settings, "/AuditEvent?_count=20"),
    )


def _people(settings: Settings) -> Iterator[str]:
    yield from _step(
        "People log in, and let apps in: one account for each role, named as the role is",
        f"# open {settings.public_url}/login as clinician; password and code of the moment:",
        f"{_COMMAND} user demo clinician",
        "# an app that is launched and asks for a patient (open the address that it prints):",
        f"{_PYTHON} docs/examples/launch.py {settings.fhir_base}",
    )

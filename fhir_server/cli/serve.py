"""`handoff serve`: bring the database up to date, fill the demo, run the server, print the tour."""

import threading
import time
from contextlib import closing

import click
import httpx
from granian import Granian
from granian.constants import Interfaces

from fhir_server import bootstrap
from fhir_server.bootstrap import Server
from fhir_server.cli.demo import fill, last_day
from fhir_server.demo.guide import guide
from fhir_server.demo.tour import TourFacts, tour_facts
from fhir_server.search.query import Query
from fhir_server.settings import Settings
from fhir_server.storage import deployment

HELP = """Run the server.

The database is brought up to date first. Into an empty one a demo region of DEMO_PEOPLE people is
written; DEMO_PEOPLE=0 leaves it empty. When the server answers, a guided tour of commands to copy
is printed. Ctrl-C ends it.

\b
Examples:
  handoff serve
  PORT=9090 DEMO_PEOPLE=0 handoff serve
  DATABASE_URL=postgresql://handoff:secret@localhost/handoff handoff serve
"""
APPLICATION = "fhir_server.web.app:create_application"
_PATIENCE_SECONDS = 60
_PAUSE_SECONDS = 0.05
# What the demo was begun with, so that one that was interrupted goes on as it began.
_DEMO = "demo"


@click.command("serve", help=HELP)
@click.pass_obj
def serve(settings: Settings) -> None:
    """Prepare the database, then serve until a signal comes."""
    tour = _prepare(settings)
    server = Granian(
        APPLICATION,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        # A worker that is told to stop while it starts would never stop of its own accord.
        workers_kill_timeout=10,
        blocking_threads=1,
        factory=True,
        websockets=False,
        log_level="warning",  # type: ignore[arg-type]  # the enumeration's own text
    )
    threading.Thread(target=_announce, args=(settings, tour), daemon=True).start()
    server.serve()


COMMAND = serve


def _prepare(settings: Settings) -> TourFacts | None:
    """Migrate, fill what is empty, and return what the tour can show where there is a demo."""
    with closing(bootstrap.of(settings)) as server:
        for warning in server.packages.warnings:
            click.echo(f"Warning: {warning}", err=True)
        begun = deployment.noted(server.database, _DEMO)
        if begun is None and settings.demo_people and _is_empty(server):
            day = last_day(settings.demo_until, server.clock())
            begun = f"{settings.demo_people} {settings.demo_seed} {day.isoformat()}"
            deployment.note(server.database, _DEMO, begun)
        if begun is None:
            return None
        if deployment.noted(server.database, f"{_DEMO}-written") is None:
            people, seed, until = begun.split()
            fill(server, int(people), int(seed), last_day(until, server.clock()))
            deployment.note(server.database, f"{_DEMO}-written", begun)
        return tour_facts(server.oauth, server.repository, server.clock())


def _is_empty(server: Server) -> bool:
    system = server.repository(server.system())
    return not system.search(Query(type="Organization", count=1)).matches


def _announce(settings: Settings, tour: TourFacts | None) -> None:
    """Say that the server answers, as soon as it does, and show around."""
    if _is_ready(f"http://{settings.host}:{settings.port}/readyz"):
        click.echo(f"\nHandoff answers at {settings.fhir_base}")
        if tour is not None:
            click.echo(guide(tour, settings))


def _is_ready(url: str) -> bool:
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            if httpx.get(url, timeout=1).status_code == httpx.codes.OK:
                return True
        except httpx.TransportError:
            pass
        time.sleep(_PAUSE_SECONDS)
    return False

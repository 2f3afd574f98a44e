"""`handoff demo`: a region with invented people, written as its agencies would hand it in."""

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import click
from tqdm import tqdm

from fhir_server import bootstrap
from fhir_server.access.identity import identifier
from fhir_server.access.repository import Repository
from fhir_server.bootstrap import Server
from fhir_server.demo.clients import CLIENTS, key_file, register
from fhir_server.demo.clock import REGION
from fhir_server.demo.history import messages
from fhir_server.demo.people import Agencies, people_file, register_people
from fhir_server.demo.tour import newest_patient
from fhir_server.demo.write import Desk
from fhir_server.fhir.resource import MICROSECONDS
from fhir_server.settings import Settings

HELP = """Write a demo region: agencies, people, crises, referrals, consents.

Everybody in it is invented and marked as synthetic (HTEST). The same people, seed and last day
give the same records. They go through intake, as an agency's own messages do; what was written
before is passed over, so that a demo that was interrupted goes on where it ended.

Afterwards clients are registered for the flows of the README, with fresh keys in DEMO_KEYS.

\b
Examples:
  handoff demo
  handoff demo --people 50 --seed 7 --until 2026-06-30
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What was written; `clients` and `logins` are those that were newly registered."""

    people: int
    records: int
    clients: tuple[str, ...]
    logins: tuple[str, ...]


@click.command("demo", help=HELP)
@click.option("--people", type=click.IntRange(min=0), help="How many people. Default: DEMO_PEOPLE.")
@click.option("--seed", type=int, help="Another seed, other people. Default: DEMO_SEED.")
@click.option("--until", help="Last day of the histories, YYYY-MM-DD. Default: DEMO_UNTIL.")
@click.pass_obj
def demo(settings: Settings, people: int | None, seed: int | None, until: str | None) -> None:
    """Write the demo and register its clients."""
    wanted = people if people is not None else settings.demo_people
    chosen = seed if seed is not None else settings.demo_seed
    with closing(bootstrap.of(settings)) as server:
        day = last_day(until or settings.demo_until, server.clock())
        filled = fill(server, wanted, chosen, day)
    click.echo(f"{filled.records:,} records of {filled.people:,} people, up to {day.isoformat()}.")
    for client in CLIENTS:
        path = key_file(Path(settings.demo_keys), client)
        click.echo(f"Client {client.id} {client.flow}; its key is {path}.")
    click.echo(f"The logins of the demo's people are in {people_file(Path(settings.demo_keys))}.")


COMMAND = demo


def last_day(text: str, at: int) -> date:
    """Return the day that is written, or without one the day before `at` (microseconds).

    Raises:
        click.BadParameter: It is no day.
    """
    if not text:
        return datetime.fromtimestamp(at // MICROSECONDS, REGION).date() - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"`{text}` is no day such as `2026-06-30`.", param_hint="--until"
        ) from None


def fill(server: Server, people: int, seed: int, until: date) -> Filled:
    """Write the demo into the server's database, with a progress bar, and register its clients.

    Raises:
        UnavailableError: The database is busy or away; what was written stands.
    """
    # What a power failure takes, the next run writes again: no record waits for the disk.
    ports = replace(server.ports, durable=False)

    def repositories(key: int, organization_id: str) -> Repository:
        return Repository(server.system(organization=key, organization_id=organization_id), ports)

    desk = Desk(
        records=server.records, repositories=repositories, identify=identifier(server.secret)
    )
    records = 0
    with tqdm(total=people, unit=" people", desc="Demo") as bar:
        for message in desk.write(messages(people, seed, until)):
            records += message.records
            bar.set_postfix_str(f"{records:,} records", refresh=False)
            bar.update(message.people)
    folder = Path(server.settings.demo_keys)
    registered = tuple(register(server.oauth, folder, desk.organization, server.clock()))
    patient = newest_patient(server.oauth, server.repository, server.clock())
    agencies = Agencies(organization=desk.organization, patient=patient)
    logins = tuple(register_people(server.authorization, folder, agencies))
    return Filled(
        people=people, records=records, clients=tuple(one.id for one in registered), logins=logins
    )

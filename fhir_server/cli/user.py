"""`handoff user`: who logs in, and in which role at which agency.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
"""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from fhir_server import bootstrap
from fhir_server.access.identity import identifier
from fhir_server.access.organizations import organization
from fhir_server.bootstrap import Server
from fhir_server.demo.people import current_code
from fhir_server.fhir.outcome import CollisionError
from fhir_server.fhir.resource import MICROSECONDS
from fhir_server.settings import Settings
from fhir_server.smart.login.register import FOREVER, NewAccount, RegistrationError
from fhir_server.smart.login.sign_in import normal
from fhir_server.smart.roles import PERMISSIONS, Role
from fhir_server.storage.accounts import AccountRow

ADD_HELP = """Make an account and print its temporary password, alone.

At the first login its holder chooses a password and sets up an authenticator app. Without
--organization an administrator keeps all agencies. Dates are days, the last one included.

\b
Examples:
  handoff user add ana.reyes --name "Ana Reyes" --role clinician --organization "Harbor Clinic"
  handoff user add root --name "Root" --role administrator
"""
ROLE_HELP = """Give an account a further role.

\b
Example:
  handoff user role ana.reyes --role peer --organization "Mobile Crisis Team" --until 2027-06-30
"""
DISABLE_HELP = """Refuse an account from now on: its logins, and the apps that it let in.

\b
Example:
  handoff user disable ana.reyes
"""
RESET_HELP = """Print a new temporary password, alone, for somebody who lost password or telephone.

The second factor is set up anew at the next login. All logins and apps of the account end.

\b
Example:
  handoff user reset ana.reyes
"""
DEMO_HELP = """Print password and code of the moment for one of the demo's people.

They are in DEMO_KEYS; nobody else's are anywhere.

\b
Example:
  handoff user demo clinician
"""
LIST_HELP = """List all accounts with their roles.

\b
Example:
  handoff user list
"""


@click.group("user")
def user() -> None:
    """Add, list, reset and refuse the people who log in."""


_ROLE = click.option(
    "--role", required=True, type=click.Choice([role.value for role in Role]), help="What they are."
)
_AGENCY = click.option("--organization", default="", help="Their agency: an id or a name.")
_SINCE = click.option(
    "--since", default="", help="First day of the role, YYYY-MM-DD. Default: now."
)
_UNTIL = click.option("--until", default="", help="Last day of the role. Default: no end.")
_FHIR_USER = click.option(
    "--fhir-user",
    default="",
    help="Their own resource: `Practitioner/ID`; of patients `Patient/ID`.",
)


@user.command("add", help=ADD_HELP)
@click.argument("login")
@click.option("--name", required=True, help="Their name, as colleagues know them.")
@_ROLE
@_AGENCY
@_FHIR_USER
@_SINCE
@_UNTIL
@click.pass_obj
def add(settings: Settings, /, **options: str) -> None:
    """Add an account and print its temporary password."""
    with closing(bootstrap.of(settings)) as server:
        try:
            account, password = server.authorization.registrar.add(_wanted(server, options))
        except RegistrationError as fault:
            raise click.ClickException(str(fault)) from fault
        except CollisionError as taken:
            raise click.ClickException(f"The login `{options['login']}` is taken.") from taken
    click.echo(f"Added `{account.login}`. The temporary password:", err=True)
    click.echo(password)


@user.command("role", help=ROLE_HELP)
@click.argument("login")
@_ROLE
@_AGENCY
@_SINCE
@_UNTIL
@click.pass_obj
def role(settings: Settings, /, **options: str) -> None:
    """Give an account a further role."""
    with closing(bootstrap.of(settings)) as server:
        account = _account(server, options["login"])
        wanted = _wanted(server, {**options, "name": account.name, "fhir_user": account.fhir_user})
        server.authorization.registrar.add_role(account.account_id, wanted)


@user.command("disable", help=DISABLE_HELP)
@click.argument("login")
@click.pass_obj
def disable(settings: Settings, login: str) -> None:
    """Refuse an account."""
    with closing(bootstrap.of(settings)) as server:
        server.authorization.registrar.disable(_account(server, login).account_id)
    click.echo(f"Refused `{login}` from now on.", err=True)


@user.command("reset", help=RESET_HELP)
@click.argument("login")
@click.pass_obj
def reset(settings: Settings, login: str) -> None:
    """Print a new temporary password."""
    with closing(bootstrap.of(settings)) as server:
        password = server.authorization.registrar.reset(_account(server, login).account_id)
    click.echo(password)


@user.command("demo", help=DEMO_HELP)
@click.argument("login")
@click.pass_obj
def demo(settings: Settings, login: str) -> None:
    """Print the password and the present code of one of the demo's people."""
    try:
        password, code = current_code(Path(settings.demo_keys), login, bootstrap.now())
    except KeyError as fault:
        raise click.ClickException(f"`{login}` is none of the demo's people.") from fault
    click.echo(f"password  {password}\ncode      {code}")


@user.command("list", help=LIST_HELP)
@click.pass_obj
def list_(settings: Settings) -> None:
    """Print all accounts."""
    with closing(bootstrap.of(settings)) as server:
        lines = [_line(server, account) for account in server.authorization.stores.accounts.all()]
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *lines, strict=True)]
    for line in (_HEADINGS, *lines):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


_HEADINGS = ("LOGIN", "NAME", "ROLES", "STATE")


def _line(server: Server, account: AccountRow) -> Sequence[str]:
    roles = [
        f"{PERMISSIONS[Role(one.role)].label} of {one.organization_id or 'all agencies'}"
        for one in server.authorization.sign_in.roles(account.account_id)
    ]
    state = "active" if account.disabled_at is None else "refused"
    return account.login, account.name, "; ".join(roles) or "none at present", state


def _wanted(server: Server, options: dict[str, str]) -> NewAccount:
    key, id_ = 0, ""
    if options["organization"]:
        system = server.repository(server.system())
        found = organization(system, options["organization"], identifier(server.secret))
        key, id_ = found.key, found.id
    return NewAccount(
        login=options["login"],
        name=options["name"],
        role=Role(options["role"]),
        organization=key,
        organization_id=id_,
        fhir_user=options["fhir_user"],
        since=_start(options["since"], server.clock()),
        until=_end(options["until"]),
    )


def _account(server: Server, login: str) -> AccountRow:
    found = server.authorization.stores.accounts.by_login(normal(login))
    if found is None:
        raise click.ClickException(f"There is no account with the login `{login}`.")
    return found


def _start(text: str, now: int) -> int:
    return _instant(_day(text)) if text else now


def _end(text: str) -> int:
    return _instant(_day(text) + timedelta(days=1)) if text else FOREVER


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"`{text}` is no day such as `2026-06-30`.") from None


def _instant(day: date) -> int:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return int(start.timestamp()) * MICROSECONDS


COMMAND = user

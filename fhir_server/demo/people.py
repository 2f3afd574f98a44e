"""The demo's people: one account for each role, and an app for them to let in.

Passwords and second factors are made for each deployment, and are written where the demo's keys
are, readable by its owner alone. The tour says how to log in with them.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fhir_server.demo import region
from fhir_server.fhir.resource import Element
from fhir_server.search.labels import Purpose
from fhir_server.smart.clients import PUBLIC, Client, to_row
from fhir_server.smart.granting import CONTEXT_SCOPES
from fhir_server.smart.login import password, totp
from fhir_server.smart.login.register import NewAccount
from fhir_server.smart.roles import Role
from fhir_server.smart.scopes import parse_scopes
from fhir_server.smart.service import AuthorizationService

APP = "demo-app"
APP_PORT = 9000
APP_REDIRECT = f"http://127.0.0.1:{APP_PORT}/callback"
_OWNER_ONLY = 0o600
_NAMES = {
    Role.CLINICIAN: ("Casey Clinician", region.MOBILE_CRISIS),
    Role.PEER: ("Pat Peer", region.MOBILE_CRISIS),
    Role.DISPATCHER: ("Dana Dispatcher", region.PSAP),
    Role.POLICE_OFFICER: ("Olli Officer", region.POLICE),
    Role.ED_PHYSICIAN: ("Erin Emergency", region.HOSPITAL),
    Role.EHR_USER: ("Harper Record", region.CLINIC),
    Role.PRIVACY_OFFICER: ("Perry Privacy", region.MOBILE_CRISIS),
    Role.PROGRAM_MANAGER: ("Morgan Manager", region.MOBILE_CRISIS),
    Role.EPIDEMIOLOGIST: ("Eli Epidemiologist", region.PUBLIC_HEALTH),
    Role.PATIENT: ("Quinn Patient", region.MOBILE_CRISIS),
    Role.ADMINISTRATOR: ("Alex Administrator", ""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agencies:
    """`organization` gives an agency's key and id; `patient` is the id of one of its people."""

    organization: Callable[[str], tuple[int, str]]
    patient: str | None


def people_file(folder: Path) -> Path:
    """Return where the logins of the demo's people are written."""
    return folder / "people.json"


def register_people(
    service: AuthorizationService, folder: Path, agencies: Agencies
) -> Iterator[str]:
    """Make the accounts that are missing, and yield their logins.

    Raises:
        OSError: The file cannot be written or read.
    """
    _register_app(service, agencies)
    known = _read(people_file(folder))
    for role, (name, agency) in _NAMES.items():
        if service.stores.accounts.by_login(role) is None and _is_possible(role, agencies):
            # The file first: an account whose password nobody knows could never be used.
            known[role] = known.get(role) or _secrets(service)
            _write(people_file(folder), known)
            _add(service, _wanted(role, name, agency, agencies), known[role])
            yield role


def current_code(folder: Path, login: str, at: int) -> tuple[str, str]:
    """Return the password of a demo login and its code at `at` (microseconds).

    Raises:
        KeyError: There is no such login among the demo's.
    """
    found = _read(people_file(folder))[login]
    return found["password"], totp.code_at(found["totp"], at)


def _is_possible(role: Role, agencies: Agencies) -> bool:
    return role is not Role.PATIENT or agencies.patient is not None


def _wanted(role: Role, name: str, agency: str, agencies: Agencies) -> NewAccount:
    key, id_ = agencies.organization(agency) if agency else (0, "")
    return NewAccount(
        login=role,
        name=name,
        role=role,
        organization=key,
        organization_id=id_,
        fhir_user=f"Patient/{agencies.patient}" if role is Role.PATIENT else "",
    )


def _add(service: AuthorizationService, wanted: NewAccount, secrets: Element) -> None:
    account, _ = service.registrar.add(wanted, secrets["password"])
    kept = totp.credential(
        account.account_id, secrets["totp"], 0, service.registrar.clock(), service.seal
    )
    service.stores.accounts.put_credential(kept)


def _secrets(service: AuthorizationService) -> Element:
    random = service.registrar.random
    return {"password": password.temporary_password(random), "totp": totp.new_key(random)}


def _register_app(service: AuthorizationService, agencies: Agencies) -> None:
    oauth = service.stores.oauth
    if oauth.client(APP) is not None:
        return
    key, id_ = agencies.organization(region.HOSPITAL)
    client = Client(
        client_id=APP,
        name="Crisis summary (sample app)",
        organization=key,
        organization_id=id_,
        jwks=(),
        scopes=parse_scopes("patient/*.rs user/*.rs"),
        purposes=Purpose.TREAT | Purpose.COC | Purpose.ETREAT | Purpose.PATRQT,
        registered_at=service.registrar.clock(),
        auth_method=PUBLIC,
        redirect_uris=(APP_REDIRECT,),
        launch_uri=f"http://127.0.0.1:{APP_PORT}/launch",
        context_scopes=CONTEXT_SCOPES,
    )
    oauth.register(to_row(client))


def _read(path: Path) -> dict[str, Element]:
    found: dict[str, Element] = json.loads(path.read_bytes()) if path.exists() else {}
    return found


def _write(path: Path, known: dict[str, Element]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(json.dumps(known, indent=1).encode())

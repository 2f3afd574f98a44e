"""The demo's clients: one for each flow of the README, with a fresh key each.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html . Private keys are written where
the operator's own commands find them, readable by nobody else.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fhir_server.demo import region
from fhir_server.search.labels import Purpose
from fhir_server.smart.clients import Client, to_row
from fhir_server.smart.keys import Jwk, new_private_key, public_keys, public_part
from fhir_server.smart.scopes import parse_scopes
from fhir_server.storage.oauth import OAuthStore


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoClient:
    """A client as the demo registers it; `flow` says what it is there to show."""

    id: str
    name: str
    agency: str
    scopes: str
    purposes: Purpose
    flow: str
    medical_personnel: bool = False
    privacy_officer: bool = False


INTAKE = DemoClient(
    id="demo-mobile-crisis",
    name="Dispatch system of the mobile crisis team",
    agency=region.MOBILE_CRISIS,
    scopes="system/*.cruds",
    purposes=Purpose.TREAT,
    flow="hands in crisis records",
)
EMERGENCY = DemoClient(
    id="demo-emergency-department",
    name="Emergency department of Larkspur General",
    agency=region.HOSPITAL,
    scopes="system/*.rs",
    purposes=Purpose.TREAT | Purpose.ETREAT,
    flow="asks what happened to a patient lately",
    medical_personnel=True,
)
EHR = DemoClient(
    id="demo-clinic-ehr",
    name="EHR of Riverside Clinic",
    agency=region.CLINIC,
    scopes="system/*.rs",
    purposes=Purpose.TREAT,
    flow="keeps its patients in step",
)
PUBLIC_HEALTH = DemoClient(
    id="demo-public-health",
    name="Reports of the state's behavioral health authority",
    agency=region.PUBLIC_HEALTH,
    scopes="system/Measure.rs system/MeasureReport.rs",
    purposes=Purpose.PUBHLTH,
    flow="reads measures",
)
PRIVACY = DemoClient(
    id="demo-privacy-officer",
    name="Privacy officer of the mobile crisis team",
    agency=region.MOBILE_CRISIS,
    scopes="system/*.rs",
    purposes=Purpose.HOPERAT,
    flow="reads the audit trail",
    privacy_officer=True,
)
CLIENTS = (INTAKE, EMERGENCY, EHR, PUBLIC_HEALTH, PRIVACY)
_OWNER_ONLY = 0o600
_FOLDER_OF_OWNER = 0o700


def key_file(folder: Path, client: DemoClient) -> Path:
    """Return where the private key of a demo client is kept."""
    return folder / f"{client.id}.jwk"


def register(
    oauth: OAuthStore,
    folder: Path,
    organization: Callable[[str], tuple[int, str]],
    at: int,
) -> Iterator[DemoClient]:
    """Register the clients that are not registered yet, and yield them.

    `organization` gives the key and the id of an agency's Organization; `at` is microseconds.

    Raises:
        OSError: The key files cannot be written or read.
    """
    for client in CLIENTS:
        if oauth.client(client.id) is None:
            # The key first: a registered client without a key on disk could never be used.
            public = _key(key_file(folder, client), client.id)
            oauth.register(to_row(_client(client, public, organization(client.agency), at)))
            yield client


def _client(demo: DemoClient, public: Jwk, organization: tuple[int, str], at: int) -> Client:
    key, organization_id = organization
    return Client(
        client_id=demo.id,
        name=demo.name,
        organization=key,
        organization_id=organization_id,
        jwks=public_keys(json.dumps(public).encode()),
        scopes=parse_scopes(demo.scopes),
        purposes=demo.purposes,
        medical_personnel=demo.medical_personnel,
        privacy_officer=demo.privacy_officer,
        registered_at=at,
    )


def _key(path: Path, kid: str) -> Jwk:
    """Return the public part of the key in the file, which is made if it is not there."""
    path.parent.mkdir(mode=_FOLDER_OF_OWNER, parents=True, exist_ok=True)
    if not path.exists():
        made = json.dumps(new_private_key(kid)).encode()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(made)
    private: Jwk = json.loads(path.read_bytes())
    return public_part(private)

"""A server as users run it: its own process, a database, clients with tokens, real HTTP."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from fhir_server import bootstrap
from fhir_server.access.changes import Create
from fhir_server.bootstrap import Server
from fhir_server.search.labels import Purpose
from fhir_server.settings import Settings
from fhir_server.smart.tokens import TOKEN_BYTES, token_hash, token_text
from fhir_server.storage.oauth import ClientRow, TokenRow
from tests.ports import free_port

MINUTE = 60_000_000
SECONDS_TO_START = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a test client is registered for."""

    scopes: str = "system/*.cruds"
    purpose: Purpose = Purpose.TREAT
    submits_for: tuple[str, ...] = ()
    assign_ids: bool = False
    medical_personnel: bool = False
    privacy_officer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An organisation with a client of its own."""

    id: str
    http: httpx.Client


@dataclass(frozen=True, slots=True)
class Deployment:
    """A running server at `url`, and the same one wired in this process on the same database."""

    url: str
    server: Server
    opened: list[httpx.Client] = field(default_factory=list)
    log: Path = Path()

    def organization(self, name: str = "Agency") -> str:
        """Return the id of a new Organization."""
        repository = self.server.repository(self.server.system())
        resource = {"resourceType": "Organization", "name": name, "active": True}
        (committed,) = repository.commit((Create(type="Organization", resource=resource),))
        return committed.id

    def agency(self, name: str = "Agency", registration: Registration | None = None) -> Agency:
        """Return a new organisation and a client of it that has a token."""
        organization = self.organization(name)
        return Agency(id=organization, http=self.client(organization, registration))

    def client(self, organization: str, registration: Registration | None = None) -> httpx.Client:
        """Return an HTTP client with a valid token, registered for an organisation."""
        chosen = registration or Registration()
        client_id = self.register(organization, chosen)
        token = self.token(client_id, chosen.scopes, chosen.purpose)
        return self.http({"Authorization": f"Bearer {token}"})

    def http(self, headers: dict[str, str] | None = None) -> httpx.Client:
        """Return an HTTP client with these headers and no token of its own."""
        client = httpx.Client(base_url=f"{self.url}/fhir", headers=headers, timeout=30)
        self.opened.append(client)
        return client

    def register(self, organization: str, registration: Registration) -> str:
        """Return the id of a new client."""
        stored = self.server.repository(self.server.system()).read("Organization", organization)
        client_id = str(uuid.uuid4())
        self.server.oauth.register(
            ClientRow(
                client_id=client_id,
                name="Test client",
                organization=stored.key,
                organization_id=organization,
                jwks="[]",
                scopes=registration.scopes,
                purposes=int(registration.purpose),
                submits_for=json.dumps(registration.submits_for),
                assign_ids=registration.assign_ids,
                medical_personnel=registration.medical_personnel,
                privacy_officer=registration.privacy_officer,
                registered_at=self.server.clock(),
                revoked_at=None,
            )
        )
        return client_id

    def token(
        self, client_id: str, scopes: str, purpose: Purpose, *, lives: int = 60 * MINUTE
    ) -> str:
        """Return a token of a registered client that lives so many microseconds."""
        client = self.server.oauth.client(client_id)
        assert client is not None
        token = token_text(os.urandom(TOKEN_BYTES))
        now = self.server.clock()
        row = TokenRow(
            token_hash=token_hash(token),
            client_id=client_id,
            expires_at=now + lives,
            purpose=int(purpose),
            scopes=scopes,
            actors=json.dumps(sorted(self.server.oauth.actors(client.organization))),
        )
        self.server.oauth.issue(row, now)
        return token


@contextmanager
def deployed(
    database_url: str, folder: Path, settings: Settings | None = None
) -> Iterator[Deployment]:
    """Run the server in a process of its own for the block, by default with one worker."""
    port = free_port()
    chosen = replace(
        settings or Settings(workers=1),
        database_url=database_url,
        port=port,
        secret_key_file=str(folder / "secret-key"),
    )
    server = bootstrap.of(chosen)
    path = folder / f"server-{port}.log"
    with path.open("wb") as log:
        process = subprocess.Popen(
            _command(chosen), env=_environment(chosen), stdout=log, stderr=log
        )
    found = Deployment(chosen.public_url, server, log=path)
    try:
        _wait(found.url, process)
        yield found
    finally:
        for client in found.opened:
            client.close()
        process.terminate()
        process.wait()
        server.close()


def _command(settings: Settings) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--factory"),
        *("--host", settings.host, "--port", str(settings.port)),
        *("--workers", str(settings.workers), "--blocking-threads", "1"),
        # A worker that is told to stop while it starts would never stop of its own accord.
        *("--workers-kill-timeout", "5", "--no-ws", "--log-level", "warning"),
        "fhir_server.web.app:create_application",
    ]


def _environment(settings: Settings) -> dict[str, str]:
    names = settings.__dataclass_fields__
    return {**os.environ, **{name.upper(): str(getattr(settings, name)) for name in names}}


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    limit = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < limit:
        try:
            if httpx.get(f"{url}/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            assert process.poll() is None, "The server ended; see its log."
        time.sleep(0.02)
    raise AssertionError(f"The server did not answer within {SECONDS_TO_START} s.")

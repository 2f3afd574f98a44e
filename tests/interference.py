"""Two worlds that differ only in what a caller may not see, and everything that a caller can ask.

Both are copies of one base world. Into one of them others write more, after the base and before
anybody asks; then each viewer sends the same requests to both, reads and writes alike, at the same
time by the clock and with the same ids. What comes back is compared byte for byte.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlsplit

from flask.testing import FlaskClient

from fhir_server import bootstrap
from fhir_server.access.context import AccessContext
from fhir_server.fhir import crisis
from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.interactions.route import template
from fhir_server.search.labels import Purpose
from fhir_server.settings import Settings
from fhir_server.smart.clients import Client, to_row
from fhir_server.smart.launch import LaunchContext
from fhir_server.smart.login.register import FOREVER
from fhir_server.smart.roles import Role
from fhir_server.smart.scopes import parse_scopes
from fhir_server.smart.tokens import TOKEN_BYTES, token_hash, token_text
from fhir_server.storage.accounts import AccountRow, RoleRow
from fhir_server.storage.grants import CodeRow, GrantedRow
from fhir_server.storage.oauth import ClientRow, TokenRow
from fhir_server.storage.sessions import SessionRow
from fhir_server.web.app import create_app
from fhir_server.web.ui.page import Visit
from tests.gate import NOW, Caller, consent, encounter, episode, observation, patient, reference

SECOND = 1_000_000
HIDING, ASKING = NOW + 3600 * SECOND, NOW + 7200 * SECOND
SSN = {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "458217703"}
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
ALL = "system/*.cruds"
APP = "the-app"
REDIRECT = "https://app.example/callback"
# Whom an app's request is about: nobody yet, somebody whom most may see, and somebody hidden.
LAUNCH_PATIENTS = ("", "ana", "hidden")


@dataclass(slots=True)
class Clock:
    """`time` is microseconds; ids are counted from where `name` begins."""

    time: int = NOW
    name: str = "base"
    numbers: "count[int]" = field(default_factory=lambda: count(1))
    randoms: "count[int]" = field(default_factory=lambda: count(1))

    def at(self, time: int, name: str) -> None:
        self.time, self.name, self.numbers, self.randoms = time, name, count(1), count(1)

    def random(self, size: int) -> bytes:
        return drawn(self.name, next(self.randoms), size)

    def new_id(self) -> str:
        return f"{self.name}-{next(self.numbers)}"


def drawn(name: str, number: int, size: int = TOKEN_BYTES) -> bytes:
    """Return what the clock that is called `name` draws as its `number`th random bytes."""
    return hashlib.sha256(f"{name} {number}".encode()).digest()[:size]


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Somebody who asks. `treats_nobody_yet`: an emergency department's client."""

    name: str
    organization: str
    purpose: Purpose = Purpose.TREAT
    medical_personnel: bool = False
    privacy_officer: bool = False
    role: Role = Role.CLINICIAN

    @property
    def session(self) -> str:
        """The cookie of the person who looks at pages at the same agency."""
        return token_text(drawn(f"session of {self.name}", 1))

    @property
    def visit(self) -> str:
        """The cookie of that person's browser."""
        return token_text(drawn(f"visit of {self.name}", 1))

    def handle(self, patient: str) -> str:
        """The handle of an app's request to that person, with this launch patient."""
        return token_text(drawn(f"request to {self.name} {patient}", 1))


CLINIC = Viewer(name="clinic", organization="clinic")
STRANGER = Viewer(name="stranger", organization="stranger")
OPERATIONS = Viewer(
    name="operations",
    organization="mct",
    purpose=Purpose.HOPERAT,
    role=Role.PROGRAM_MANAGER,
)
OFFICER = Viewer(
    name="officer", organization="clinic", privacy_officer=True, role=Role.PRIVACY_OFFICER
)
HEALTH = Viewer(
    name="health", organization="health", purpose=Purpose.PUBHLTH, role=Role.EPIDEMIOLOGIST
)
ED = Viewer(
    name="ed",
    organization="ed",
    purpose=Purpose.ETREAT,
    medical_personnel=True,
    role=Role.ED_PHYSICIAN,
)
VIEWERS = (CLINIC, STRANGER, OPERATIONS, OFFICER, HEALTH, ED)
AGENCIES = ("mct", "clinic", "stranger", "health", "ed", "other", "program")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request. `body` is sent as JSON, a text as a form."""

    method: str
    path: str
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_page(self) -> bool:
        """Whether a person asks, in a browser with a session."""
        return self.path.startswith(("/authorize", "/account"))

    @property
    def route(self) -> tuple[str, str]:
        """Where it goes, as the routing table names it."""
        path = urlsplit(self.path).path
        if not path.startswith("/fhir"):
            return self.method, path
        below = path.removeprefix("/fhir").strip("/")
        return self.method, template(tuple(below.split("/")) if below else ())


# Status, body, headers.
Answer = tuple[int, bytes, tuple[tuple[str, str], ...]]


class World:
    """A server on a database, in this process, on a clock that the test moves."""

    def __init__(self, database_url: str) -> None:
        self.clock = Clock()
        self.server = bootstrap.build(
            Settings(database_url=database_url),
            clock=lambda: self.clock.time,
            ids=self.clock.new_id,
            random=self.clock.random,
        )
        self.app = create_app(self.server)

    def close(self) -> None:
        self.server.close()

    def caller(self, organization: str) -> Caller:
        """Return a repository of an agency that may choose ids."""
        system = self.server.repository(self.server.system())
        key = system.read("Organization", organization).key
        context = AccessContext(
            client_id=organization,
            organization=key,
            organization_id=organization,
            actors=frozenset({key}),
            purpose=Purpose.TREAT,
            scopes=parse_scopes(ALL),
            at=self.clock.time,
            request_id="writing",
            assign_ids=True,
        )
        return Caller(context, self.server.ports)

    def system(self) -> Caller:
        return Caller(self.server.system(), self.server.ports).assigning()

    def ask(self, viewer: Viewer, asks: Sequence[Ask]) -> Iterator[tuple[Ask, Answer]]:
        """Yield the answer to each request, and to those for the pages that follow."""
        client = self.app.test_client(use_cookies=False)
        for ask in asks:
            found = self._answer(client, viewer, ask)
            yield ask, found
            while following := _next_page(found):
                page = Ask(method="GET", path=following)
                found = self._answer(client, viewer, page)
                yield page, found

    def _csrf(self, viewer: Viewer) -> str:
        return Visit(
            server=self.server,
            visit=viewer.visit,
            cookie=viewer.session,
            is_new=False,
            signed_in=None,
        ).csrf

    def _answer(self, client: FlaskClient, viewer: Viewer, ask: Ask) -> Answer:
        headers = {
            "Authorization": f"Bearer {token_of(viewer)}",
            "X-Request-Id": "asked",
            **ask.headers,
        }
        if ask.is_page:
            headers["Cookie"] = f"handoff={viewer.session}; handoff-visit={viewer.visit}"
        if isinstance(ask.body, str):
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif ask.body is not None:
            is_intake = ask.path.startswith("/intake")
            kind = "application/json" if is_intake else "application/fhir+json"
            headers.setdefault("Content-Type", kind)
        data = ask.body if isinstance(ask.body, str | None) else json.dumps(ask.body)
        if ask.is_page and isinstance(data, str):
            data = f"{data}&csrf={self._csrf(viewer)}"
        response = client.open(ask.path, method=ask.method, data=data, headers=headers)
        sent = tuple(sorted((name, value) for name, value in response.headers.items()))
        return response.status_code, response.get_data(), sent


def token_of(viewer: Viewer) -> str:
    """Return the token that the base world issued to `viewer`."""
    return token_text(hashlib.sha256(viewer.name.encode()).digest()[:TOKEN_BYTES])


@contextmanager
def world(database_url: str) -> Iterator[World]:
    """Open a world for the block."""
    found = World(database_url)
    try:
        yield found
    finally:
        found.close()


def write_base(found: World) -> None:
    """Write what all worlds have in common, and register the viewers."""
    system = found.system()
    for agency in AGENCIES:
        part2 = {"url": crisis.PART2_PROGRAM, "extension": [{"url": "is", "valueBoolean": True}]}
        extension = [part2] if agency == "program" else []
        system.put(
            {"resourceType": "Organization", "id": agency, "name": agency} | _some(extension)
        )
    for viewer in VIEWERS:
        _register(found, viewer)
    _register_app(found)
    for viewer in VIEWERS:
        _log_in(found, viewer)
    found.clock.at(NOW, "base after logins")
    mct, clinic = found.caller("mct"), found.caller("clinic")
    for name, birth in (("ana", "1990-01-01"), ("ben", "1991-01-01")):
        mct.put(
            patient(id=name, name=[{"family": "Reyes", "given": [name]}], birthDate=birth)
            | ({"identifier": [SSN]} if name == "ana" else {})
        )
        mct.put(episode(name, "clinic", id=f"episode-{name}"))
        for day in range(1, 4):
            mct.put(a_crisis(name, f"crisis-{name}-{day}", f"2026-02-0{day}", f"episode-{name}"))
        mct.put(observation(name, id=f"finding-{name}"))
    mct.put(consent("ben", "deny", "stranger", id="directive-ben"))
    clinic.put(patient(id="ana-at-clinic", identifier=[SSN]))
    clinic.put(observation("ana-at-clinic", id="finding-at-clinic"))
    clinic.put({**observation("ana-at-clinic", id="finding-at-clinic"), "status": "amended"})
    clinic.put(observation("ana-at-clinic", id="deleted-at-clinic"))
    clinic.remove("Observation", "deleted-at-clinic")


def _some(extension: list[Element]) -> Resource:
    return {"extension": extension} if extension else {}


def _register(found: World, viewer: Viewer) -> None:
    key = found.system().read("Organization", viewer.organization).key
    found.server.oauth.register(
        ClientRow(
            client_id=viewer.name,
            name=viewer.name,
            organization=key,
            organization_id=viewer.organization,
            jwks="[]",
            scopes=ALL,
            purposes=int(viewer.purpose),
            submits_for="[]",
            assign_ids=False,
            medical_personnel=viewer.medical_personnel,
            privacy_officer=viewer.privacy_officer,
            registered_at=NOW,
            revoked_at=None,
            launches=True,
        )
    )
    token = TokenRow(
        token_hash=token_hash(token_of(viewer)),
        client_id=viewer.name,
        expires_at=ASKING * 2,
        purpose=int(viewer.purpose),
        scopes=ALL,
        actors=json.dumps([key]),
    )
    found.server.oauth.issue(token, NOW)


def _register_app(found: World) -> None:
    app = Client(
        client_id=APP,
        name="App",
        organization=found.system().read("Organization", "mct").key,
        organization_id="mct",
        jwks=(),
        scopes=parse_scopes("patient/*.rs user/*.rs"),
        purposes=Purpose((1 << 14) - 1),
        registered_at=NOW,
        auth_method="none",
        redirect_uris=(REDIRECT,),
        context_scopes=("launch", "launch/patient", "openid"),
    )
    found.server.oauth.register(to_row(app))


def _log_in(found: World, viewer: Viewer) -> None:
    """Let a person of the viewer's agency have a session, and requests of an app to decide on."""
    key = found.system().read("Organization", viewer.organization).key
    stores = found.server.authorization.stores
    found.clock.at(ASKING, f"person of {viewer.name}")
    account_id = f"account-of-{viewer.name}"
    stores.accounts.add(
        AccountRow(
            account_id=account_id,
            login=viewer.name,
            name=viewer.name,
            fhir_user="",
            created_at=NOW,
        ),
        (
            RoleRow(
                role_id=f"role-of-{viewer.name}",
                account_id=account_id,
                role=viewer.role,
                organization=key,
                organization_id=viewer.organization,
                since=0,
                until=FOREVER,
            ),
        ),
    )
    stores.sessions.start(
        SessionRow(
            session_hash=token_hash(viewer.session),
            session_id=f"session-of-{viewer.name}",
            account_id=account_id,
            role_id=f"role-of-{viewer.name}",
            stage="full",
            authenticated_at=ASKING,
            seen_at=ASKING,
            expires_at=ASKING * 2,
        )
    )
    authorizer = found.server.authorization.authorizer
    for patient_ in LAUNCH_PATIENTS:
        found.clock.at(ASKING, f"request to {viewer.name} {patient_}")
        wish = {
            "response_type": "code",
            "client_id": APP,
            "redirect_uri": REDIRECT,
            "scope": "launch/patient patient/*.rs",
            "state": "s",
            "aud": found.server.base,
            "code_challenge": "c" * 43,
            "code_challenge_method": "S256",
        }
        handle = authorizer.begin(list(wish.items()), viewer.visit)
        pending = authorizer.pending(handle, viewer.visit)
        assert pending is not None
        authorizer.choose_patient(pending, patient_)
    granted = _granted(viewer, account_id)
    stores.grants.grant(
        granted,
        CodeRow(
            code_hash=token_hash(granted.grant_id),
            grant_id=granted.grant_id,
            client_id=APP,
            redirect_uri=REDIRECT,
            code_challenge="c" * 43,
            expires_at=NOW,
        ),
    )


def _granted(viewer: Viewer, account_id: str) -> GrantedRow:
    """Return what the person granted before: an app about somebody who may be hidden now."""
    return GrantedRow(
        grant_id=f"grant-of-{viewer.name}",
        client_id=APP,
        account_id=account_id,
        role_id=f"role-of-{viewer.name}",
        session_id=f"session-of-{viewer.name}",
        scopes="patient/*.rs",
        context_scopes="",
        purpose=int(Purpose.TREAT),
        patient="hidden",
        context=LaunchContext().to_json(),
        nonce="",
        authenticated_at=NOW,
        granted_at=NOW,
        expires_at=ASKING * 2,
    )


def a_crisis(person: str, id_: str, day: str, of_episode: str = "") -> Resource:
    """Return a crisis Encounter with a timeline, a disposition and what police did."""

    def event(code: str, time: str) -> Element:
        parts = [{"url": "event", "valueCode": code}, {"url": "time", "valueDateTime": time}]
        return {"url": crisis.TIMELINE, "extension": parts}

    concept = {"coding": [{"code": "resolved-on-scene"}]}
    kind = {"system": crisis.ENCOUNTER_TYPE_SYSTEM, "code": "crisis-field-response"}
    return encounter(
        person,
        id=id_,
        type=[{"coding": [kind]}],
        period={"start": f"{day}T10:00:00Z", "end": f"{day}T11:00:00Z"},
        serviceProvider=reference("Organization/mct"),
        extension=[
            event("received", f"{day}T09:50:00Z"),
            event("at-patient", f"{day}T10:00:00Z"),
            {
                "url": crisis.DISPOSITION,
                "extension": [
                    {"url": "disposition", "valueCodeableConcept": concept},
                    {"url": "voluntary", "valueBoolean": True},
                ],
            },
            {"url": crisis.USE_OF_FORCE, "extension": [{"url": "kind", "valueCode": "none"}]},
        ],
        **({"episodeOfCare": [reference(f"EpisodeOfCare/{of_episode}")]} if of_episode else {}),
    )


def _next_page(answer: Answer) -> str | None:
    status, body, _ = answer
    if status != 200 or b'"next"' not in body:
        return None
    links = json.loads(body).get("link", ())
    found = [link["url"] for link in links if link["relation"] == "next"]
    return found[0].split("127.0.0.1:8080", 1)[1] if found else None

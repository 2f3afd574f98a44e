"""The only wiring: settings to a server, with every store, registry, clock and source of ids.

Nothing else makes an engine, reads a clock or draws a random number.
"""

import os
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

from fhir_server import operations as operations_package
from fhir_server import registry
from fhir_server.access.context import AccessContext
from fhir_server.access.ports import Ports
from fhir_server.access.repository import Repository
from fhir_server.fhir import definitions as r4
from fhir_server.fhir.definitions import Definitions
from fhir_server.intake import records as records_package
from fhir_server.intake.record import Record
from fhir_server.interactions.capabilities import capabilities, capability_statement
from fhir_server.interactions.cursor import CursorSeal
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.operation import Operation
from fhir_server.interactions.paging import Paging
from fhir_server.interactions.route import Routes
from fhir_server.interactions.table import routes
from fhir_server.interactions.terminology_capabilities import terminology_capabilities
from fhir_server.packages import built_in
from fhir_server.packages.load import load
from fhir_server.packages.packages import Packages
from fhir_server.reporting import measures as measures_package
from fhir_server.reporting.measure import Measure
from fhir_server.reporting.measure_resource import install
from fhir_server.search.labels import Purpose
from fhir_server.settings import Settings
from fhir_server.smart.authorize import own_patient
from fhir_server.smart.login.sign_in import SignedIn
from fhir_server.smart.roles import PERMISSIONS, Role
from fhir_server.smart.scopes import parse_scopes
from fhir_server.smart.service import AuthorizationService, Sources, authorization_service
from fhir_server.smart.tokens import resolve
from fhir_server.storage import deployment, engine
from fhir_server.storage.audit_log import AuditLog
from fhir_server.storage.engine import Database
from fhir_server.storage.facts import FactStore
from fhir_server.storage.oauth import OAuthStore
from fhir_server.storage.resources import ResourceStore
from fhir_server.terminology.terminology import Terminology
from fhir_server.validation.conformance import Profiled
from fhir_server.validation.validator import Validator

Clock = Callable[[], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Everything that serves: made once per process, shared by its requests.

    `clock` gives microseconds since 1970 UTC, `ids` an id that nobody can guess, `random` so many
    random bytes. `secret` is the deployment's own: what is derived from it stays the same for the
    life of the database.
    """

    settings: Settings
    definitions: Definitions
    database: Database
    ports: Ports
    oauth: OAuthStore
    secret: bytes
    records: tuple[Record, ...]
    measures: tuple[Measure, ...]
    operations: tuple[Operation, ...]
    packages: Packages
    routes: Routes
    capabilities: Callable[[FhirRequest], FhirResponse]
    authorization: AuthorizationService
    clock: Clock
    ids: Callable[[], str]
    random: Callable[[int], bytes]

    @property
    def base(self) -> str:
        """The FHIR base URL, without a trailing slash."""
        return self.ports.base

    def repository(self, context: AccessContext) -> Repository:
        """Return what the caller of one request may read and write."""
        return Repository(context, self.ports)

    def system(self, *, organization: int = 0, organization_id: str = "") -> AccessContext:
        """Return the context of the deployment's own work: a migration, a load, a command.

        `organization` is the key of the Organization that becomes the custodian of what is
        written, and `organization_id` its logical id; neither is needed for directory data.
        """
        return AccessContext(
            client_id="system",
            organization=organization,
            organization_id=organization_id,
            actors=frozenset({organization} - {0}),
            purpose=Purpose.HOPERAT,
            scopes=parse_scopes("system/*.cruds"),
            at=self.clock(),
            request_id=self.ids(),
            system=True,
        )

    def authenticate(self, authorization: str | None, *, at: int, request_id: str) -> AccessContext:
        """Return who bears the token of an Authorization header at `at` (microseconds).

        Raises:
            UnauthorizedError: There is no token, or it is not valid any more.
        """
        grant = resolve(self.oauth, authorization, at)
        return AccessContext(
            client_id=grant.client_id,
            organization=grant.organization,
            organization_id=grant.organization_id,
            actors=grant.actors,
            purpose=grant.purpose,
            scopes=grant.scopes,
            at=at,
            request_id=request_id,
            submits_for=grant.submits_for,
            medical_personnel=grant.medical_personnel,
            privacy_officer=grant.privacy_officer,
            assign_ids=grant.assign_ids,
            user_id=grant.user_id,
            launch_patient=grant.launch_patient,
        )

    def person(
        self, signed_in: SignedIn, purpose: Purpose, scopes: str, *, client_id: str, request_id: str
    ) -> AccessContext | None:
        """Return what somebody who has logged in may do here; None where no role is in force."""
        role = signed_in.role
        if role is None or not role.organization:
            return None
        kind = Role(role.role)
        return AccessContext(
            client_id=client_id,
            organization=role.organization,
            organization_id=role.organization_id,
            actors=frozenset(self.oauth.actors(role.organization)),
            purpose=purpose,
            scopes=parse_scopes(scopes),
            at=self.clock(),
            request_id=request_id,
            medical_personnel=PERMISSIONS[kind].medical_personnel,
            privacy_officer=kind is Role.PRIVACY_OFFICER,
            user_id=signed_in.account.account_id,
            launch_patient=own_patient(signed_in) if kind is Role.PATIENT else "",
        )

    def require_ready(self) -> None:
        """Require that the database answers; its migrations were run when the server was built.

        Raises:
            UnavailableError: It does not.
        """
        with self.database.connect():
            deployment.secret(self.database)

    def close(self) -> None:
        """Give the database's connections back."""
        self.database.close()


def build(
    settings: Settings,
    *,
    clock: Clock,
    ids: Callable[[], str],
    random: Callable[[int], bytes],
    profiled: bool = True,
) -> Server:
    """Return a server on the database of `settings`, which is brought up to date.

    That is: its schema, and the Measures that this version reports. `profiled` False is for
    benchmarks alone: what is written is held against its structure, and not against profiles.

    Raises:
        UnknownProfileError: A required profile is in no package.
        RegistryError: A plug-in exports no constant of its kind.
        UnavailableError: The database cannot be reached.
        DefinitionsError: The FHIR definitions were not compiled.
        PackageError: A package in PACKAGES_DIR cannot be loaded.
    """
    definitions = r4.load()
    database = engine.open(settings.database_url, lock_wait_seconds=settings.lock_wait_seconds)
    database.migrate()
    secret = deployment.secret(database)
    service = authorization_service(
        settings,
        database,
        Sources(clock=clock, ids=ids, random=random),
        secret=secret,
        types=frozenset(definitions.resource_types),
    )
    operations = registry.discover(operations_package, "OPERATION", Operation)
    loaded = packages(settings)
    ports = _ports(settings, database, definitions, clock=clock, ids=ids)
    stated = _capabilities(settings, definitions, operations, loaded)
    server = Server(
        settings=settings,
        definitions=definitions,
        database=database,
        ports=_knowing(ports, settings, loaded, profiled=profiled),
        oauth=service.stores.oauth,
        secret=secret,
        records=registry.discover(records_package, "RECORD", Record),
        measures=registry.discover(measures_package, "MEASURE", Measure),
        operations=operations,
        packages=loaded,
        routes=routes(
            definitions, operations, _paging(settings, secret), lambda request, _: stated(request)
        ),
        capabilities=stated,
        authorization=service,
        clock=clock,
        ids=ids,
        random=random,
    )
    install(server.measures, server.repository(server.system()))
    return server


def from_environment() -> Server:
    """Return the server of the environment's settings, on the real clock and real randomness.

    Raises:
        SettingError: A setting cannot be read.
        FhirError: As for `build`.
    """
    return of(Settings.from_env(os.environ))


def of(settings: Settings) -> Server:
    """Return the server of `settings`, on the real clock and real randomness.

    Raises:
        FhirError: As for `build`.
    """
    return build(settings, clock=now, ids=new_id, random=os.urandom)


def packages(settings: Settings, files: Sequence[Path] = ()) -> Packages:
    """Return the R4 definitions, the crisis guide, the packages of the deployment, and `files`.

    Raises:
        PackageError: One is no FHIR package for R4, or damaged.
    """
    return load(Path(settings.packages_dir), built_in.packages(), files)


def validator(loaded: Packages, terminology: Terminology | None = None) -> Validator:
    """Return what holds resources against the specification and the profiles of `loaded`."""
    return Validator(r4.load(), loaded, terminology or Terminology([loaded]))


def now() -> int:
    """Return the time in microseconds since 1970 UTC."""
    return time.time_ns() // 1000


def new_id() -> str:
    """Return an id that nobody can guess."""
    return str(uuid.uuid4())


def _ports(
    settings: Settings,
    database: Database,
    definitions: Definitions,
    *,
    clock: Clock,
    ids: Callable[[], str],
) -> Ports:
    return Ports(
        store=ResourceStore(database),
        audit=AuditLog(database),
        facts=FactStore(database),
        definitions=definitions,
        base=settings.fhir_base,
        clock=clock,
        new_id=ids,
        suppression_threshold=settings.suppression_threshold,
    )


def _conformance(settings: Settings, holding: Validator) -> Profiled:
    urls = (url.strip() for url in settings.required_profiles.split(","))
    return Profiled(r4.load(), holding, [url for url in urls if url])


def _knowing(ports: Ports, settings: Settings, loaded: Packages, *, profiled: bool) -> Ports:
    """Return `ports` with what the packages tell of codes and profiles."""
    terminology = Terminology([loaded])
    holding = validator(loaded, terminology)
    return replace(
        ports,
        validator=holding,
        terminology=terminology,
        conformance=_conformance(settings, holding) if profiled else None,
    )


def _capabilities(
    settings: Settings,
    definitions: Definitions,
    operations: tuple[Operation, ...],
    loaded: Packages,
) -> Callable[[FhirRequest], FhirResponse]:
    stated = {"public_url": settings.public_url, "software_version": version("handoff-fhir")}
    return capabilities(
        {
            "full": partial(capability_statement, definitions, operations, loaded, **stated),
            "terminology": partial(terminology_capabilities, loaded, **stated),
        }
    )


def _paging(settings: Settings, secret: bytes) -> Paging:
    return Paging(
        seal=CursorSeal.derived_from(secret),
        default_count=settings.default_count,
        max_count=settings.max_count,
    )

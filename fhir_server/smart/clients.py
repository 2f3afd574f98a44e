"""A registered client: an agency's system or an app, its keys, and what it may ask for.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys
"""

import hmac
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256

from fhir_server.search.labels import Purpose
from fhir_server.smart.keys import Jwk
from fhir_server.smart.scopes import (
    Level,
    Scope,
    ScopeError,
    canonical,
    format_scopes,
    parse_scopes,
)
from fhir_server.storage.oauth import ClientRow

AUTHENTICATION = "private_key_jwt"
SECRET = "client_secret_basic"  # noqa: S105 - the name of a method
PUBLIC = "none"
METHODS = (AUTHENTICATION, SECRET, PUBLIC)
GRANT = "client_credentials"
CODE_GRANTS = ("authorization_code", "refresh_token")
_ENDPOINTS = frozenset({"token", "revocation", "introspection"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """`organization` is the key of its Organization resource, `organization_id` the logical id.

    `jwks` are its public keys. `submits_for` are the ids of the agencies whose native records it
    may hand in besides its own. `registered_at` and `revoked_at` are microseconds.

    An app that people launch has `redirect_uris`, and in `context_scopes` what it may ask for
    besides clinical scopes. `auth_method` says how it proves itself: by keys (`jwks`, or those at
    `jwks_uri`), by a secret of which a hash is kept, or not at all. `launches`: an EHR that may ask
    for launch handles. `introspects`: a resource server that may ask about any token.
    """

    client_id: str
    name: str
    organization: int
    organization_id: str
    jwks: tuple[Jwk, ...]
    scopes: tuple[Scope, ...]
    purposes: Purpose
    submits_for: frozenset[str] = frozenset()
    assign_ids: bool = False
    medical_personnel: bool = False
    privacy_officer: bool = False
    registered_at: int
    revoked_at: int | None = None
    auth_method: str = AUTHENTICATION
    secret_hash: bytes | None = None
    jwks_uri: str = ""
    redirect_uris: tuple[str, ...] = ()
    launch_uri: str = ""
    context_scopes: tuple[str, ...] = ()
    launches: bool = False
    introspects: bool = False

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Tell Authlib whether the client may authenticate by `method` at `endpoint`."""
        return method == self.auth_method and endpoint in _ENDPOINTS

    def check_grant_type(self, grant_type: str) -> bool:
        """Tell Authlib whether the client may use `grant_type`."""
        if grant_type == GRANT:
            return self.auth_method == AUTHENTICATION and any(
                scope.level is Level.SYSTEM for scope in self.scopes
            )
        return grant_type in CODE_GRANTS and bool(self.redirect_uris)

    def check_client_secret(self, secret: str) -> bool:
        """Tell whether `secret` is the client's: 256 random bits, so that a hash is enough."""
        return self.secret_hash is not None and hmac.compare_digest(
            self.secret_hash, secret_hash(secret)
        )


def secret_hash(secret: str) -> bytes:
    """Return what is stored of a client's secret."""
    return sha256(secret.encode()).digest()


def registrable_scopes(
    texts: Iterable[str], types: Collection[str], *, app: bool = False
) -> tuple[Scope, ...]:
    """Return the scopes that a backend service, or an `app`, registers, in canonical form.

    Raises:
        ScopeError: One is malformed, of an unknown resource type, at the `system` level though an
            app registers it, or not at it though a backend service does.
    """
    scopes = canonical(scope for text in texts for scope in parse_scopes(text))
    for scope in scopes:
        if scope.level is not Level.SYSTEM and not app:
            raise ScopeError(f"`{scope.level}/` scopes need a user; write `system/`.")
        if scope.level is Level.SYSTEM and app:
            raise ScopeError("`system/` scopes are for backend services; register one apart.")
        if scope.type != "*" and scope.type not in types:
            raise ScopeError(f"`{scope.type}` is not a resource type of FHIR R4.")
    if not scopes:
        raise ScopeError("A client needs at least one scope.")
    return scopes


def of_row(row: ClientRow) -> Client:
    """Return the client that is stored as `row`."""
    return Client(
        client_id=row.client_id,
        name=row.name,
        organization=row.organization,
        organization_id=row.organization_id,
        jwks=tuple(json.loads(row.jwks)),
        scopes=parse_scopes(row.scopes),
        purposes=Purpose(row.purposes),
        submits_for=frozenset(json.loads(row.submits_for)),
        assign_ids=row.assign_ids,
        medical_personnel=row.medical_personnel,
        privacy_officer=row.privacy_officer,
        registered_at=row.registered_at,
        revoked_at=row.revoked_at,
        auth_method=row.auth_method,
        secret_hash=None if row.secret_hash is None else bytes(row.secret_hash),
        jwks_uri=row.jwks_uri,
        redirect_uris=tuple(json.loads(row.redirect_uris)),
        launch_uri=row.launch_uri,
        context_scopes=tuple(row.context_scopes.split()),
        launches=row.launches,
        introspects=row.introspects,
    )


def to_row(client: Client) -> ClientRow:
    """Return `client` as it is stored."""
    return ClientRow(
        client_id=client.client_id,
        name=client.name,
        organization=client.organization,
        organization_id=client.organization_id,
        jwks=json.dumps(client.jwks),
        scopes=format_scopes(client.scopes),
        purposes=int(client.purposes),
        submits_for=json.dumps(sorted(client.submits_for)),
        assign_ids=client.assign_ids,
        medical_personnel=client.medical_personnel,
        privacy_officer=client.privacy_officer,
        registered_at=client.registered_at,
        revoked_at=client.revoked_at,
        auth_method=client.auth_method,
        secret_hash=client.secret_hash,
        jwks_uri=client.jwks_uri,
        redirect_uris=json.dumps(list(client.redirect_uris)),
        launch_uri=client.launch_uri,
        context_scopes=" ".join(client.context_scopes),
        launches=client.launches,
        introspects=client.introspects,
    )

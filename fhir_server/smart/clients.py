"""A registered client: an agency's system, its keys, and what it may ask for.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass

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
GRANT = "client_credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """`organization` is the key of its Organization resource, `organization_id` the logical id.

    `jwks` are its public keys. `submits_for` are the ids of the agencies whose native records it
    may hand in besides its own. `registered_at` and `revoked_at` are microseconds.
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

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Tell Authlib whether the client may authenticate by `method` at `endpoint`."""
        return method == AUTHENTICATION and endpoint == "token"

    def check_grant_type(self, grant_type: str) -> bool:
        """Tell Authlib whether the client may use `grant_type`."""
        return grant_type == GRANT


def registrable_scopes(texts: Iterable[str], types: Collection[str]) -> tuple[Scope, ...]:
    """Return the scopes that a backend service registers, in canonical form.

    Raises:
        ScopeError: One is malformed, not at the `system` level, or of an unknown resource type.
    """
    scopes = canonical(scope for text in texts for scope in parse_scopes(text))
    for scope in scopes:
        if scope.level is not Level.SYSTEM:
            raise ScopeError(f"`{scope.level}/` scopes need a user; write `system/`.")
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
    )

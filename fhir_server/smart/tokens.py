"""Access tokens: opaque, 256 bits, stored as a hash, looked up at each request.

https://www.rfc-editor.org/rfc/rfc6750 and
https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html#issue-access-token

Nothing is remembered outside the database: a revoked client is refused by the next statement.
"""

import json
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from fhir_server.fhir.outcome import UnauthorizedError
from fhir_server.search.labels import Purpose
from fhir_server.smart.roles import PERMISSIONS, Role
from fhir_server.smart.scopes import Scope, parse_scopes
from fhir_server.storage.oauth import GrantRow, OAuthStore

TOKEN_BYTES = 32
_BEARER = re.compile(r"bearer +([A-Za-z0-9_-]{43})", re.IGNORECASE)
_parsed_scopes = lru_cache(maxsize=1024)(parse_scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a valid token stands for; the fields are those of AccessContext.

    Behind an app there is a person: then what follows from who somebody is comes from that
    person's role, and nothing from the app's registration but its scopes.
    """

    client_id: str
    organization: int
    organization_id: str
    actors: frozenset[int]
    purpose: Purpose
    scopes: tuple[Scope, ...]
    submits_for: frozenset[str]
    assign_ids: bool
    medical_personnel: bool
    privacy_officer: bool
    user_id: str = ""
    launch_patient: str = ""


def token_text(random: bytes) -> str:
    """Return `TOKEN_BYTES` random bytes as the text of a token."""
    return urlsafe_b64encode(random).rstrip(b"=").decode()


def token_hash(token: str) -> bytes:
    """Return what is stored of a token."""
    return sha256(token.encode()).digest()


def bearer_hash(authorization: str | None) -> bytes | None:
    """Return what is stored of the token in an Authorization header, None where there is none."""
    found = _BEARER.fullmatch(authorization or "")
    return None if found is None else token_hash(found[1])


def resolve(store: OAuthStore, authorization: str | None, at: int) -> Grant:
    """Return what the token in an Authorization header stands for at `at` (microseconds).

    Raises:
        UnauthorizedError: There is none, or it is unknown, expired, or its client is revoked.
    """
    hash_ = bearer_hash(authorization)
    row = None if hash_ is None else store.token(hash_, at)
    if row is None:
        raise UnauthorizedError(
            "A valid access token is needed: send the header `Authorization: Bearer TOKEN`."
        )
    if row.account_id:
        return _of_a_person(row)
    return Grant(
        client_id=row.client_id,
        organization=row.organization,
        organization_id=row.organization_id,
        actors=frozenset(json.loads(row.actors)),
        purpose=Purpose(row.purpose),
        scopes=_parsed_scopes(row.scopes),
        submits_for=frozenset(json.loads(row.submits_for)),
        assign_ids=row.assign_ids,
        medical_personnel=row.medical_personnel,
        privacy_officer=row.privacy_officer,
    )


def _of_a_person(row: GrantRow) -> Grant:
    role = Role(row.role)
    return Grant(
        client_id=row.client_id,
        organization=row.organization,
        organization_id=row.organization_id,
        actors=frozenset(json.loads(row.actors)),
        purpose=Purpose(row.purpose),
        scopes=_parsed_scopes(row.scopes),
        submits_for=frozenset(),
        assign_ids=False,
        medical_personnel=PERMISSIONS[role].medical_personnel,
        privacy_officer=role is Role.PRIVACY_OFFICER,
        user_id=row.account_id,
        launch_patient=row.patient,
    )

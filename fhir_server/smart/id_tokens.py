"""id_tokens and the keys that sign them.

https://openid.net/specs/openid-connect-core-1_0.html#IDToken and
https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-identity-data

Signed with RS256, which OpenID Connect asks of every server and every library verifies. A rotation
makes a new key that signs from then on; the one before stays published for a day, longer than any
id_token lives, so that nothing that was signed stops being verifiable.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from joserfc import jwt
from joserfc.jwk import RSAKey

from fhir_server.fhir.resource import MICROSECONDS, Element
from fhir_server.smart.sealing import Seal
from fhir_server.storage.signing_keys import SigningKeyRow, SigningKeyStore

ALGORITHM = "RS256"
OVERLAP_SECONDS = 86_400
_BITS = 2048
_PURPOSE = "signing key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """`clock` gives microseconds, `ids` an id that nobody can guess."""

    store: SigningKeyStore
    seal: Seal
    clock: Callable[[], int]
    ids: Callable[[], str]

    def sign(self, claims: Element) -> str:
        """Return `claims` as a JWT that the newest key has signed.

        Raises:
            SealError: The key cannot be opened.
        """
        row = next((row for row in self.published() if row.retired_at is None), None)
        if row is None:
            self.store.add_first(self._new())
            row = next(row for row in self.published() if row.retired_at is None)
        private = RSAKey.import_key(json.loads(self.seal.open(row.sealed, _PURPOSE, row.kid)))
        header = {"alg": ALGORITHM, "kid": row.kid, "typ": "JWT"}
        return jwt.encode(header, claims, private, algorithms=[ALGORITHM])

    def rotate(self) -> str:
        """Let a new key sign from now on; return its `kid`."""
        row = self._new()
        self.store.rotate(row)
        return row.kid

    def jwks(self) -> Element:
        """Return the public keys as a JWK Set; there is one key at least."""
        rows = self.published()
        if not rows:
            self.store.add_first(self._new())
            rows = self.published()
        return {"keys": [json.loads(row.public) for row in rows]}

    def published(self) -> tuple[SigningKeyRow, ...]:
        """Return the published keys, newest first."""
        return self.store.published(self.clock() - OVERLAP_SECONDS * MICROSECONDS)

    def _new(self) -> SigningKeyRow:
        kid = self.ids()
        key = RSAKey.generate_key(_BITS, parameters={"kid": kid, "use": "sig", "alg": ALGORITHM})
        private = json.dumps(key.as_dict(private=True)).encode()
        return SigningKeyRow(
            kid=kid,
            public=json.dumps(key.as_dict(private=False)),
            sealed=self.seal.seal(private, _PURPOSE, kid),
            made_at=self.clock(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom an id_token tells of; `fhir_user` is an absolute URL, "" for none."""

    account_id: str
    name: str
    fhir_user: str


def claims_of(person: Person, context_scopes: tuple[str, ...]) -> Element:
    """Return what the scopes let an app know of a person.

    https://openid.net/specs/openid-connect-core-1_0.html#UserInfo
    """
    found: Element = {"sub": person.account_id}
    if person.fhir_user and "fhirUser" in context_scopes:
        found["fhirUser"] = person.fhir_user
    if "profile" in context_scopes:
        found["name"] = person.name
        if person.fhir_user:
            found["profile"] = person.fhir_user
    return found

"""Clients for tests: keys, registrations, and token requests good and bad."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import uuid4

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from fhir_server.fhir.json import encode
from fhir_server.search.labels import Purpose
from fhir_server.smart.assertion import ASSERTION_TYPE
from fhir_server.smart.clients import Client
from fhir_server.smart.scopes import parse_scopes

SECOND = 1_000_000
Key = RSAKey | ECKey | OctKey
Form = list[tuple[str, str]]


@cache
def ec_key(kid: str = "ec", curve: str = "P-384") -> ECKey:
    return ECKey.generate_key(curve, parameters={"kid": kid})


@cache
def rsa_key(kid: str = "rsa", bits: int = 2048) -> RSAKey:
    return RSAKey.generate_key(bits, parameters={"kid": kid})


def public(key: Key) -> dict[str, Any]:
    return {**key.as_dict(private=False)}


def private_json(key: Key) -> bytes:
    return encode({**key.as_dict(private=True)})


def a_client(
    client_id: str = "ehr",
    *,
    keys: Sequence[Key] = (),
    scopes: str = "system/*.cruds",
    purposes: Purpose = Purpose.TREAT,
    organization: int = 7,
    registered_at: int = 0,
) -> Client:
    return Client(
        client_id=client_id,
        name="The EHR",
        organization=organization,
        organization_id="clinic",
        jwks=tuple(public(key) for key in keys or (ec_key(), rsa_key())),
        scopes=parse_scopes(scopes),
        purposes=purposes,
        registered_at=registered_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """An assertion that is good until a test changes a part of it; times in seconds from `at`."""

    token_url: str
    at: int
    client_id: str = "ehr"
    key: Key = field(default_factory=ec_key)
    alg: str = "ES384"
    header: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()

    def signed(self) -> str:
        now = self.at // SECOND
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.token_url,
            "exp": now + 60,
            "jti": str(uuid4()),
            **self.claims,
        }
        kept = {name: value for name, value in claims.items() if name not in self.without}
        said = {"alg": self.alg, "typ": "JWT", "kid": self.key.kid, **self.header}
        header = {name: value for name, value in said.items() if name not in self.without}
        registry = jws.JWSRegistry(algorithms=[self.alg], strict_check_header=False)
        return jws.serialize_compact(header, encode(kept), self.key, registry=registry)

    def form(self, **fields: str) -> Form:
        return a_form(self.signed(), **fields)


def a_form(assertion: str, **fields: str) -> Form:
    return list(
        {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
            **fields,
        }.items()
    )

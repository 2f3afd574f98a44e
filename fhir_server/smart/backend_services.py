"""The token endpoint for backend services: client_credentials with private_key_jwt.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html

Authlib runs the protocol and its errors (https://www.rfc-editor.org/rfc/rfc6749#section-5.2); this
module says what is granted: the scopes that were both asked for and registered, and one purpose of
use, for five minutes.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import (
    ClientCredentialsGrant,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from typing_extensions import override

from fhir_server.fhir.resource import MICROSECONDS, Element, Json
from fhir_server.search.labels import Purpose
from fhir_server.smart import clients
from fhir_server.smart.clients import AUTHENTICATION, Client
from fhir_server.smart.private_key_jwt import ClaimError, PrivateKeyJwt, printable, refused
from fhir_server.smart.purposes import FIELD, PurposeError, codes, purpose_of
from fhir_server.smart.scopes import (
    Level,
    Scope,
    ScopeError,
    format_scopes,
    narrow,
    parse_scope,
)
from fhir_server.smart.tokens import TOKEN_BYTES, token_hash, token_text
from fhir_server.storage.oauth import OAuthStore, TokenRow, UsedAssertion

# TLS ends at the reverse proxy, so the scheme seen here says nothing; Authlib asks for https.
_URI = "https://authorization-server.invalid/oauth/token"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenResponse:
    """The answer of the token endpoint: `body` is a JSON object."""

    status: int
    body: Mapping[str, Json]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """What the endpoint needs to know and may not find out for itself.

    `token_url` is its own address as clients see it, `clock` gives microseconds since 1970 UTC and
    `random` so many random bytes. `types` are the resource types that a scope may name.
    """

    token_url: str
    token_seconds: int
    types: Collection[str]
    clock: Callable[[], int]
    random: Callable[[int], bytes]


class TokenEndpoint:
    """Grants access tokens to registered backend services."""

    def __init__(self, store: OAuthStore, settings: TokenSettings) -> None:
        self._server = _Server(store, settings)

    def respond(
        self, form: Sequence[tuple[str, str]], authorization: str | None = None
    ) -> TokenResponse:
        """Return the answer to a POST of `form`, with what stood in its Authorization header."""
        names = [name for name, _ in form]
        if len(set(names)) < len(names) or "grant_type" not in names:
            error = InvalidRequestError("Send grant_type, and each parameter once.")
            return self._server.refuse(error)
        response: TokenResponse = self._server.create_token_response((form, authorization))
        return response


class _Request(OAuth2Request):  # type: ignore[misc]  # Authlib is not typed
    """A token request as Authlib wants to see it: the body's fields, never the URL's."""

    def __init__(self, form: Mapping[str, str], authorization: str | None) -> None:
        headers = {} if authorization is None else {"Authorization": authorization}
        super().__init__("POST", _URI, headers=headers)
        self.payload = BasicOAuth2Payload(form)
        self._form = form

    @property
    @override
    def form(self) -> Mapping[str, str]:
        return self._form


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]  # Authlib is not typed
    TOKEN_ENDPOINT_AUTH_METHODS = (AUTHENTICATION,)

    @override
    def create_token_response(self) -> tuple[int, Element, list[tuple[str, str]]]:
        """Return status, body and headers. Authlib's own would write the token to the log."""
        form, used = self.request.form, self.request.used
        try:
            scopes = _scopes(form.get("scope"), self.client, self.server.types)
            purpose = _purpose(form.get(FIELD), self.client)
        except OAuth2Error:
            self.server.use(used)
            raise
        token = self.server.issue(self.client, scopes, purpose, used)
        return 200, token, self.TOKEN_RESPONSE_HEADER


class _Server(AuthorizationServer):  # type: ignore[misc]  # Authlib is not typed
    def __init__(self, store: OAuthStore, settings: TokenSettings) -> None:
        super().__init__()
        self.types = settings.types
        self._store = store
        self._settings = settings
        self.register_client_auth_method(
            AUTHENTICATION, PrivateKeyJwt(settings.token_url, settings.clock)
        )
        self.register_grant(_Grant)

    @override
    def query_client(self, client_id: str) -> Client | None:
        row = self._store.client(client_id)
        return clients.of_row(row) if row is not None and row.revoked_at is None else None

    def use(self, used: UsedAssertion) -> None:
        """Mark the assertion of a request that is refused for another reason."""
        self._store.use_assertion(used, self._settings.clock())

    def issue(
        self, client: Client, scopes: tuple[Scope, ...], purpose: Purpose, used: UsedAssertion
    ) -> Element:
        """Return the token response for a new token.

        Raises:
            InvalidClientError: The assertion was used before.
        """
        token = token_text(self._settings.random(TOKEN_BYTES))
        at, seconds = self._settings.clock(), self._settings.token_seconds
        row = TokenRow(
            token_hash=token_hash(token),
            client_id=client.client_id,
            expires_at=at + seconds * MICROSECONDS,
            purpose=int(purpose),
            scopes=format_scopes(scopes),
            actors=json.dumps(self._store.actors(client.organization)),
        )
        if not self._store.issue(row, at, used):
            raise refused(ClaimError("The assertion was used before."))
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": seconds,
            "scope": row.scopes,
            FIELD: codes(purpose)[0],
        }

    def refuse(self, error: OAuth2Error) -> TokenResponse:
        """Return the response that tells of `error`."""
        response: TokenResponse = self.handle_error_response(None, error)
        return response

    @override
    def create_oauth2_request(
        self, request: tuple[Sequence[tuple[str, str]], str | None]
    ) -> _Request:
        pairs, authorization = request
        return _Request(dict(pairs), authorization)

    @override
    def handle_response(
        self, status: int, body: Element, headers: list[tuple[str, str]]
    ) -> TokenResponse:
        return TokenResponse(status=status, body=body, headers=dict(headers))

    @override
    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""


def granted_scopes(
    requested: str | None, registered: tuple[Scope, ...], types: Collection[str]
) -> tuple[Scope, ...]:
    """Return what is granted of a request's `scope`; without one, all that is registered.

    Scopes that a backend service cannot have (`openid`, `patient/…`) are left out.

    Raises:
        ScopeError: A system scope is malformed, or nothing of what was asked for is registered.
    """
    if requested is None:
        return registered
    asked = tuple(
        parse_scope(word) for word in requested.split() if word.startswith(f"{Level.SYSTEM}/")
    )
    known = (scope for scope in asked if scope.type == "*" or scope.type in types)
    granted = narrow(known, registered)
    if not granted:
        raise ScopeError("Nothing of the requested scope is registered for the client.")
    return granted


def _scopes(requested: str | None, client: Client, types: Collection[str]) -> tuple[Scope, ...]:
    try:
        return granted_scopes(requested, client.scopes, types)
    except ScopeError as fault:
        raise InvalidScopeError(printable(str(fault))) from fault


def _purpose(requested: str | None, client: Client) -> Purpose:
    try:
        return purpose_of(requested, client.purposes)
    except PurposeError as fault:
        raise InvalidRequestError(printable(str(fault))) from fault

"""The token endpoint, and those where a client asks about its tokens or gives them back.

https://www.rfc-editor.org/rfc/rfc6749#section-3.2 . Authlib runs the protocol and its errors; each
grant has a module of its own (backend_services, authorization_code, refresh_token), and so has each
way in which a client proves itself (private_key_jwt, client_secret_basic, public_client).
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import (
    InvalidClientError,
    InvalidRequestError,
    OAuth2Error,
    OAuth2Request,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from typing_extensions import override

from fhir_server.fhir.resource import MICROSECONDS, Element, Json
from fhir_server.search.labels import Purpose
from fhir_server.smart import clients
from fhir_server.smart.app_tokens import AppTokens
from fhir_server.smart.authorization_code import AuthorizationCodeGrant
from fhir_server.smart.backend_services import BackendServicesGrant
from fhir_server.smart.client_secret_basic import client_secret_basic
from fhir_server.smart.clients import AUTHENTICATION, METHODS, PUBLIC, SECRET, Client
from fhir_server.smart.introspection import TokenInspector
from fhir_server.smart.private_key_jwt import ClaimError, FetchedKeys, PrivateKeyJwt, refused
from fhir_server.smart.public_client import public_client
from fhir_server.smart.purposes import FIELD, codes
from fhir_server.smart.refresh_token import RefreshTokenGrant
from fhir_server.smart.scopes import Scope, format_scopes
from fhir_server.smart.tokens import TOKEN_BYTES, token_hash, token_text
from fhir_server.storage.oauth import OAuthStore, TokenRow, UsedAssertion

# TLS ends at the reverse proxy, so the scheme seen here says nothing; Authlib asks for https.
_URI = "https://authorization-server.invalid/oauth/token"
_PRIVATE = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenResponse:
    """The answer of an endpoint: `body` is a JSON object."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Apps:
    """What is needed for apps that people launch, besides backend services."""

    tokens: AppTokens
    inspector: TokenInspector
    fetched_keys: FetchedKeys


class TokenEndpoint:
    """Grants tokens to registered clients, and answers what they ask about them."""

    def __init__(
        self, store: OAuthStore, settings: TokenSettings, apps: Apps | None = None
    ) -> None:
        self._server = _Server(store, settings, apps)
        self._inspector = None if apps is None else apps.inspector

    def respond(
        self, form: Sequence[tuple[str, str]], authorization: str | None = None
    ) -> TokenResponse:
        """Return the answer to a POST of `form`, with what stood in its Authorization header."""
        if _is_malformed(form, "grant_type"):
            error = InvalidRequestError("Send grant_type, and each parameter once.")
            return self._server.refuse(error)
        response: TokenResponse = self._server.create_token_response((form, authorization))
        return response

    def introspect(
        self, form: Sequence[tuple[str, str]], authorization: str | None
    ) -> TokenResponse:
        """Return the answer to a POST to the introspection endpoint."""
        return self._about_token(form, authorization, "introspection", self._introspected)

    def revoke(self, form: Sequence[tuple[str, str]], authorization: str | None) -> TokenResponse:
        """Return the answer to a POST to the revocation endpoint."""
        return self._about_token(form, authorization, "revocation", self._revoked)

    def _introspected(self, client: Client, form: Mapping[str, str]) -> Element:
        if client.auth_method == PUBLIC:
            raise InvalidClientError("An app without credentials cannot introspect tokens.")
        return self._inspector.introspect(client, form) if self._inspector else {"active": False}

    def _revoked(self, client: Client, form: Mapping[str, str]) -> Element:
        if self._inspector is not None:
            self._inspector.revoke(client, form)
        return {}

    def _about_token(
        self,
        form: Sequence[tuple[str, str]],
        authorization: str | None,
        endpoint: str,
        answer: Callable[[Client, Mapping[str, str]], Element],
    ) -> TokenResponse:
        try:
            if _is_malformed(form, "token"):
                raise InvalidRequestError("Send token, and each parameter once.")
            request = self._server.create_oauth2_request((form, authorization))
            client = self._server.proved(request, METHODS, endpoint)
            return TokenResponse(status=200, body=answer(client, request.form), headers=_PRIVATE)
        except OAuth2Error as error:
            return self._server.refuse(error)


def _is_malformed(form: Sequence[tuple[str, str]], needed: str) -> bool:
    names = [name for name, _ in form]
    return len(set(names)) < len(names) or needed not in names


class _Request(OAuth2Request):  # type: ignore[misc]  # Authlib is not typed
    """A token request as Authlib wants to see it: the body's fields, never the URL's."""

    def __init__(self, form: Mapping[str, str], authorization: str | None) -> None:
        headers = {} if authorization is None else {"Authorization": authorization}
        super().__init__("POST", _URI, headers=headers)
        self.payload = BasicOAuth2Payload(form)
        self.used: UsedAssertion | None = None
        self._form = form

    @property
    @override
    def form(self) -> Mapping[str, str]:
        return self._form


class _Server(AuthorizationServer):  # type: ignore[misc]  # Authlib is not typed
    def __init__(self, store: OAuthStore, settings: TokenSettings, apps: Apps | None) -> None:
        super().__init__()
        self.types = settings.types
        self._store = store
        self._settings = settings
        fetched_keys = None if apps is None else apps.fetched_keys
        proof = PrivateKeyJwt(settings.token_url, settings.clock, fetched_keys)
        self.register_client_auth_method(AUTHENTICATION, proof)
        self.register_client_auth_method(SECRET, client_secret_basic)
        self.register_client_auth_method(PUBLIC, public_client)
        self.register_grant(BackendServicesGrant)
        if apps is not None:
            self.app_tokens = apps.tokens
            self.register_grant(AuthorizationCodeGrant)
            self.register_grant(RefreshTokenGrant)

    @override
    def query_client(self, client_id: str) -> Client | None:
        row = self._store.client(client_id)
        return clients.of_row(row) if row is not None and row.revoked_at is None else None

    def authenticated(self, request: _Request, grant_type: str, methods: Sequence[str]) -> Client:
        """Return the client that a token request proves, if it may use the grant.

        Raises:
            InvalidClientError: It proves none.
            UnauthorizedClientError: The client is not registered for such a grant.
        """
        client = self.proved(request, methods, "token")
        if not client.check_grant_type(grant_type):
            raise UnauthorizedClientError("The client is not registered for this grant.")
        return client

    def proved(self, request: _Request, methods: Sequence[str], endpoint: str) -> Client:
        """Return the client that a request proves; an assertion is used up by it.

        Raises:
            InvalidClientError: It proves none, or the assertion was used before.
        """
        try:
            client: Client = self.authenticate_client(request, methods, endpoint)
        except InvalidClientError as error:
            if request.headers.get("Authorization") and error.status_code != _UNAUTHORIZED:
                raise InvalidClientError(_REFUSED, status_code=_UNAUTHORIZED) from error
            if "client_assertion" in request.form:
                raise
            raise InvalidClientError(_REFUSED, status_code=error.status_code) from error
        if request.used is not None and not self._store.use_assertion(
            request.used, self._settings.clock()
        ):
            raise refused(ClaimError("The assertion was used before."))
        return client

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


_UNAUTHORIZED = 401
_REFUSED = "The client could not be authenticated: unknown, or with other credentials."

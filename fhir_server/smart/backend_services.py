"""The grant client_credentials for backend services, with private_key_jwt.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html

What is granted: the scopes that were both asked for and registered, and one purpose of use, for
five minutes.
"""

from collections.abc import Collection

from authlib.oauth2.rfc6749 import (
    ClientCredentialsGrant,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
)
from typing_extensions import override

from fhir_server.fhir.resource import Element
from fhir_server.search.labels import Purpose
from fhir_server.smart.clients import AUTHENTICATION, Client
from fhir_server.smart.private_key_jwt import printable
from fhir_server.smart.purposes import FIELD, PurposeError, purpose_of
from fhir_server.smart.scopes import Level, Scope, ScopeError, narrow, parse_scope


class BackendServicesGrant(ClientCredentialsGrant):  # type: ignore[misc]  # Authlib is not typed
    """Authlib's frame for what `granted_scopes` and the purpose decide."""

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

"""The grant refresh_token: new tokens for an app whose user is elsewhere by now.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#refresh-access-token and
https://www.rfc-editor.org/rfc/rfc9700#section-4.14 : each refresh token is good once and brings the
next. A second use ends the whole family, whoever of the two was first. Scopes can shrink for one
access token, and never grow.
"""

from authlib.oauth2.rfc6749 import (
    BaseGrant,
    InvalidGrantError,
    InvalidScopeError,
    TokenEndpointMixin,
)
from typing_extensions import override

from fhir_server.fhir.resource import Element
from fhir_server.smart.clients import METHODS
from fhir_server.smart.granting import CONTEXT_SCOPES
from fhir_server.smart.scopes import Scope, covers, is_clinical, parse_scope
from fhir_server.smart.tokens import token_hash


class RefreshTokenGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]  # Authlib is not typed
    """Authlib's frame for what `smart.app_tokens` decides."""

    GRANT_TYPE = "refresh_token"
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    @override
    def validate_token_request(self) -> None:
        """Authenticate the client.

        Raises:
            InvalidClientError: It is none, or not allowed this grant.
        """
        self.request.client = self.server.authenticated(self.request, self.GRANT_TYPE, METHODS)

    @override
    def create_token_response(self) -> tuple[int, Element, list[tuple[str, str]]]:
        """Return status, body and headers.

        Raises:
            InvalidGrantError: The refresh token is none, another's, used, too old or revoked.
            InvalidScopeError: More is asked for than was granted.
        """
        form, tokens = self.request.form, self.server.app_tokens
        row = tokens.refresh_token(token_hash(form.get("refresh_token", "")))
        client = self.request.client
        if row is None or row.client_id != client.client_id:
            raise InvalidGrantError("The refresh token is unknown, too old, or not yours.")
        body = tokens.refresh(client, row, form.get("scope"))
        return 200, body, self.TOKEN_RESPONSE_HEADER


def shrunk(requested: str | None, granted: tuple[Scope, ...]) -> tuple[Scope, ...]:
    """Return the scopes of the next access token: all that was granted, or what is asked of it.

    Raises:
        InvalidScopeError: Something is asked for that was not granted.
    """
    if requested is None:
        return granted
    words = requested.split()
    asked = tuple(parse_scope(word) for word in words if is_clinical(word))
    others = [word for word in words if not is_clinical(word) and word not in CONTEXT_SCOPES]
    if others or not all(any(covers(wide, narrow) for wide in granted) for narrow in asked):
        raise InvalidScopeError("A refresh can ask for less than was granted, not for more.")
    return asked

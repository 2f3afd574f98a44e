"""The grant authorization_code: an app trades its code for tokens, once.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-access-token and
https://www.rfc-editor.org/rfc/rfc7636 (PKCE, S256 only)

A code belongs to one client, one redirect URI and one challenge. A second use ends what the first
one gave, since one of the two was a thief.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256

from authlib.oauth2.rfc6749 import BaseGrant, InvalidGrantError, TokenEndpointMixin
from typing_extensions import override

from fhir_server.fhir.resource import Element
from fhir_server.smart.clients import METHODS
from fhir_server.smart.tokens import token_hash
from fhir_server.storage.grants import CodeRow

CODE_SECONDS = 60
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class AuthorizationCodeGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]  # Authlib is not typed
    """Authlib's frame for what `smart.app_tokens` decides."""

    GRANT_TYPE = "authorization_code"
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
            InvalidGrantError: The code is none, another's, too old, used, or without its verifier.
        """
        form, tokens = self.request.form, self.server.app_tokens
        code = tokens.code(token_hash(form.get("code", "")))
        client = self.request.client
        if code is None or code.client_id != client.client_id:
            raise InvalidGrantError("The code is unknown, too old, or not yours.")
        fault = mismatch(code, form.get("redirect_uri", ""), form.get("code_verifier", ""))
        if fault:
            # The code stays good: whoever cannot show the verifier must not be able to spend it.
            raise InvalidGrantError(fault)
        return 200, tokens.trade_code(client, code), self.TOKEN_RESPONSE_HEADER


def mismatch(code: CodeRow, redirect_uri: str, verifier: str) -> str:
    """Return what of a token request does not belong to its code, "" for nothing."""
    if redirect_uri != code.redirect_uri:
        return "redirect_uri is not the one of the authorization request."
    if not _VERIFIER.fullmatch(verifier):
        return "code_verifier must be 43 to 128 unreserved characters."
    if not hmac.compare_digest(challenge_of(verifier), code.code_challenge):
        return "code_verifier does not belong to the code_challenge."
    return ""


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()

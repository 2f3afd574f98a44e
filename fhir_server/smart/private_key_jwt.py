"""How a backend service proves who it is: the server's side of private_key_jwt.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#authenticating-to-the-token-endpoint

Authlib runs the steps; what it leaves open is closed here: two algorithms only, the exact
audience, five minutes at most, each assertion once, and one answer for every way to fail. A key,
or an address of one, in the assertion's own header is never trusted.
"""

import logging
import math
from collections.abc import Callable
from hashlib import sha256

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidClientError, OAuth2Request
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, GuestProtocol, KeyCallable, RSAKey
from joserfc.jws import JWSRegistry
from typing_extensions import override

from fhir_server.fhir.resource import MICROSECONDS, Element
from fhir_server.smart.assertion import ASSERTION_TYPE
from fhir_server.smart.clients import AUTHENTICATION, GRANT, Client
from fhir_server.smart.keys import ALGORITHMS, Jwk, KeyRefusedError, verification_key
from fhir_server.storage.oauth import UsedAssertion

LONGEST_LIFE_SECONDS = 300
# A client whose clock is a little ahead is not refused for it.
CLOCK_SKEW_SECONDS = 5
MOST_ASSERTION_CHARACTERS = 8192
MOST_JTI_CHARACTERS = 255
_FOREIGN_KEYS = frozenset({"jwk", "jku", "x5u", "x5c"})
# Headers that nobody knows are ignored, as https://www.rfc-editor.org/rfc/rfc7515#section-4 says.
_REGISTRY = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)

_ASSERTED = frozenset({"client_assertion", "client_assertion_type"})

log = logging.getLogger(__name__)
# The keys at an address, fetched anew where none has the `kid` (smart/jwks_uri.py).
FetchedKeys = Callable[[str, str], tuple[Jwk, ...]]


class ClaimError(ValueError):
    """A claim of an assertion is absent, malformed, or not what it must be."""


class PrivateKeyJwt(JWTBearerClientAssertion):  # type: ignore[misc]  # Authlib is not typed
    """Authentication by a signed assertion; `fetched_keys` are those at a client's `jwks_uri`."""

    CLIENT_AUTH_METHOD = AUTHENTICATION

    def __init__(
        self,
        token_url: str,
        clock: Callable[[], int],
        fetched_keys: FetchedKeys | None = None,
    ) -> None:
        super().__init__()
        self._fetched_keys = fetched_keys
        self._token_url = token_url
        self._clock = clock

    @override
    def __call__(
        self, query_client: Callable[[str], Client | None], request: OAuth2Request
    ) -> Client | None:
        """Return the client that an assertion proves; `request.used` tells it from others.

        Whether it was used before is found out when the token is stored. None where there is no
        assertion and the client may prove itself otherwise.

        Raises:
            InvalidClientError: It proves none; the answer does not say why, the log does.
        """
        if request.payload.grant_type != GRANT and not _ASSERTED & request.form.keys():
            return None
        if request.headers.get("Authorization") is not None:
            raise refused(ClaimError("An Authorization header is not taken."), status_code=401)
        try:
            _check_form(request.form)
            client: Client | None = super().__call__(query_client, request)
            if client is None or request.form.get("client_id", client.client_id) != (
                client.client_id
            ):
                raise ClaimError("`client_id` names another client.")
            _, claims = self.extract_assertion(request.form["client_assertion"])
        # RecursionError: JSON may be nested deeply in few characters.
        except (OAuth2Error, JoseError, ValueError, KeyError, TypeError, RecursionError) as fault:
            raise refused(fault) from fault
        request.used = used_assertion(claims)
        return client

    @override
    def resolve_client_public_key(self, client: Client) -> KeyCallable:
        """Return the choice of one of the client's registered keys by the assertion's header."""

        def registered(signed: GuestProtocol) -> RSAKey | ECKey:
            header = signed.headers()
            if _FOREIGN_KEYS & header.keys():
                raise KeyRefusedError("The header brings a key, or the address of one.")
            if header.get("typ", "JWT").upper() != "JWT":
                raise KeyRefusedError("The header's `typ` is not `JWT`.")
            return verification_key(self._keys(client, header), header)

        return registered

    def _keys(self, client: Client, header: Element) -> tuple[Jwk, ...]:
        if not client.jwks_uri or self._fetched_keys is None:
            return client.jwks
        return self._fetched_keys(client.jwks_uri, str(header.get("kid", "")))

    @override
    def process_assertion_claims(self, assertion: str, resolve_key: KeyCallable) -> Element:
        """Return the claims of an assertion, verified.

        Raises:
            JoseError: The signature does not hold.
            ClaimError: A claim does not.
        """
        claims = jwt.decode(assertion, resolve_key, registry=_REGISTRY).claims
        check_claims(claims, audience=self._token_url, at=self._clock())
        return claims


def check_claims(claims: Element, *, audience: str, at: int) -> None:
    """Check all that an assertion says, but for whether it was used before.

    `at` is the time in microseconds.

    Raises:
        ClaimError: A claim does not hold.
    """
    if not claims.get("iss") == claims.get("sub") or not isinstance(claims.get("sub"), str):
        raise ClaimError("`iss` and `sub` must both be the client's id.")
    if claims.get("aud") not in (audience, [audience]):
        raise ClaimError("`aud` must be the token endpoint.")
    now = at / MICROSECONDS
    if not now < _number(claims, "exp") <= now + LONGEST_LIFE_SECONDS + CLOCK_SKEW_SECONDS:
        raise ClaimError("`exp` must lie in the future, by five minutes at most.")
    for name in {"iat", "nbf"} & claims.keys():
        if _number(claims, name) > now + CLOCK_SKEW_SECONDS:
            raise ClaimError(f"`{name}` lies in the future.")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= MOST_JTI_CHARACTERS:
        raise ClaimError("`jti` must be a text.")


def used_assertion(claims: Element) -> UsedAssertion:
    """Return what tells a verified assertion from all others that are still good."""
    return UsedAssertion(
        assertion_hash=sha256(f"{claims['sub']} {claims['jti']}".encode()).digest(),
        expires_at=math.ceil(claims["exp"]) * MICROSECONDS,
    )


def refused(fault: Exception, *, status_code: int = 400) -> InvalidClientError:
    """Return the one answer to a client that could not prove itself, and log the reason."""
    log.info("A client assertion was refused: %s", printable(str(fault)))
    return InvalidClientError(
        description="The client could not be authenticated. See private_key_jwt of SMART App"
        " Launch: alg RS384 or ES384, a registered kid, iss and sub the client id, aud the token"
        " endpoint, exp at most five minutes ahead, a new jti.",
        status_code=status_code,
    )


def printable(text: str) -> str:
    """Return at most 200 characters of `text` that an OAuth error description may hold.

    https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    """
    return "".join(
        character if " " <= character <= "~" and character not in '"\\' else "?"
        for character in text[:200]
    )


def _check_form(form: Element) -> None:
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise ClaimError("`client_assertion_type` is not that of a JWT.")
    if not 0 < len(form.get("client_assertion", "")) <= MOST_ASSERTION_CHARACTERS:
        raise ClaimError("`client_assertion` is absent or too long.")
    if "client_secret" in form:
        raise ClaimError("A secret is not taken.")


def _number(claims: Element, name: str) -> float:
    value = claims.get(name)
    # A bool is an int to Python, and comparisons with NaN are false both ways.
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ClaimError(f"`{name}` must be a number of seconds.")
    return value

"""A request for authorization, checked. Pure.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-authorization-code

Until client and redirect URI are known to belong together nothing is sent back to that address: a
person is told instead. From then on every fault goes back to the app. PKCE with S256, `state` and
`aud` are asked of every client, so that no attacker can leave them out.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fhir_server.smart.clients import Client
from fhir_server.smart.redirects import is_registered, with_answer

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST = 4096
_PARAMETERS = ("scope", "launch", "nonce", "prompt", "login_hint", "purpose_of_use")


class UnknownAppError(Exception):
    """Nobody to answer to: the message is for the person in front of the browser."""


class AuthorizationError(Exception):
    """The app is told; codes: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1 ."""

    def __init__(self, error: str, description: str, *, redirect_uri: str, state: str) -> None:
        super().__init__(description)
        self.error = error
        self.redirect_uri = redirect_uri
        self.state = state

    def location(self, issuer: str) -> str:
        """Return where the browser goes with this error."""
        answer = {"error": self.error, "error_description": str(self), "iss": issuer}
        return with_answer(
            self.redirect_uri, answer | ({"state": self.state} if self.state else {})
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """What an app asks for; `scope` as it was written. "" stands for what was not sent."""

    client_id: str
    redirect_uri: str
    state: str
    code_challenge: str
    scope: str = ""
    launch: str = ""
    nonce: str = ""
    prompt: str = ""
    login_hint: str = ""
    purpose_of_use: str = ""

    def refusal(self, error: str, description: str) -> AuthorizationError:
        """Return the error that tells the app why it gets no code."""
        return AuthorizationError(
            error, description, redirect_uri=self.redirect_uri, state=self.state
        )


def read_request(
    pairs: Sequence[tuple[str, str]], find: Callable[[str], Client | None], *, fhir_base: str
) -> AuthorizationRequest:
    """Return the request that `pairs` are; `find` gives the client with an id.

    Raises:
        UnknownAppError: Client and redirect URI do not belong together.
        AuthorizationError: Anything else is wrong.
    """
    fields = dict(pairs)
    client = _client(pairs, fields, find)
    state, redirect_uri = fields.get("state", ""), fields["redirect_uri"]

    def refuse(error: str, description: str) -> AuthorizationError:
        return AuthorizationError(error, description, redirect_uri=redirect_uri, state=state)

    if len({name for name, _ in pairs}) < len(pairs):
        raise refuse("invalid_request", "Send each parameter once.")
    if any(len(value) > _LONGEST for value in fields.values()):
        raise refuse("invalid_request", "A parameter is too long.")
    fault = _fault(fields, fhir_base)
    if fault is not None:
        raise refuse(*fault)
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        state=state,
        code_challenge=fields["code_challenge"],
        **{name: fields.get(name, "") for name in _PARAMETERS},
    )


def _client(
    pairs: Sequence[tuple[str, str]],
    fields: Mapping[str, str],
    find: Callable[[str], Client | None],
) -> Client:
    names = [name for name, _ in pairs]
    for name in ("client_id", "redirect_uri"):
        if names.count(name) != 1:
            raise UnknownAppError(f"The app must send `{name}` once.")
    client = find(fields["client_id"])
    if client is None or not is_registered(fields["redirect_uri"], client.redirect_uris):
        # One answer for both: whether a client exists is nobody's business.
        raise UnknownAppError("The app is not registered here with the address it came from.")
    return client


def _fault(fields: Mapping[str, str], fhir_base: str) -> tuple[str, str] | None:
    """Return error and description of the first fault, None where there is none."""
    challenge = fields.get("code_challenge", "")
    rules = (
        (
            not fields.keys() & {"request", "request_uri"},
            ("request_not_supported", "Send the parameters in the query."),
        ),
        (
            fields.get("response_type") == "code",
            ("unsupported_response_type", "response_type must be code."),
        ),
        (
            fields.get("response_mode", "query") == "query",
            ("invalid_request", "response_mode must be query."),
        ),
        (
            bool(fields.get("state")),
            ("invalid_request", "state is required: an unguessable value of your own."),
        ),
        (
            fields.get("aud", "").rstrip("/") == fhir_base,
            ("invalid_request", f"aud must be {fhir_base}"),
        ),
        (
            fields.get("code_challenge_method") == "S256",
            ("invalid_request", "PKCE is required, with code_challenge_method S256."),
        ),
        (
            _CHALLENGE.fullmatch(challenge) is not None,
            ("invalid_request", "code_challenge must be 43 characters of base64url."),
        ),
    )
    return next((fault for holds, fault in rules if not holds), None)

"""The authorization server's endpoints: what programs speak to. Pages for people are in web/ui.

https://hl7.org/fhir/smart-app-launch/STU2.2/
"""

import json
from collections.abc import Callable, Mapping, Sequence

import flask
from flask import Blueprint, Response

from fhir_server.access.context import AccessContext
from fhir_server.bootstrap import Server
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import (
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    UnauthorizedError,
)
from fhir_server.smart.discovery import (
    INTROSPECT_PATH,
    JWKS_PATH,
    LAUNCH_PATH,
    REVOKE_PATH,
    TOKEN_PATH,
    USERINFO_PATH,
    openid_configuration,
    smart_configuration,
)
from fhir_server.smart.id_tokens import claims_of
from fhir_server.smart.launch import LaunchContext, LaunchError, read_launch
from fhir_server.smart.token_endpoint import TokenResponse
from fhir_server.smart.tokens import bearer_hash
from fhir_server.web.request import context_of, read_body

FORM = "application/x-www-form-urlencoded"
# The longest assertion and the longest list of scopes fit in many times over.
MOST_BYTES = 65_536
# The documents change with a release only, the keys with a rotation.
_PUBLIC = {"Cache-Control": "public, max-age=300"}
_PRIVATE = {"Cache-Control": "no-store"}
_TOO_MANY = 429
Respond = Callable[[Sequence[tuple[str, str]], str | None], TokenResponse]
_FAILURES = frozenset({"invalid_client", "invalid_grant"})


def blueprint(server: Server) -> Blueprint:
    """Return the endpoints."""
    routes = Blueprint("smart", __name__)
    _documents(routes, server)
    _tokens(routes, server)
    _identity(routes, server)
    return routes


def _documents(routes: Blueprint, server: Server) -> None:
    smart = json.dumps(smart_configuration(server.settings.public_url))
    openid = json.dumps(openid_configuration(server.settings.public_url))

    @routes.get("/fhir/.well-known/smart-configuration")
    def well_known() -> Response:
        return _json(smart, headers=_PUBLIC)

    @routes.get("/.well-known/openid-configuration")
    @routes.get("/.well-known/oauth-authorization-server")
    @routes.get("/fhir/.well-known/openid-configuration")
    def openid_document() -> Response:
        return _json(openid, headers=_PUBLIC)

    @routes.get(JWKS_PATH)
    def jwks() -> Response:
        return _json(json.dumps(server.authorization.signer.jwks()), headers=_PUBLIC)


def _tokens(routes: Blueprint, server: Server) -> None:
    endpoint = server.authorization.token_endpoint

    @routes.post(TOKEN_PATH)
    def token() -> Response:
        return _answered(server, endpoint.respond)

    @routes.post(INTROSPECT_PATH)
    def introspect() -> Response:
        return _answered(server, endpoint.introspect)

    @routes.post(REVOKE_PATH)
    def revoke() -> Response:
        return _answered(server, endpoint.revoke)

    @routes.post(LAUNCH_PATH)
    def launch() -> Response:
        return _launch(server, context_of(flask.request, server))


def _identity(routes: Blueprint, server: Server) -> None:
    @routes.route(USERINFO_PATH, methods=["GET", "POST"])
    def userinfo() -> Response:
        context = context_of(flask.request, server)
        hash_ = bearer_hash(flask.request.headers.get("Authorization"))
        service = server.authorization
        row = None if hash_ is None else server.oauth.token(hash_, context.at)
        granted = None if row is None else service.stores.grants.granted(row.grant_id, context.at)
        account = service.stores.accounts.by_id(context.user_id) if context.user_id else None
        if granted is None or account is None or "openid" not in granted.context_scopes.split():
            raise UnauthorizedError("The token tells of nobody: ask for the scope `openid`.")
        person = service.app_tokens.person(account)
        claims = claims_of(person, tuple(granted.context_scopes.split()))
        return _json(json.dumps(claims), headers=_PRIVATE)


def _launch(server: Server, context: AccessContext) -> Response:
    """Return a launch handle to an EHR that may have what it names.

    Raises:
        ForbiddenError: The client is not registered to launch apps, or acts for a person.
        InvalidRequestError: The launch cannot be understood.
        NotFoundError: What it names is not there, or not for this EHR.
    """
    desk = server.authorization.launch_desk
    if context.user_id or not desk.may_launch(context.client_id):
        raise ForbiddenError("The client is not registered to launch apps: see `--launches`.")
    body = decode(read_body(flask.request.environ, MOST_BYTES) or b"null")
    try:
        request = read_launch(body)
        _require_visible(server, context, request.context)
        answer = desk.handle(request, launcher=context.client_id, organization=context.organization)
    except LaunchError as fault:
        raise InvalidRequestError(str(fault)) from fault
    return _json(json.dumps(answer), status=201, headers=_PRIVATE)


def _require_visible(server: Server, context: AccessContext, launch: LaunchContext) -> None:
    repository = server.repository(context)
    if launch.patient:
        repository.read("Patient", launch.patient)
    if launch.encounter:
        encounter = decode(repository.read("Encounter", launch.encounter).body or b"{}")
        subject = encounter.get("subject", {}).get("reference")
        if subject != f"Patient/{launch.patient}":
            raise NotFoundError("The encounter is not one of the patient's.")


def _answered(server: Server, respond: Respond) -> Response:
    """Return the answer to a form, unless its address has failed too often."""
    request = flask.request
    throttle, address = server.authorization.throttle, request.remote_addr or ""
    wait = throttle.wait_seconds(address)
    if wait:
        body = json.dumps({"error": "temporarily_unavailable"})
        headers = {**_PRIVATE, "Retry-After": str(wait)}
        return _json(body, status=_TOO_MANY, headers=headers)
    answer = respond(_form(request), request.headers.get("Authorization"))
    if answer.body.get("error") in _FAILURES:
        throttle.failed(address)
    return _json(json.dumps(answer.body), status=answer.status, headers=answer.headers)


def _form(request: flask.Request) -> Sequence[tuple[str, str]]:
    request.max_content_length = MOST_BYTES
    # A body of another type is not looked into: its form is empty, and refused as such.
    return list(request.form.items(multi=True)) if request.mimetype == FORM else []


def _json(body: str, *, status: int = 200, headers: Mapping[str, str]) -> Response:
    return Response(body, status=status, headers=headers, mimetype="application/json")

"""Authorizing an app: whom it is about, what it may do, for what purpose, for how long.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#step-5-authorization . To say no is one
button beside the one that says yes.
"""

from collections.abc import Sequence
from urllib.parse import urlencode

import flask
from flask import Blueprint, Response

from fhir_server.bootstrap import Server
from fhir_server.smart.authorization_request import AuthorizationError, UnknownAppError
from fhir_server.smart.authorize import OFFLINE_DAYS, Decision, Pending, own_patient
from fhir_server.smart.discovery import AUTHORIZE_PATH
from fhir_server.smart.granting import OFFLINE
from fhir_server.smart.login.sign_in import SignedIn, Stage
from fhir_server.smart.roles import Role
from fhir_server.web.ui import patients, words
from fhir_server.web.ui.page import LoginNeededError, PageError, Visit, fields, move, show, visit

_GONE = (
    "This request is no longer open: it was answered, waited for too long, or came from another"
    " browser. Start again from the app."
)


def add_to(routes: Blueprint, server: Server) -> None:
    """Add the endpoint to which apps send their users, and its pages."""

    @routes.route(AUTHORIZE_PATH, methods=["GET", "POST"])
    def begin() -> Response:
        source = flask.request.form if flask.request.method == "POST" else flask.request.args
        # A POST comes from an app, so that it bears no token of a form of ours.
        found = visit(server, own_form=False)
        return _begun(found, list(source.items(multi=True)))

    @routes.get("/authorize")
    def ask() -> Response:
        found = visit(server)
        return _asked(found, _pending(found))

    @routes.post("/authorize")
    def decide() -> Response:
        found = visit(server)
        pending = _pending(found)
        authorizer = server.authorization.authorizer
        if fields("decision")["decision"] != "allow":
            return move(found, authorizer.deny(pending))
        try:
            return move(found, authorizer.grant(pending, found.person, _decision()))
        except AuthorizationError as error:
            return move(found, authorizer.deny(pending, str(error)))

    _choosing(routes, server)


def _choosing(routes: Blueprint, server: Server) -> None:
    @routes.get("/authorize/patient")
    def search() -> Response:
        found = visit(server)
        return _search(found, _pending(found))

    @routes.post("/authorize/patient")
    def choose() -> Response:
        found = visit(server)
        pending = _pending(found)
        chosen = fields("patient")["patient"]
        if patients.read(found, _acting(found, pending), chosen, pending.client.client_id) is None:
            raise PageError("That patient is not here, or not for you.", status=404)
        server.authorization.authorizer.choose_patient(pending, chosen)
        return move(found, _to("/authorize", pending))


def _begun(found: Visit, pairs: Sequence[tuple[str, str]]) -> Response:
    authorizer = found.server.authorization.authorizer
    try:
        handle = authorizer.begin(pairs, found.visit)
    except UnknownAppError as fault:
        raise PageError(str(fault), title="This app cannot be let in") from fault
    except AuthorizationError as error:
        return move(found, error.location(authorizer.issuer))
    if dict(pairs).get("prompt") == "none":
        return _silently(found, handle)
    return move(found, f"/authorize?{urlencode({'request': handle})}")


def _silently(found: Visit, handle: str) -> Response:
    """Return the refusal of an app that wants no page: a person decides each time."""
    authorizer = found.server.authorization.authorizer
    pending = authorizer.pending(handle, found.visit)
    if pending is None:
        raise PageError(_GONE, status=404)
    known = found.signed_in is not None and found.signed_in.session.stage == Stage.FULL
    error = "consent_required" if known else "login_required"
    refusal = pending.request.refusal(error, "A person has to decide.")
    return move(found, refusal.location(authorizer.issuer))


def _pending(found: Visit) -> Pending:
    """Return the request that the page is about.

    Raises:
        PageError: It is not open any more, or another browser's.
    """
    handle = flask.request.values.get("request", "")
    pending = found.server.authorization.authorizer.pending(handle, found.visit)
    if pending is None:
        raise PageError(_GONE, status=404, title="This request has ended")
    return pending


def _acting(found: Visit, pending: Pending) -> SignedIn:
    """Return who decides.

    Raises:
        LoginNeededError: Nobody is logged in, or the app wants a fresh login.
    """
    person = found.person
    if "login" in pending.request.prompt and person.session.authenticated_at < pending.asked_at:
        raise LoginNeededError
    return person


def _asked(found: Visit, pending: Pending) -> Response:
    person = _acting(found, pending)
    kind, authorizer = person.kind, found.server.authorization.authorizer
    purposes = () if kind is None else authorizer.purposes(pending, kind)
    if kind is None or not purposes:
        why = "Your role gives you nothing that you could let this app have."
        return _nothing(found, pending, why)
    organization = 0 if person.role is None else person.role.organization
    if pending.from_ehr and pending.organization != organization:
        return _nothing(found, pending, "The app was launched by another agency's EHR.")
    offered = authorizer.offer(pending, kind)
    if not offered.clinical and not offered.context:
        return _nothing(found, pending, "The app asks for nothing that it could have of you.")
    patient = _patient(pending, person)
    if offered.needs_patient and not patient:
        return move(found, _to("/authorize/patient", pending))
    named = patients.read(found, person, patient, pending.client.client_id) if patient else None
    if patient and named is None:
        return _nothing(found, pending, "The patient of this launch is not here, or not for you.")
    return show(
        found,
        "authorize.html",
        request=pending.handle,
        app=pending.client.name,
        organization=patients.organization_name(found.server, pending.client.organization_id),
        agency=patients.organization_name(
            found.server, "" if person.role is None else person.role.organization_id
        ),
        patient=named,
        groups=words.groups(offered, "" if named is None else named.name),
        purposes=words.purposes(purposes),
        days=OFFLINE_DAYS if OFFLINE in offered.context else (),
        address=pending.request.redirect_uri.split("?")[0],
        form_target=pending.request.redirect_uri,
    )


def _nothing(found: Visit, pending: Pending, why: str) -> Response:
    """Return the page that says why the app cannot be let in, and leads back to it."""
    return show(
        found,
        "authorize_nothing.html",
        status=403,
        request=pending.handle,
        app=pending.client.name,
        why=why,
        form_target=pending.request.redirect_uri,
    )


def _patient(pending: Pending, person: SignedIn) -> str:
    return own_patient(person) if person.kind is Role.PATIENT else pending.patient


def _search(found: Visit, pending: Pending) -> Response:
    person = _acting(found, pending)
    given = {name: flask.request.args.get(name, "").strip() for name in patients.FIELDS}
    result = patients.search(found, person, given, pending.client.client_id)
    return show(
        found,
        "patient.html",
        request=pending.handle,
        app=pending.client.name,
        given=given,
        asked=any(given.values()),
        error=result.error,
        patients=result.patients,
        form_target=pending.request.redirect_uri,
    )


def _decision() -> Decision:
    days = flask.request.form.get("days", "")
    return Decision(
        ticked=frozenset(flask.request.form.getlist("scope")),
        purpose=fields("purpose")["purpose"],
        days=int(days) if days.isascii() and days.isdigit() else OFFLINE_DAYS[0],
    )


def _to(path: str, pending: Pending) -> str:
    return f"{path}?{urlencode({'request': pending.handle})}"

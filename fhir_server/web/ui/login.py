"""Logging in: login and password, a new password, the second factor and its set-up.

https://www.w3.org/WAI/WCAG22/Understanding/accessible-authentication-minimum : nothing to remember
but what a password manager fills in; codes may be pasted. The picture for the authenticator app has
its text beside it.
"""

import io
from urllib.parse import urlencode

import flask
import segno
from flask import Blueprint, Response
from markupsafe import Markup

from fhir_server.bootstrap import Server
from fhir_server.smart.login import totp
from fhir_server.smart.login.password import SHORTEST, PasswordError
from fhir_server.smart.login.sign_in import SignedIn, SignInError, Step
from fhir_server.smart.sealing import SealError
from fhir_server.web.ui.page import Visit, anonymous, fields, move, show, visit

_STEPS = {
    Step.CODE: "/login/code",
    Step.NEW_PASSWORD: "/login/password",
    Step.ENROL: "/login/enrol",
}
_WRONG = (
    "That did not work. Check both fields; after several attempts, wait a few minutes before you"
    " try again. An administrator of your agency can reset your login."
)
_WRONG_CODE = "That code did not work. Wait for the next one in your app, then try again."


def add_to(routes: Blueprint, server: Server) -> None:
    """Add the pages."""
    _password(routes, server)
    _new_password(routes, server)
    _code(routes, server)
    _enrolment(routes, server)

    @routes.post("/logout")
    def logout() -> Response:
        found = visit(server)
        if found.signed_in is not None:
            session = found.signed_in.session
            server.authorization.stores.sessions.end(session.session_hash)
            server.authorization.stores.grants.revoke_of_session(session.session_id, server.clock())
        return move(found, "/login", cookie="")


def _password(routes: Blueprint, server: Server) -> None:
    @routes.get("/login")
    def login() -> Response:
        return show(anonymous(visit(server)), "login.html", request=_request())

    @routes.post("/login")
    def logged_in() -> Response:
        found = visit(server)
        given = fields("login")
        sign_in = server.authorization.sign_in
        try:
            cookie = sign_in.begin(
                given["login"],
                flask.request.form.get("password", ""),
                flask.request.remote_addr or "",
                found.cookie,
            )
        except SignInError:
            return show(
                anonymous(found),
                "login.html",
                status=401,
                request=_request(),
                login=given["login"],
                error=_WRONG,
            )
        half_way = sign_in.find(cookie)
        return move(found, _next(server, half_way), cookie=cookie)


def _new_password(routes: Blueprint, server: Server) -> None:
    @routes.get("/login/password")
    def password() -> Response:
        found = visit(server)
        _ = found.half_way
        return show(found, "password.html", request=_request(), shortest=SHORTEST)

    @routes.post("/login/password")
    def new_password() -> Response:
        found = visit(server)
        half_way = found.half_way
        sign_in = server.authorization.sign_in
        chosen = flask.request.form.get("password", "")
        error = "" if chosen == flask.request.form.get("again") else "The two are not the same."
        if sign_in.step(half_way) is not Step.NEW_PASSWORD:
            return move(found, _next(server, half_way))
        if not error:
            try:
                cookie = sign_in.change_password(half_way, chosen, found.cookie)
                return move(found, _next(server, sign_in.find(cookie)), cookie=cookie)
            except PasswordError as fault:
                error = str(fault)
        values = {"request": _request(), "shortest": SHORTEST, "error": error}
        return show(found, "password.html", status=422, **values)


def _code(routes: Blueprint, server: Server) -> None:
    @routes.get("/login/code")
    def code() -> Response:
        found = visit(server)
        _ = found.half_way
        return show(found, "code.html", request=_request())

    @routes.post("/login/code")
    def confirmed() -> Response:
        found = visit(server)
        half_way = found.half_way
        address = flask.request.remote_addr or ""
        try:
            cookie = server.authorization.sign_in.confirm(
                half_way, fields("code")["code"], address, found.cookie
            )
        except SignInError:
            return show(found, "code.html", status=401, request=_request(), error=_WRONG_CODE)
        return move(found, _after(), cookie=cookie)


def _enrolment(routes: Blueprint, server: Server) -> None:
    @routes.get("/login/enrol")
    def enrol() -> Response:
        found = visit(server)
        return _enrolling(found, totp.new_key(server.random))

    @routes.post("/login/enrol")
    def enrolled() -> Response:
        found = visit(server)
        half_way = found.half_way
        given = fields("code", "key")
        key = _opened(found, half_way, given["key"])
        try:
            cookie = server.authorization.sign_in.enrol(half_way, key, given["code"], found.cookie)
        except SignInError:
            return _enrolling(found, key, error=_WRONG_CODE)
        return move(found, _after(), cookie=cookie)


def _enrolling(found: Visit, key: str, error: str = "") -> Response:
    """Return the page with a key; it goes back and forth sealed, so that nobody can choose it."""
    half_way = found.half_way
    seal = found.server.authorization.seal
    sealed = seal.seal(key.encode(), "enrolment", half_way.session.session_id).hex()
    return show(
        found,
        "enrol.html",
        status=401 if error else 200,
        request=_request(),
        key=" ".join(key[at : at + 4] for at in range(0, len(key), 4)),
        sealed=sealed,
        picture=_picture(totp.uri(key, half_way.account.login)),
        error=error,
    )


def _opened(found: Visit, half_way: SignedIn, sealed: str) -> str:
    seal = found.server.authorization.seal
    try:
        data = bytes.fromhex(sealed)
        return seal.open(data, "enrolment", half_way.session.session_id).decode()
    except (ValueError, SealError):
        return totp.new_key(found.server.random)


def _picture(text: str) -> Markup:
    out = io.BytesIO()
    segno.make(text, error="m").save(
        out, kind="svg", xmldecl=False, svgns=True, scale=5, border=3, dark="#000", light="#fff"
    )
    return Markup(out.getvalue().decode())  # noqa: S704 - made just above, of no one's markup


def _next(server: Server, half_way: SignedIn | None) -> str:
    if half_way is None:
        return _with_request("/login")
    return _with_request(_STEPS[server.authorization.sign_in.step(half_way)])


def _after() -> str:
    return _with_request("/authorize" if _request() else "/account")


def _request() -> str:
    """Return the handle of the app's request for which somebody logs in, "" for none."""
    return flask.request.values.get("request", "")


def _with_request(path: str) -> str:
    handle = _request()
    return f"{path}?{urlencode({'request': handle})}" if handle else path

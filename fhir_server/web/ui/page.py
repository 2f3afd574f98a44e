"""What all pages share: cookies, protection against forged requests, headers, templates.

https://owasp.org/www-project-secure-headers/ . Nothing runs in a page: no script is served and none
would be executed. Cookies hold random values only; what they stand for is in the database, under a
hash. A form counts only with a token that is made of both cookies, from a page of this server.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from urllib.parse import urlsplit

import flask
from flask import Response

from fhir_server.bootstrap import Server
from fhir_server.fhir.resource import Json
from fhir_server.smart.login.sign_in import SignedIn, Stage
from fhir_server.smart.roles import PERMISSIONS, Role
from fhir_server.smart.tokens import TOKEN_BYTES, token_text

_COOKIE = "handoff"
_VISIT = "handoff-visit"
_CSRF = b"handoff page forms 1\0"
_COOKIE_CHARACTERS = 43
MOST_FORM_BYTES = 65_536
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none';"
    " frame-ancestors 'none'; form-action 'self'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class PageError(Exception):
    """What a person is told instead of a page; `status` is that of HTTP."""

    def __init__(self, message: str, *, status: int = 400, title: str = "Not possible") -> None:
        super().__init__(message)
        self.status = status
        self.title = title


class LoginNeededError(Exception):
    """Somebody has to log in first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of a browser: its cookies, and who is logged in (fully, or half-way)."""

    server: Server
    visit: str
    cookie: str
    is_new: bool
    signed_in: SignedIn | None

    @property
    def csrf(self) -> str:
        """What a form must bring along."""
        text = f"{self.visit}\0{self.cookie}".encode()
        return hmac.new(self.server.secret, _CSRF + text, sha256).hexdigest()

    @property
    def person(self) -> SignedIn:
        """Who is fully logged in.

        Raises:
            LoginNeededError: Nobody is.
        """
        if self.signed_in is None or self.signed_in.session.stage != Stage.FULL:
            raise LoginNeededError
        return self.signed_in

    @property
    def half_way(self) -> SignedIn:
        """Who has shown a password, and not yet the second factor.

        Raises:
            LoginNeededError: Nobody has.
        """
        if self.signed_in is None or self.signed_in.session.stage != Stage.PASSWORD:
            raise LoginNeededError
        return self.signed_in

    def require(self, role: Role) -> SignedIn:
        """Return who is fully logged in, if in this role.

        Raises:
            LoginNeededError: Nobody is logged in.
            PageError: Somebody is, in another role.
        """
        person = self.person
        if person.kind is not role:
            raise PageError("This page is for another role.", status=403, title="Not for you")
        return person


def visit(server: Server, *, own_form: bool = True) -> Visit:
    """Return the visit that Flask's current request is; a POST is of an `own_form`.

    Raises:
        PageError: A form came from elsewhere, or is too old.
    """
    request = flask.request
    request.max_content_length = MOST_FORM_BYTES
    names = cookie_names(server)
    known = request.cookies.get(names[1], "")
    is_new = len(known) != _COOKIE_CHARACTERS
    cookie = request.cookies.get(names[0], "")
    found = Visit(
        server=server,
        visit=token_text(server.random(TOKEN_BYTES)) if is_new else known,
        cookie=cookie,
        is_new=is_new,
        signed_in=server.authorization.sign_in.find(cookie),
    )
    if request.method == "POST" and own_form:
        _require_own_form(found)
    return found


def _require_own_form(found: Visit) -> None:
    request = flask.request
    origin = request.headers.get("Origin")
    own = found.server.settings.public_url
    foreign = origin is not None and origin not in {own, "null"}
    sent = request.form.get("csrf", "")
    if foreign or found.is_new or not hmac.compare_digest(sent.encode(), found.csrf.encode()):
        raise PageError(
            "This form is too old, or was sent from another site. Go back, reload the page and"
            " try again.",
            status=403,
            title="Please try again",
        )


def cookie_names(server: Server) -> tuple[str, str]:
    """Return the names of the session's and the browser's cookie."""
    prefix = "__Host-" if _is_https(server) else ""
    return prefix + _COOKIE, prefix + _VISIT


def _is_https(server: Server) -> bool:
    return urlsplit(server.settings.public_url).scheme == "https"


def show(found: Visit, template: str, *, status: int = 200, **values: Json) -> Response:
    """Return a page; `form_target` is an address to which its form may lead on."""
    person = found.signed_in if found.signed_in and _is_full(found.signed_in) else None
    target = values.pop("form_target", "")
    body = flask.render_template(
        template,
        csrf=found.csrf,
        person=person,
        role_label=_label(person),
        is_admin=person is not None and person.kind is Role.ADMINISTRATOR,
        path=flask.request.path,
        **values,
    )
    response = Response(body, status=status, mimetype="text/html")
    response.headers.update(_HEADERS)
    response.headers["Content-Security-Policy"] = _policy(str(target))
    if _is_https(found.server):
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return _with_visit(found, response)


def move(found: Visit, location: str, *, cookie: str | None = None) -> Response:
    """Return a redirect to another page; `cookie` is a new session's, "" ends it."""
    response = _plain(flask.redirect(location, code=303))
    response.headers.update(_HEADERS)
    if cookie is not None:
        _set(found.server, response, cookie_names(found.server)[0], cookie)
    return _with_visit(found, response)


def _plain(response: object) -> Response:
    if not isinstance(response, Response):
        raise TypeError("Flask gives its own responses.")
    return response


def _with_visit(found: Visit, response: Response) -> Response:
    if found.is_new:
        _set(found.server, response, cookie_names(found.server)[1], found.visit)
    return response


def _set(server: Server, response: Response, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=None if value else 0,
        secure=_is_https(server),
        httponly=True,
        samesite="Lax",
        path="/",
    )


def _policy(target: str) -> str:
    """Return the policy; browsers hold a form's redirects to `form-action` too."""
    if not target:
        return _POLICY
    parts = urlsplit(target)
    origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
    return f"{_POLICY} {origin}"


def _is_full(signed_in: SignedIn) -> bool:
    return signed_in.session.stage == Stage.FULL


def _label(person: SignedIn | None) -> str:
    kind = None if person is None else person.kind
    return "" if kind is None else PERMISSIONS[kind].label


def anonymous(found: Visit) -> Visit:
    """Return the same visit as that of nobody in particular."""
    return replace(found, signed_in=None)


def fields(*names: str) -> Mapping[str, str]:
    """Return fields of the form that was sent, "" for those that are absent."""
    return {name: flask.request.form.get(name, "").strip() for name in names}

"""The pages as one Flask blueprint, with what they show when something is wrong.

https://flask.palletsprojects.com/en/stable/blueprints/
"""

from urllib.parse import urlencode

import flask
from flask import Blueprint, Response
from werkzeug.exceptions import HTTPException

from fhir_server.bootstrap import Server
from fhir_server.fhir.outcome import FhirError
from fhir_server.web import errors
from fhir_server.web.request import request_id
from fhir_server.web.ui import account, admin, authorize, login
from fhir_server.web.ui.page import LoginNeededError, PageError, Visit, anonymous, move, show, visit


def blueprint(server: Server) -> Blueprint:
    """Return all pages of `server`."""
    routes = Blueprint(
        "ui",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    for part in (login, authorize, account, admin):
        part.add_to(routes, server)

    @routes.errorhandler(LoginNeededError)
    def to_login(_: LoginNeededError) -> Response:
        handle = flask.request.values.get("request", "")
        path = f"/login?{urlencode({'request': handle})}" if handle else "/login"
        return move(_visit(server), path)

    @routes.errorhandler(PageError)
    def told(error: PageError) -> Response:
        return _message(server, error.title, str(error), error.status)

    @routes.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return _message(server, "Not possible", "The request cannot be understood.", 400)
        environ = flask.request.environ
        rule = flask.request.url_rule
        identity = request_id(environ, server)
        # The log gets the cause; a refusal of the gate is no failure and is not logged.
        errors.answer(error, request_id=identity, route=rule.rule if rule else "[unknown]")
        status = error.status if isinstance(error, FhirError) else 500
        return _message(server, "Something went wrong", f"Its number is {identity}.", status)

    return routes


def _message(server: Server, title: str, text: str, status: int) -> Response:
    return show(_visit(server), "message.html", status=status, title=title, text=text)


def _visit(server: Server) -> Visit:
    """Return the visit, whatever form was sent."""
    try:
        return visit(server, own_form=False)
    except FhirError:
        # The database is away, so that nobody can be known.
        return anonymous(Visit(server=server, visit="", cookie="", is_new=False, signed_in=None))

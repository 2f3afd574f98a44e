"""The authorization server's routes: the token endpoint and the well-known document.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html
"""

import json
from collections.abc import Mapping

import flask
from flask import Blueprint, Response

from fhir_server.bootstrap import Server
from fhir_server.smart.discovery import TOKEN_PATH, smart_configuration

FORM = "application/x-www-form-urlencoded"
# The longest assertion and the longest list of scopes fit in many times over.
MOST_BYTES = 65_536
# The document changes with a release only.
_WELL_KNOWN_HEADERS = {"Cache-Control": "public, max-age=300"}


def blueprint(server: Server) -> Blueprint:
    """Return the routes of the authorization server; none of them needs a token."""
    routes = Blueprint("smart", __name__)
    configuration = json.dumps(smart_configuration(server.settings.public_url))

    @routes.get("/fhir/.well-known/smart-configuration")
    def well_known() -> Response:
        return _json(configuration, headers=_WELL_KNOWN_HEADERS)

    @routes.post(TOKEN_PATH)
    def token() -> Response:
        request = flask.request
        request.max_content_length = MOST_BYTES
        # A body of another type is not looked into: its form is empty, and refused as such.
        form = list(request.form.items(multi=True)) if request.mimetype == FORM else []
        answer = server.token_endpoint.respond(form, request.headers.get("Authorization"))
        return _json(json.dumps(answer.body), status=answer.status, headers=answer.headers)

    return routes


def _json(body: str, *, status: int = 200, headers: Mapping[str, str]) -> Response:
    return Response(body, status=status, headers=headers, mimetype="application/json")

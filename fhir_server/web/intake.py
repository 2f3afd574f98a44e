"""`/intake`: native records over HTTP, one address per kind of record.

The body is JSON as docs/guides/intake.md describes. The token needs to create, update, read and
search what the records become: `system/*.crus`, or that of each type. Refusals of the request as a
whole (401, 403, 413, 415, malformed JSON) are OperationOutcomes, as everywhere; what becomes of
each record stands in `results`.
"""

from collections.abc import Callable

import flask
from flask import Blueprint, Response

from fhir_server.access.identity import identifier
from fhir_server.bootstrap import Server
from fhir_server.fhir.outcome import UnsupportedMediaTypeError
from fhir_server.intake.record import Record
from fhir_server.intake.submit import submit
from fhir_server.web.request import context_of, read_body

JSON = "application/json"


def blueprint(server: Server) -> Blueprint:
    """Return a route for each record that the server knows."""
    routes = Blueprint("intake", __name__, url_prefix="/intake")
    for record in server.records:
        routes.add_url_rule(
            f"/{record.path}", record.path, _taker(server, record), methods=["POST"]
        )
    return routes


def _taker(server: Server, record: Record) -> Callable[[], Response]:
    def take() -> Response:
        request = flask.request
        repository = server.repository(context_of(request, server))
        if request.mimetype != JSON:
            raise UnsupportedMediaTypeError(f"Native records are `{JSON}`.")
        body = read_body(request.environ, server.settings.max_body_bytes)
        answer = submit(record, body, repository, identifier(server.secret))
        return Response(answer.body, status=answer.status, content_type=JSON)

    return take

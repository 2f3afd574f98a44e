"""The FHIR base: every interaction and operation, by the one routing table.

https://hl7.org/fhir/R4/http.html

A WSGI application of its own below Flask's: a read is a few statements and a splice of bytes, and
Flask's request cycle would cost more than all of them (performance.md, W1).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fhir_server.bootstrap import Server
from fhir_server.interactions.message import FhirResponse
from fhir_server.interactions.route import template
from fhir_server.web import errors
from fhir_server.web.compress import CODING, compressed
from fhir_server.web.request import (
    Presentation,
    caller,
    fhir_request,
    path_of,
    refusal_presentation,
    request_id,
)
from fhir_server.web.response import STATUS_LINES, body_of, headers_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_WELL_KNOWN = "/fhir/.well-known/"
# The only interaction that needs no token.
_PUBLIC = ("metadata",)


class FhirApplication:
    """Answers what lies below `/fhir`, and leaves all else to `otherwise`."""

    def __init__(self, server: Server, otherwise: "WSGIApplication") -> None:
        self._server = server
        self._otherwise = otherwise

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request. https://peps.python.org/pep-3333/ ."""
        path = environ["PATH_INFO"]
        below = path.startswith("/fhir/") or path == "/fhir"
        if not below or path.startswith(_WELL_KNOWN):
            return self._otherwise(environ, start_response)
        identity = request_id(environ, self._server)
        response, body, content_type = self._respond(environ, identity)
        packed = compressed(body, environ.get("HTTP_ACCEPT_ENCODING", ""))
        body = body if packed is None else packed
        headers = headers_of(response, body, content_type=content_type, request_id=identity)
        if packed is not None:
            headers += [("Content-Encoding", CODING), ("Vary", "Accept-Encoding")]
        start_response(STATUS_LINES[response.status], headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _respond(
        self, environ: "WSGIEnvironment", identity: str
    ) -> tuple[FhirResponse, bytes, str]:
        """Return the response with its body as it is sent, and the media type of that."""
        definitions = self._server.definitions
        try:
            response, presentation = self._handled(environ)
            body = body_of(response, presentation, definitions)
        except Exception as error:  # noqa: BLE001 - the one place where a failure becomes an answer
            route = template(path_of(environ))
            response = errors.answer(error, request_id=identity, route=route)
            presentation = refusal_presentation(environ)
            body = body_of(response, presentation, definitions)
        return response, body, presentation.content_type

    def _handled(self, environ: "WSGIEnvironment") -> tuple[FhirResponse, Presentation]:
        if _is_public(environ):
            request, presentation = fhir_request(environ, self._server)
            return self._server.capabilities(request), presentation
        repository = self._server.repository(caller(environ, self._server))
        request, presentation = fhir_request(environ, self._server)
        handle = self._server.routes.find(request.method, request.path)
        return handle(request, repository), presentation


def _is_public(environ: "WSGIEnvironment") -> bool:
    return environ["REQUEST_METHOD"] in {"GET", "HEAD"} and path_of(environ) == _PUBLIC

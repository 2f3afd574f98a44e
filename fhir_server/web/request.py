"""From a WSGI environment to a FhirRequest, its caller and its id.

https://hl7.org/fhir/R4/http.html#general and https://www.rfc-editor.org/rfc/rfc6750#section-2.1
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl

import flask

from fhir_server.access.context import AccessContext
from fhir_server.bootstrap import Server
from fhir_server.fhir import json, xml
from fhir_server.fhir.outcome import FhirError, InvalidRequestError, TooLargeError
from fhir_server.interactions.message import FhirRequest
from fhir_server.web import negotiate

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}")
_OWN_REQUEST_ID = "handoff.request_id"
_PRESENTED = "handoff.presentation"
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_PRESENTATION = frozenset({"_format", "_pretty"})
MOST_FIELDS_OF_A_FORM = 1000


class Readable(Protocol):
    """What a WSGI server gives as `wsgi.input`."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """How the answer is to be written: `_format`, Accept and `_pretty`.

    `form` are those of them that the query says.
    """

    content_type: str = negotiate.FHIR_JSON
    pretty: bool = False
    form: tuple[tuple[str, str], ...] = ()

    @property
    def is_xml(self) -> bool:
        """Whether the body is to be XML."""
        return self.content_type in negotiate.XML_TYPES


def request_id(environ: "WSGIEnvironment", server: Server) -> str:
    """Return the id of the request: the client's X-Request-Id if it is a proper one, else new."""
    found: str | None = environ.get(_OWN_REQUEST_ID)
    if found is None:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        found = given if _REQUEST_ID.fullmatch(given) else server.ids()
        environ[_OWN_REQUEST_ID] = found
    return found


def context_of(request: flask.Request, server: Server) -> AccessContext:
    """Return who sends a Flask request; every request that touches health data needs one.

    Raises:
        UnauthorizedError: It bears no valid access token.
    """
    return caller(request.environ, server)


def caller(environ: "WSGIEnvironment", server: Server) -> AccessContext:
    """Return who sends a request.

    Raises:
        UnauthorizedError: It bears no valid access token.
    """
    return server.authenticate(
        environ.get("HTTP_AUTHORIZATION"), at=server.clock(), request_id=request_id(environ, server)
    )


def path_of(environ: "WSGIEnvironment") -> tuple[str, ...]:
    """Return the segments of the path below the FHIR base; WSGI has them as Latin-1."""
    text = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    below = text.removeprefix("/fhir").strip("/")
    return tuple(below.split("/")) if below else ()


def fhir_request(environ: "WSGIEnvironment", server: Server) -> tuple[FhirRequest, Presentation]:
    """Return what is asked for and how it is to be written.

    A body in XML is turned into JSON here, so that only one format is known from here on.

    Raises:
        InvalidRequestError: The query or the form is malformed.
        InvalidResourceError: The body is in XML and not a resource of FHIR R4.
        TooLargeError: The body is larger than the settings allow.
        NotAcceptableError: The answer's format cannot be given.
        UnsupportedMediaTypeError: The body's format is not read.
    """
    path = path_of(environ)
    method = environ["REQUEST_METHOD"]
    query = environ.get("QUERY_STRING", "")
    parameters = _pairs(query) if query else ()
    presentation, parameters = _presented(environ, parameters)
    body = source = b""
    if method in _BODY_METHODS:
        negotiate.require_plain(environ.get("HTTP_CONTENT_ENCODING", ""))
        body = read_body(environ, server.settings.max_body_bytes)
        if path[-1:] == ("_search",):
            negotiate.require_form(environ.get("CONTENT_TYPE", ""))
            presentation, form = _presented(environ, _form(body), presentation)
            parameters, body = parameters + form, b""
        elif method == "PATCH" and negotiate.body_is_patch(environ.get("CONTENT_TYPE", "")):
            pass
        elif body and negotiate.body_is_xml(environ.get("CONTENT_TYPE", "")):
            source, body = body, json.encode(xml.decode(body, server.definitions))
    request = FhirRequest(
        method="GET" if method == "HEAD" else method,
        path=path,
        base=server.base,
        parameters=parameters,
        headers=_headers(environ),
        body=body,
        source=source,
        form=presentation.form,
    )
    return request, presentation


def refusal_presentation(environ: "WSGIEnvironment") -> Presentation:
    """Return how a refusal is to be written: as was asked for, or as JSON if that is at fault."""
    known: Presentation | None = environ.get(_PRESENTED)
    if known is not None:
        return known
    # A query that cannot be read says nothing of formats; Accept still may.
    for query in (environ.get("QUERY_STRING", ""), ""):
        try:
            return _presented(environ, _pairs(query) if query else ())[0]
        except FhirError:
            continue
    return Presentation()


def read_body(environ: "WSGIEnvironment", most_bytes: int) -> bytes:
    """Return the body.

    Raises:
        TooLargeError: It is larger than `most_bytes`.
        InvalidRequestError: Content-Length is not a number.
    """
    length = environ.get("CONTENT_LENGTH") or None
    if length is not None and not length.isdecimal():
        raise InvalidRequestError("Content-Length must be a number of bytes.")
    wanted = most_bytes + 1 if length is None else int(length)
    source: Readable = environ["wsgi.input"]
    body = source.read(wanted) if wanted <= most_bytes or length is None else None
    if body is None or len(body) > most_bytes:
        raise TooLargeError(f"A request body may have {most_bytes} bytes at most.")
    return body


def _headers(environ: "WSGIEnvironment") -> Mapping[str, str]:
    return {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    } | {"content-type": environ.get("CONTENT_TYPE", "")}


def _presented(
    environ: "WSGIEnvironment",
    parameters: tuple[tuple[str, str], ...],
    before: Presentation | None = None,
) -> tuple[Presentation, tuple[tuple[str, str], ...]]:
    """Return the presentation that is asked for, and the parameters without its own."""
    own = [pair for pair in parameters if pair[0] in _PRESENTATION]
    if before is not None and not own:
        return before, parameters
    formats = [value for name, value in own if name == "_format"]
    presentation = Presentation(
        content_type=negotiate.response_type(environ.get("HTTP_ACCEPT", ""), formats),
        pretty=negotiate.pretty([value for name, value in own if name == "_pretty"]),
        form=tuple(own),
    )
    environ[_PRESENTED] = presentation
    rest = tuple(pair for pair in parameters if pair[0] not in _PRESENTATION) if own else parameters
    return presentation, rest


def _form(body: bytes) -> tuple[tuple[str, str], ...]:
    try:
        return _pairs(body.decode())
    except UnicodeDecodeError:
        raise InvalidRequestError("The form must be UTF-8.") from None


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(
            parse_qsl(
                text,
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MOST_FIELDS_OF_A_FORM,
            )
        )
    except ValueError:
        raise InvalidRequestError(
            f"The parameters must be UTF-8, percent-encoded, {MOST_FIELDS_OF_A_FORM} at most."
        ) from None

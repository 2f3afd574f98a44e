"""From a FhirResponse to what WSGI sends.

https://hl7.org/fhir/R4/http.html#general

Nothing that a server of health data says may be kept by a cache on the way.
"""

from http import HTTPStatus

import msgspec

from fhir_server.fhir import json, xml
from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.outcome import InvalidResourceError, NotAcceptableError
from fhir_server.interactions.message import FhirResponse
from fhir_server.web.negotiate import JSON_TYPES, XML_TYPES
from fhir_server.web.request import Presentation

STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
ALWAYS = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
CONTENT_TYPES = {
    media_type: f"{media_type}; charset=utf-8" for media_type in JSON_TYPES | XML_TYPES
}


def body_of(response: FhirResponse, presentation: Presentation, definitions: Definitions) -> bytes:
    """Return the body as it is sent; `_pretty` moves white space and nothing else.

    Raises:
        NotAcceptableError: XML is wanted, and cannot hold what there is to say.
    """
    if presentation.is_xml and response.body:
        return _in_xml(response.body, definitions, pretty=presentation.pretty)
    if presentation.pretty and response.body:
        return msgspec.json.format(response.body, indent=2)
    return response.body


def _in_xml(body: bytes, definitions: Definitions, *, pretty: bool) -> bytes:
    try:
        return xml.encode(json.decode(body), definitions, pretty=pretty)
    except InvalidResourceError as error:
        raise NotAcceptableError("This cannot be given as XML; ask for JSON.") from error


def headers_of(
    response: FhirResponse, body: bytes, *, content_type: str, request_id: str
) -> list[tuple[str, str]]:
    """Return the response's headers; without a body there is no Content-Type."""
    headers = [*ALWAYS, ("X-Request-Id", request_id), *response.headers.items()]
    if body:
        headers.append(("Content-Type", CONTENT_TYPES[content_type]))
    if response.status not in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
        headers.append(("Content-Length", str(len(body))))
    return headers

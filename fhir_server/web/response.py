"""From a FhirResponse to what WSGI sends.

https://hl7.org/fhir/R4/http.html#general

Nothing that a server of health data says may be kept by a cache on the way.
"""

from http import HTTPStatus

import msgspec

from fhir_server.interactions.message import FhirResponse
from fhir_server.web.request import Presentation

STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
ALWAYS = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
CONTENT_TYPES = {
    media_type: f"{media_type}; charset=utf-8"
    for media_type in ("application/fhir+json", "application/json", "text/json")
}


def body_of(response: FhirResponse, presentation: Presentation) -> bytes:
    """Return the body as it is sent; `_pretty` moves white space and nothing else."""
    if presentation.pretty and response.body:
        return msgspec.json.format(response.body, indent=2)
    return response.body


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

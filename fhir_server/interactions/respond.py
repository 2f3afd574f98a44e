"""Responses that several interactions share: a version, what a write did, a refusal.

https://hl7.org/fhir/R4/http.html#versions and https://hl7.org/fhir/R4/http.html#ops
"""

from fhir_server.access.changes import Committed
from fhir_server.fhir.json import encode
from fhir_server.fhir.outcome import FhirError, Issue, operation_outcome
from fhir_server.interactions.conditional import etag, http_date, unchanged
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.prefer import Return, preferred_return
from fhir_server.storage.rows import Stored


def version(request: FhirRequest, stored: Stored) -> FhirResponse:
    """Return a stored version, or 304 where the client has it already."""
    headers = {"ETag": etag(stored.version), "Last-Modified": http_date(stored.last_updated)}
    if unchanged(request.headers, stored.version, stored.last_updated):
        return FhirResponse(status=304, headers=headers)
    return FhirResponse(status=200, body=stored.body or b"", headers=headers)


def written(request: FhirRequest, committed: Committed) -> FhirResponse:
    """Return what a create or update did, with the body that the client prefers."""
    return FhirResponse(
        status=201 if committed.created else 200,
        body=_preferred_body(request, committed),
        headers={
            "ETag": etag(committed.version),
            "Last-Modified": http_date(committed.last_updated),
            "Location": f"{request.base}/{address(committed)}",
        },
    )


def address(committed: Committed) -> str:
    """Return the relative URL of the version that a write made."""
    return f"{committed.type}/{committed.id}/_history/{committed.version}"


def success(diagnostics: str) -> bytes:
    """Return an OperationOutcome that reports no fault."""
    issue = Issue(severity="information", code="informational", diagnostics=diagnostics)
    return encode(operation_outcome((issue,)))


def refusal(error: FhirError) -> FhirResponse:
    """Return the OperationOutcome, status and headers of `error`."""
    return FhirResponse(
        status=error.status,
        body=encode(operation_outcome(error.issues)),
        headers=error.headers(),
    )


def _preferred_body(request: FhirRequest, committed: Committed) -> bytes:
    match preferred_return(request.headers, Return.REPRESENTATION):
        case Return.MINIMAL:
            return b""
        case Return.OPERATION_OUTCOME:
            done = "Created" if committed.created else "Updated"
            return success(f"{done} `{address(committed)}`.")
        case Return.REPRESENTATION:
            return committed.body or b""

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
    known = unchanged(request.headers, stored.version, stored.last_updated)
    return FhirResponse(
        status=304 if known else 200,
        body=b"" if known else stored.body or b"",
        headers={"ETag": etag(stored.version), "Last-Modified": http_date(stored.last_updated)},
        version=stored.version,
        last_modified=stored.last_updated,
    )


def written(request: FhirRequest, committed: Committed) -> FhirResponse:
    """Return what a create or update did, with the body that the client prefers."""
    return FhirResponse(
        status=201 if committed.created else 200,
        body=preferred_body(request, committed, Return.REPRESENTATION),
        headers={
            "ETag": etag(committed.version),
            "Last-Modified": http_date(committed.last_updated),
            "Location": location(request, committed),
        },
        version=committed.version,
        last_modified=committed.last_updated,
    )


def as_committed(stored: Stored) -> Committed:
    """Return what a change would have answered that found the resource as it was to be."""
    return Committed(
        type=stored.type,
        id=stored.id,
        version=stored.version,
        last_updated=stored.last_updated,
        method=stored.method,
        created=False,
        body=stored.body,
    )


def deleted(request: FhirRequest, committed: Committed) -> FhirResponse:
    """Return what a delete did: nothing to say, unless the client prefers an outcome."""
    body = preferred_body(request, committed, Return.MINIMAL)
    return FhirResponse(
        status=200 if body else 204,
        body=body,
        headers={"ETag": etag(committed.version)} if committed.version else {},
        version=committed.version or None,
        last_modified=committed.last_updated if committed.version else None,
    )


def deleted_several(request: FhirRequest, type_: str, count: int) -> FhirResponse:
    """Return what a delete did that found several resources, or none."""
    wanted = preferred_return(request.headers, Return.MINIMAL) is Return.OPERATION_OUTCOME
    body = success(f"Deleted {count} of `{type_}`.") if wanted else b""
    return FhirResponse(status=200 if body else 204, body=body)


def location(request: FhirRequest, committed: Committed) -> str:
    """Return the URL of the version that a write made."""
    base = request.base
    return f"{base}/{committed.type}/{committed.id}/_history/{committed.version}"


def preferred_body(request: FhirRequest, committed: Committed, default: Return) -> bytes:
    """Return the body that the client prefers as the answer to a write."""
    match preferred_return(request.headers, default):
        case Return.MINIMAL:
            return b""
        case Return.OPERATION_OUTCOME:
            done = {"POST": "Created", "DELETE": "Deleted"}.get(committed.method, "Updated")
            return success(f"{done} `{committed.type}/{committed.id}`.")
        case Return.REPRESENTATION:
            return committed.body or b""


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

"""A Bundle posted to the base: a batch, whose entries stand alone, or a transaction.

https://hl7.org/fhir/R4/http.html#transaction and https://hl7.org/fhir/R4/http.html#trules

The answer has an entry for each entry, in the same order. An entry of the answer holds a resource
where it was read, or where the client prefers `return=representation`.
"""

from collections.abc import Iterator, Mapping

from fhir_server.access.changes import Committed
from fhir_server.access.repository import Repository
from fhir_server.fhir.bundle import ResponseEntry, batch_response, transaction_response
from fhir_server.fhir.outcome import FhirError, InvalidRequestError
from fhir_server.fhir.resource import Element
from fhir_server.interactions import respond
from fhir_server.interactions.body import resource_of_type
from fhir_server.interactions.entry import Entry, elements, entry
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.prefer import Return, preferred_return
from fhir_server.interactions.route import Routes
from fhir_server.interactions.transaction import READS, commit


def bundle(request: FhirRequest, repository: Repository, routes: Routes) -> FhirResponse:
    """Process the entries of the Bundle in the body.

    Raises:
        InvalidResourceError: The body is no Bundle.
        InvalidRequestError: It is neither a batch nor a transaction, or an entry is malformed.
        FhirError: A transaction failed; nothing was changed.
    """
    resource = resource_of_type(request, "Bundle")
    kind = resource.get("type")
    if kind not in {"batch", "transaction"}:
        raise InvalidRequestError(
            f"A Bundle posted here must be a `batch` or a `transaction`, not `{kind}`.",
            expression="Bundle.type",
        )
    found = elements(resource)
    if kind == "batch":
        alone = (_alone(request, repository, routes, item) for item in enumerate(found))
        return FhirResponse(status=200, body=batch_response(alone))
    entries = [entry(index, element) for index, element in enumerate(found)]
    together = _together(request, repository, routes, entries)
    return FhirResponse(status=200, body=transaction_response(together))


def _alone(
    request: FhirRequest, repository: Repository, routes: Routes, item: tuple[int, Element]
) -> ResponseEntry:
    """Return what came of an entry of a batch, whose failure is its own."""
    try:
        return _answered(request, repository, routes, entry(*item))
    except FhirError as error:
        return _refused(error)


def _together(
    request: FhirRequest, repository: Repository, routes: Routes, entries: list[Entry]
) -> Iterator[ResponseEntry]:
    """Return what came of the entries of a transaction; it reads what it has written."""
    reads = [found for found in entries if found.method in READS]
    for found in reads:
        routes.find("GET", found.path)
    writes = [found for found in entries if found.method not in READS]
    done: Mapping[int, Committed] = dict(
        zip((found.index for found in writes), commit(writes, repository), strict=True)
    )
    return (
        _committed(request, done[found.index])
        if found.index in done
        else _read(request, repository, routes, found)
        for found in entries
    )


def _read(
    request: FhirRequest, repository: Repository, routes: Routes, found: Entry
) -> ResponseEntry:
    try:
        return _answered(request, repository, routes, found)
    except FhirError as error:
        return _refused(error)


def _answered(
    request: FhirRequest, repository: Repository, routes: Routes, found: Entry
) -> ResponseEntry:
    """Return what the table's handler answers to an entry.

    Raises:
        FhirError: The handler refuses, or there is none.
    """
    method = "GET" if found.method == "HEAD" else found.method
    inner = FhirRequest(
        method=method,
        path=found.path,
        base=request.base,
        parameters=found.parameters,
        headers={**found.headers, "prefer": request.headers.get("prefer", "return=minimal")},
        resource=found.resource,
    )
    response = routes.find(method, found.path)(inner, repository)
    return _entry_of(response, outcome=_says_outcome(request, method))


def _entry_of(response: FhirResponse, *, outcome: bool) -> ResponseEntry:
    return ResponseEntry(
        status=response.status,
        location=response.headers.get("Location", ""),
        version=response.version,
        last_modified=response.last_modified,
        resource=None if outcome else response.body or None,
        outcome=response.body or None if outcome else None,
    )


def _says_outcome(request: FhirRequest, method: str) -> bool:
    """Return whether the body of a write's answer is the OperationOutcome that was preferred."""
    preferred = preferred_return(request.headers, Return.MINIMAL)
    return method != "GET" and preferred is Return.OPERATION_OUTCOME


def _committed(request: FhirRequest, committed: Committed) -> ResponseEntry:
    inner = FhirRequest(
        method=committed.method,
        path=(),
        base=request.base,
        headers={"prefer": request.headers.get("prefer", "return=minimal")},
    )
    if committed.method == "DELETE":
        response = respond.deleted(inner, committed)
    else:
        response = respond.written(inner, committed)
    return _entry_of(response, outcome=_says_outcome(request, committed.method))


def _refused(error: FhirError) -> ResponseEntry:
    refused = respond.refusal(error)
    return ResponseEntry(status=refused.status, outcome=refused.body)

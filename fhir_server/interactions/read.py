"""Read: the current version of a resource.

https://hl7.org/fhir/R4/http.html#read and https://hl7.org/fhir/R4/http.html#cread
"""

from dataclasses import replace

from fhir_server.access.repository import Repository
from fhir_server.fhir.outcome import GoneError, InvalidSearchError
from fhir_server.interactions import respond
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.prefer import lenient
from fhir_server.interactions.searchset import Shorten, shortener
from fhir_server.search.parse import parse

_PARTS = frozenset({"_summary", "_elements"})


def read(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Return the current version, or 304 where the client has it already.

    `_summary` and `_elements` ask for a part of it.

    Raises:
        InvalidSearchError: Another parameter stands in the URL, or one of the two is malformed.
        NotFoundError: Unknown, or not to be disclosed to this caller.
        GoneError: Deleted.
    """
    resource_type, resource_id = request.path
    shorten = _shortener(request, repository) if request.parameters else None
    stored = repository.read(resource_type, resource_id)
    if stored.deleted:
        raise GoneError(f"`{resource_type}/{resource_id}` was deleted.")
    if shorten is not None and stored.body is not None:
        stored = replace(stored, body=shorten(stored.body))
    return respond.version(request, stored)


def _shortener(request: FhirRequest, repository: Repository) -> Shorten | None:
    for name, _ in request.parameters:
        if name not in _PARTS and not lenient(request.headers):
            raise InvalidSearchError(
                f"`{name}` is no parameter of a read; `_summary` and `_elements` are.",
                expression=name,
            )
    query = parse(
        request.path[0],
        [pair for pair in request.parameters if pair[0] in _PARTS],
        repository.ports.definitions,
        base=request.base,
        lenient=lenient(request.headers),
        default_count=1,
        max_count=1,
        at=repository.context.at,
    )
    return shortener(query, repository.ports.definitions)

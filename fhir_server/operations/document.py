"""$document: a Composition with everything that it refers to, as one Bundle.

https://hl7.org/fhir/R4/composition-operation-document.html

What the Composition names and the caller may have is in it; what is withheld is left out, as if it
were not there. A document is given and not kept: `persist=true` is refused.
"""

from collections.abc import Iterator

from fhir_server.access.repository import Repository
from fhir_server.fhir.bundle import ResourceEntry, document
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import (
    ForbiddenError,
    GoneError,
    NotFoundError,
    NotSupportedError,
    TooLargeError,
)
from fhir_server.fhir.reference import parse
from fhir_server.fhir.resource import Json
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.operation import Operation
from fhir_server.interactions.parameters import Takes, given
from fhir_server.storage.rows import Address, Stored

_TAKES = Takes(flags=frozenset({"persist"}))
_UUIDS = "urn:ietf:rfc:3986"
_MOST = 500


def composed(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Return the document of the Composition that the URL names.

    Raises:
        InvalidRequestError: A parameter is unknown or malformed.
        NotSupportedError: The document is to be kept.
        NotFoundError: Unknown, or not to be disclosed to this caller.
        GoneError: Deleted.
        TooLargeError: It refers to too many resources.
    """
    if given(request, _TAKES, repository.ports.definitions).flag("persist"):
        raise NotSupportedError("Documents are not kept here.", expression="persist")
    composition = repository.read(*request.path[:2])
    body = decode(composition.body or b"{}")
    named = dict.fromkeys(_addresses(body, repository))
    named.pop((composition.type, composition.id), None)
    if len(named) > _MOST:
        raise TooLargeError(f"A document may have {_MOST} resources at most.")
    found = [composition, *(one for address in named for one in _known(repository, address))]
    entries = (
        ResourceEntry(full_url=f"{request.base}/{one.type}/{one.id}", resource=one.body or b"")
        for one in found
    )
    identifier = _UUIDS, f"urn:uuid:{repository.new_id()}"
    timestamp = repository.ports.clock()
    return FhirResponse(
        status=200, body=document(entries, identifier=identifier, timestamp=timestamp)
    )


def _addresses(value: Json, repository: Repository) -> Iterator[Address]:
    """Yield the resources of this server that are referred to anywhere in `value`."""
    if isinstance(value, list):
        for part in value:
            yield from _addresses(part, repository)
    elif isinstance(value, dict):
        text = value.get("reference")
        if isinstance(text, str):
            found = parse(text, repository.ports.base)
            known = repository.ports.definitions.is_resource_type
            if found.type is not None and found.id is not None and known(found.type):
                yield found.type, found.id
        for part in value.values():
            yield from _addresses(part, repository)


def _known(repository: Repository, address: Address) -> Iterator[Stored]:
    try:
        yield repository.read(*address)
    except (NotFoundError, GoneError, ForbiddenError):
        return


OPERATION = Operation(
    code="document",
    definition="http://hl7.org/fhir/OperationDefinition/Composition-document",
    types=("Composition",),
    instance=True,
    of_type=False,
    affects_state=False,
    handle=composed,
)

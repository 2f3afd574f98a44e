"""$meta: the profiles, tags and security labels of a resource.

https://hl7.org/fhir/R4/resource-operation-meta.html
"""

from fhir_server.access.repository import Repository
from fhir_server.fhir.json import decode
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.operation import EVERY_TYPE, Operation
from fhir_server.interactions.parameters import Takes, given, parameters


def meta(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Return the `meta` of the resource that the URL names.

    Raises:
        InvalidRequestError: A parameter is given.
        NotFoundError: Unknown, or not to be disclosed to this caller.
        GoneError: Deleted.
    """
    given(request, Takes(), repository.ports.definitions)
    stored = repository.read(*request.path[:2])
    found = decode(stored.body or b"{}").get("meta", {})
    return FhirResponse(status=200, body=parameters([("return", {"valueMeta": found})]))


OPERATION = Operation(
    code="meta",
    definition="http://hl7.org/fhir/OperationDefinition/Resource-meta",
    types=(EVERY_TYPE,),
    instance=True,
    of_type=False,
    affects_state=False,
    handle=meta,
)

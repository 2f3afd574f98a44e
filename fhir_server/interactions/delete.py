"""Delete: the resource is gone, its history stays.

https://hl7.org/fhir/R4/http.html#delete
"""

from fhir_server.access.changes import Delete
from fhir_server.access.repository import Repository
from fhir_server.fhir.outcome import NotSupportedError
from fhir_server.interactions import respond
from fhir_server.interactions.conditional import if_match
from fhir_server.interactions.message import FhirRequest, FhirResponse


def delete(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Delete the resource that the URL names; 204, or 200 where an outcome is preferred.

    Raises:
        VersionConflictError: If-Match names a version that is not the current one.
        ForbiddenError: The caller may not delete it.
    """
    resource_type, resource_id = request.path
    change = Delete(type=resource_type, id=resource_id, if_match=if_match(request.headers))
    (committed,) = repository.commit((change,))
    return respond.deleted(request, committed)


def conditional_delete(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Refuse https://hl7.org/fhir/R4/http.html#3.1.0.7.1 .

    Raises:
        NotSupportedError: Always.
    """
    del request, repository
    raise NotSupportedError("Conditional delete is not supported; nothing was deleted.")

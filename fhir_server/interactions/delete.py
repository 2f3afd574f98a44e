"""Delete: the resource is gone, its history stays.

https://hl7.org/fhir/R4/http.html#delete
"""

from fhir_server.access.changes import Delete
from fhir_server.access.repository import Repository
from fhir_server.interactions import respond
from fhir_server.interactions.conditional import if_match
from fhir_server.interactions.conditions import MOST_DELETED, condition, until_settled
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
    """Delete all resources that the criteria find, or none of them.

    https://hl7.org/fhir/R4/http.html#cdelete

    Raises:
        InvalidRequestError: There are no criteria.
        InvalidSearchError: A criterion is unknown or malformed.
        PreconditionError: They find more resources than may be deleted at once.
        VersionConflictError: If-Match names a version that is not the current one.
        ForbiddenError: The caller may not delete one of them.
    """
    return until_settled(lambda: _delete_found(request, repository))


def _delete_found(request: FhirRequest, repository: Repository) -> FhirResponse:
    (resource_type,) = request.path
    found = condition(repository, resource_type, request.parameters, most=MOST_DELETED)
    version = if_match(request.headers)
    changes = [Delete(type=resource_type, id=match.id, if_match=version) for match in found.found]
    done = repository.commit(changes, guards=(found.guard,)) if changes else ()
    if len(done) == 1:
        return respond.deleted(request, done[0])
    return respond.deleted_several(request, resource_type, len(done))

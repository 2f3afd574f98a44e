"""Update: a new current version of a resource.

https://hl7.org/fhir/R4/http.html#update and https://hl7.org/fhir/R4/http.html#concurrency
"""

from fhir_server.access.changes import Update
from fhir_server.access.repository import Repository
from fhir_server.fhir.outcome import InvalidResourceError, NotSupportedError
from fhir_server.fhir.resource import Resource, id_of
from fhir_server.interactions import respond
from fhir_server.interactions.body import resource_of_type
from fhir_server.interactions.conditional import if_match
from fhir_server.interactions.message import FhirRequest, FhirResponse


def update(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Make the resource of the body the current version of the one that the URL names.

    Raises:
        InvalidResourceError: The body is not the resource that the URL names.
        VersionConflictError: If-Match names a version that is not the current one.
        MethodNotAllowedError: Nothing is known at the URL and the caller may not choose ids.
        UnprocessableError: The resource breaks its definition.
        ForbiddenError: The caller may not change it.
    """
    resource_type, resource_id = request.path
    resource = resource_of_type(request, resource_type)
    require_id(resource, resource_id)
    change = Update(
        type=resource_type,
        id=resource_id,
        resource=resource,
        if_match=if_match(request.headers),
    )
    (committed,) = repository.commit((change,))
    return respond.written(request, committed)


def conditional_update(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Refuse https://hl7.org/fhir/R4/http.html#cond-update .

    Raises:
        NotSupportedError: Always.
    """
    del request, repository
    raise NotSupportedError("Conditional update is not supported; nothing was changed.")


def require_id(resource: Resource, resource_id: str) -> None:
    """Require the id of the URL in the body.

    Raises:
        InvalidResourceError: The body has another id, or none.
    """
    found = id_of(resource)
    if found != resource_id:
        raise InvalidResourceError(
            f"The URL names the id `{resource_id}`, but the body's `id` is `{found}`."
            if found
            else f"The body must have the `id` that the URL names, `{resource_id}`.",
            expression="id",
        )

"""Update: a new current version of a resource.

https://hl7.org/fhir/R4/http.html#update and https://hl7.org/fhir/R4/http.html#concurrency
"""

from fhir_server.access.changes import Create, Update
from fhir_server.access.repository import Repository
from fhir_server.fhir.outcome import InvalidResourceError, VersionConflictError
from fhir_server.fhir.resource import Resource, id_of
from fhir_server.interactions import respond
from fhir_server.interactions.body import resource_of_type
from fhir_server.interactions.conditional import if_match
from fhir_server.interactions.conditions import Condition, condition, until_settled
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
    """Update the resource that the criteria find, or create it where they find none.

    https://hl7.org/fhir/R4/http.html#cond-update

    Raises:
        InvalidResourceError: The body is of another type, or has an id that is not the one found.
        InvalidSearchError: A criterion is unknown or malformed.
        PreconditionError: The criteria find several resources.
        FhirError: As for `update`.
    """
    resource = resource_of_type(request, request.path[0])
    return until_settled(lambda: _update_found(request, repository, resource))


def _update_found(request: FhirRequest, repository: Repository, resource: Resource) -> FhirResponse:
    (resource_type,) = request.path
    found = condition(repository, resource_type, request.parameters)
    change = change_of(resource, found, if_match(request.headers))
    (committed,) = repository.commit((change,), guards=(found.guard,))
    return respond.written(request, committed)


def change_of(resource: Resource, found: Condition, version: int | None) -> Create | Update:
    """Return what a conditional update does with what it found.

    Raises:
        InvalidResourceError: The body has an id that is not the one found.
        VersionConflictError: A version is to be followed, and there is nothing.
    """
    type_, own = found.query.type, id_of(resource)
    if found.match is not None:
        if own not in {"", found.match.id}:
            raise InvalidResourceError(
                f"The criteria find another resource than `{own}`, the `id` of the body.",
                expression="id",
            )
        return Update(type=type_, id=found.match.id, resource=resource, if_match=version)
    if own:
        return Update(type=type_, id=own, resource=resource, if_match=version)
    if version is not None:
        raise VersionConflictError(
            f"`{version}` is not the current version: the criteria find nothing.",
            expression="http.If-Match",
        )
    return Create(type=type_, resource=resource)


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

"""Create: a new resource with an id of the server's choice.

https://hl7.org/fhir/R4/http.html#create and https://hl7.org/fhir/R4/http.html#ccreate
"""

from fhir_server.access.changes import Create
from fhir_server.access.repository import Repository
from fhir_server.fhir.resource import Resource
from fhir_server.interactions import respond
from fhir_server.interactions.body import resource_of_type
from fhir_server.interactions.conditions import condition, criteria, until_settled
from fhir_server.interactions.message import FhirRequest, FhirResponse


def create(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Create the resource of the body; an id, version or time in it is ignored.

    With If-None-Exist nothing is created where its criteria find a resource: that is the answer.

    Raises:
        InvalidResourceError: The body is not a resource of the URL's type.
        InvalidSearchError: A criterion of If-None-Exist is unknown or malformed.
        PreconditionError: The criteria find several resources.
        UnprocessableError: The resource breaks its definition.
        ForbiddenError: The caller may not create it.
    """
    (resource_type,) = request.path
    resource = resource_of_type(request, resource_type)
    text = request.headers.get("if-none-exist")
    if text is not None:
        return until_settled(lambda: _unless_there(request, repository, resource, text))
    (committed,) = repository.commit((Create(type=resource_type, resource=resource),))
    return respond.written(request, committed)


def _unless_there(
    request: FhirRequest, repository: Repository, resource: Resource, text: str
) -> FhirResponse:
    (resource_type,) = request.path
    found = condition(repository, resource_type, criteria(text))
    if found.match is not None:
        return respond.written(request, respond.as_committed(found.match))
    change = Create(type=resource_type, resource=resource)
    (committed,) = repository.commit((change,), guards=(found.guard,))
    return respond.written(request, committed)

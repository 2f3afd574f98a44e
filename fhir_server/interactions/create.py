"""Create: a new resource with an id of the server's choice.

https://hl7.org/fhir/R4/http.html#create
"""

from fhir_server.access.changes import Create
from fhir_server.access.repository import Repository
from fhir_server.fhir.outcome import NotSupportedError
from fhir_server.interactions import respond
from fhir_server.interactions.body import resource_of_type
from fhir_server.interactions.message import FhirRequest, FhirResponse


def create(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Create the resource of the body; an id, version or time in it is ignored.

    Raises:
        InvalidResourceError: The body is not a resource of the URL's type.
        NotSupportedError: The create is conditional.
        UnprocessableError: The resource breaks its definition.
        ForbiddenError: The caller may not create it.
    """
    if "if-none-exist" in request.headers:
        raise NotSupportedError(
            "Conditional create is not supported; nothing was created.",
            expression="http.If-None-Exist",
        )
    (resource_type,) = request.path
    resource = resource_of_type(request, resource_type)
    (committed,) = repository.commit((Create(type=resource_type, resource=resource),))
    return respond.written(request, committed)

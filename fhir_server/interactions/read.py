"""Read: the current version of a resource.

https://hl7.org/fhir/R4/http.html#read and https://hl7.org/fhir/R4/http.html#cread
"""

from fhir_server.access.repository import Repository
from fhir_server.fhir.outcome import GoneError
from fhir_server.interactions import respond
from fhir_server.interactions.message import FhirRequest, FhirResponse


def read(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Return the current version, or 304 where the client has it already.

    Raises:
        NotFoundError: Unknown, or not to be disclosed to this caller.
        GoneError: Deleted.
    """
    resource_type, resource_id = request.path
    stored = repository.read(resource_type, resource_id)
    if stored.deleted:
        raise GoneError(f"`{resource_type}/{resource_id}` was deleted.")
    return respond.version(request, stored)

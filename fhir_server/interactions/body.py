"""The resource that a request carries.

https://hl7.org/fhir/R4/http.html#mime-type
"""

from fhir_server.fhir import json
from fhir_server.fhir.outcome import InvalidResourceError
from fhir_server.fhir.resource import Resource, type_of
from fhir_server.interactions.message import FhirRequest


def resource_of(request: FhirRequest) -> Resource:
    """Return the resource in the request's body.

    Raises:
        InvalidResourceError: There is no body, or it is not a JSON object.
    """
    if request.resource is not None:
        return request.resource
    if not request.body:
        raise InvalidResourceError("The request has no body; it must be one resource in JSON.")
    return json.decode(request.body)


def resource_of_type(request: FhirRequest, resource_type: str) -> Resource:
    """Return the resource in the request's body, which must be of the type that the URL names.

    Raises:
        InvalidResourceError: There is none, or it is of another type.
    """
    resource = resource_of(request)
    found = type_of(resource)
    if found != resource_type:
        raise InvalidResourceError(
            f"The URL is for `{resource_type}`, but `resourceType` is `{found}`.",
            expression="resourceType",
        )
    return resource

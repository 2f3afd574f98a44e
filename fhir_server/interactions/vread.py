"""Vread: one version of a resource.

https://hl7.org/fhir/R4/http.html#vread
"""

import re

from fhir_server.access.repository import Repository
from fhir_server.fhir.outcome import GoneError, not_found
from fhir_server.interactions import respond
from fhir_server.interactions.message import FhirRequest, FhirResponse

# Versions count from 1; what cannot be a version of ours is a version that does not exist.
_VERSION_ID = re.compile(r"[1-9][0-9]{0,17}")


def vread(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Return the version that the path names.

    Raises:
        NotFoundError: Unknown, or not to be disclosed to this caller.
        GoneError: The version is a deletion.
    """
    resource_type, resource_id, _, version_id = request.path
    if _VERSION_ID.fullmatch(version_id) is None:
        raise not_found()
    stored = repository.vread(resource_type, resource_id, int(version_id))
    if stored.deleted:
        raise GoneError(f"Version `{version_id}` is the deletion of the resource.")
    return respond.version(request, stored)

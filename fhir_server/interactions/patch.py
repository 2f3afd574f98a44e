"""Patch: a change of some elements of a resource.

https://hl7.org/fhir/R4/http.html#patch ; JSON Patch, XML Patch or FHIRPath Patch, by the body's
media type. What comes of it is an update of the version that was patched: it is validated, and it
fails where somebody else was quicker, unless the client left it open which version it patches.
"""

from collections.abc import Callable

from fhir_server.access.changes import Update
from fhir_server.access.repository import Repository
from fhir_server.fhir import json, json_patch, xml, xml_patch
from fhir_server.fhir.outcome import (
    ConditionChangedError,
    InvalidRequestError,
    PreconditionError,
    UnprocessableError,
    UnsupportedMediaTypeError,
    VersionConflictError,
)
from fhir_server.fhir.resource import Resource, id_of, type_of
from fhir_server.interactions import fhirpath_patch, respond
from fhir_server.interactions.conditional import if_match
from fhir_server.interactions.conditions import condition, until_settled
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.storage.rows import Stored

Patched = Callable[[Resource], Resource]
_FHIR = frozenset(
    {"application/fhir+json", "application/fhir+xml", "application/json", "application/xml"}
)


def patch(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Patch the resource that the URL names.

    Raises:
        InvalidRequestError: The URL has parameters.
        NotFoundError: Unknown, or not to be disclosed to this caller.
        GoneError: Deleted.
        UnsupportedMediaTypeError: The body is no patch.
        InvalidResourceError: The patch is malformed.
        UnprocessableError: The patch does not fit the resource, or leaves it broken.
        VersionConflictError: If-Match names a version that is not the current one.
        ForbiddenError: The caller may not read or may not change it.
    """
    if request.parameters:
        raise InvalidRequestError("A PATCH of one resource has no parameters.")
    resource_type, resource_id = request.path
    change = patching(request, repository)
    return until_settled(
        lambda: _commit(request, repository, repository.read(resource_type, resource_id), change)
    )


def conditional_patch(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Patch the one resource that the criteria find.

    Raises:
        PreconditionError: They find none, or several.
        FhirError: As for `patch`.
    """
    change = patching(request, repository)

    def attempt() -> FhirResponse:
        found = condition(repository, request.path[0], request.parameters).match
        if found is None:
            raise PreconditionError("The criteria find nothing to patch that is known to you.")
        return _commit(request, repository, repository.read(found.type, found.id), change)

    return until_settled(attempt)


def patching(request: FhirRequest, repository: Repository) -> Patched:
    """Return what the patch in the body does to a resource.

    Raises:
        UnsupportedMediaTypeError: The body is no patch.
        InvalidResourceError: The patch is malformed.
    """
    definitions = repository.ports.definitions
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.resource is None and media_type == json_patch.MEDIA_TYPE:
        operations = json_patch.read(request.body)
        return lambda resource: json_patch.patched(resource, operations)
    if request.resource is None and media_type == xml_patch.MEDIA_TYPE:
        return lambda resource: xml.decode(
            xml_patch.patched(xml.encode(resource, definitions), request.body), definitions
        )
    if request.resource is None and media_type not in _FHIR:
        raise UnsupportedMediaTypeError(
            f"`{media_type}` is no patch; send {json_patch.MEDIA_TYPE}, {xml_patch.MEDIA_TYPE}, or "
            "a FHIRPath Patch as a `Parameters` resource.",
            expression="http.Content-Type",
        )
    body = request.resource if request.resource is not None else json.decode(request.body)
    wanted = fhirpath_patch.operations(body)
    return lambda resource: fhirpath_patch.patched(resource, wanted, definitions)


def patched(stored: Stored, change: Patched) -> Resource:
    """Return a stored resource after the change.

    Raises:
        UnprocessableError: The change would make another resource of it.
        InvalidResourceError: What comes of it is none.
    """
    before = json.decode(stored.body or b"{}")
    after = change(before)
    if (type_of(after), id_of(after)) != (stored.type, stored.id):
        raise UnprocessableError("A patch changes neither the type nor the id of a resource.")
    return after


def _commit(
    request: FhirRequest, repository: Repository, stored: Stored, change: Patched
) -> FhirResponse:
    asked = if_match(request.headers)
    if asked not in {None, stored.version}:
        raise VersionConflictError(
            f"`{asked}` is not the current version; read it again.", expression="http.If-Match"
        )
    update = Update(
        type=stored.type,
        id=stored.id,
        resource=patched(stored, change),
        if_match=stored.version,
    )
    try:
        (committed,) = repository.commit((update,))
    except VersionConflictError:
        if asked is not None:
            raise
        # Somebody was quicker; the client did not say that it must be this version.
        raise ConditionChangedError from None
    return respond.written(request, committed)

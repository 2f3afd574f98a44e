"""JSON Patch: operations on the members of a JSON document.

https://hl7.org/fhir/R4/http.html#patch and https://www.rfc-editor.org/rfc/rfc6902
"""

import jsonpatch
from jsonpointer import JsonPointerException

from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import InvalidResourceError, UnprocessableError
from fhir_server.fhir.resource import Json, Resource

MEDIA_TYPE = "application/json-patch+json"
# Each operation may copy the document.
MOST_OPERATIONS = 1000


def read(body: bytes) -> list[Json]:
    """Return the operations that `body` is.

    Raises:
        InvalidResourceError: It is no JSON array of operations.
    """
    found = decode(b'{"patch":%b}' % body)["patch"]
    if not isinstance(found, list) or len(found) > MOST_OPERATIONS:
        raise InvalidResourceError(
            f"A JSON Patch is an array of operations, {MOST_OPERATIONS} at most."
        )
    return found


def patched(resource: Resource, operations: list[Json]) -> Resource:
    """Return `resource` after all `operations`; the argument is not changed.

    Raises:
        InvalidResourceError: An operation is malformed.
        UnprocessableError: One does not fit the resource, or a test fails.
    """
    try:
        found = jsonpatch.JsonPatch(operations).apply(resource)
    except jsonpatch.JsonPatchTestFailed:
        raise UnprocessableError("A `test` of the patch fails; nothing was changed.") from None
    except (jsonpatch.JsonPatchConflict, JsonPointerException):
        raise UnprocessableError(
            "An operation of the patch leads to what is not there; nothing was changed."
        ) from None
    except (jsonpatch.JsonPatchException, TypeError, KeyError, AttributeError, ValueError):
        raise InvalidResourceError("An operation of the patch is malformed.") from None
    if not isinstance(found, dict):
        raise UnprocessableError("The patch leaves no resource; nothing was changed.")
    return found

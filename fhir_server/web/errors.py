"""What is told of a failure: to the client an OperationOutcome, to the log no health data.

https://hl7.org/fhir/R4/operationoutcome.html

The message of an unexpected exception may hold values (a database names the row that it refused),
so the log gets its type, the route's template and the places in the code, and nothing else.
"""

import logging
import traceback

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge

from fhir_server.fhir.outcome import (
    FhirError,
    InvalidRequestError,
    MethodNotAllowedError,
    NotFoundError,
    TooLargeError,
)
from fhir_server.interactions.message import FhirResponse
from fhir_server.interactions.respond import refusal

_LOG = logging.getLogger("fhir_server")


def answer(error: Exception, *, request_id: str, route: str) -> FhirResponse:
    """Return the response for `error`; an unexpected one is logged under `request_id`."""
    if isinstance(error, FhirError):
        return refusal(error)
    if isinstance(error, HTTPException):
        return refusal(_translated(error))
    _LOG.error("%s at %s, request %s\n%s", _name(error), route, request_id, _places(error))
    return refusal(FhirError(f"The server failed. Its log has the cause under `{request_id}`."))


def _translated(error: HTTPException) -> FhirError:
    """Return Werkzeug's refusal as ours."""
    match error:
        case NotFound():
            return NotFoundError("Nothing lives at this URL. The FHIR base is `/fhir`.")
        case MethodNotAllowed():
            allow = tuple(sorted(error.valid_methods or ()))
            return MethodNotAllowedError("This URL is not for this method.", allow=allow)
        case RequestEntityTooLarge():
            return TooLargeError("The request body is too large.")
        case _:
            return InvalidRequestError("The request cannot be understood.")


def _name(error: BaseException) -> str:
    """Return the types of an exception and of what it was raised from."""
    cause = error.__cause__ or error.__context__
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    return name if cause is None else f"{name} from {_name(cause)}"


def _places(error: BaseException) -> str:
    return "\n".join(
        f"  {frame.filename}:{frame.lineno} in {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    )

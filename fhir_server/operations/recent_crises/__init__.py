"""`$recent-crises`: what happened to this person lately, for whoever treats the person now.

https://hl7.org/fhir/R4/operations.html . A GET on a Patient; `days` (1 to 3650, default 365) is
how far to look back, `count` (1 to 20, default 5) how many crises to show. The answer is a small
document (https://hl7.org/fhir/R4/documents.html): a Composition, then the resources that it rests
on, all of which the caller may have.
"""

from fhir_server.access.repository import Repository
from fhir_server.fhir.crisis import CANONICAL
from fhir_server.fhir.outcome import InvalidRequestError
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.operation import Operation
from fhir_server.operations.recent_crises.gather import gather
from fhir_server.operations.recent_crises.summary import summary

# Name -> (default, highest); the lowest is 1.
PARAMETERS = {"days": (365, 3650), "count": (5, 20)}


def recent_crises(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Return the document.

    Raises:
        InvalidRequestError: A parameter is unknown, repeated or out of range.
        NotFoundError: The caller may not know of such a Patient.
        ForbiddenError: No scope for Patient or Encounter.
    """
    asked = _parameters(request.parameters)
    patient_id = request.path[1]
    found = gather(repository, patient_id, days=asked["days"], count=asked["count"])
    return FhirResponse(status=200, body=summary(found, base=request.base))


def _parameters(pairs: tuple[tuple[str, str], ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, text in pairs:
        if name not in PARAMETERS:
            known = " and ".join(f"`{each}`" for each in PARAMETERS)
            raise InvalidRequestError(
                f"`$recent-crises` takes {known}, not `{name}`.", expression=name
            )
        _, highest = PARAMETERS[name]
        is_number = text.isascii() and text.isdigit() and len(text) <= len(str(highest))
        if name in found or not is_number or not 1 <= int(text) <= highest:
            raise InvalidRequestError(
                f"`{name}` must be one whole number from 1 to {highest}.", expression=name
            )
        found[name] = int(text)
    return {name: found.get(name, default) for name, (default, _) in PARAMETERS.items()}


OPERATION = Operation(
    code="recent-crises",
    definition=f"{CANONICAL}/OperationDefinition/patient-recent-crises",
    types=("Patient",),
    instance=True,
    affects_state=False,
    handle=recent_crises,
)

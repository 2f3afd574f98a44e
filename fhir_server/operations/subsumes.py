"""$subsumes: how two codes of one system stand to each other.

https://hl7.org/fhir/R4/codesystem-operation-subsumes.html
"""

from fhir_server.access.repository import Repository
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import InvalidRequestError, NotFoundError
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.operation import Operation
from fhir_server.interactions.parameters import Given, Takes, given, parameters, require_one
from fhir_server.interactions.terminology import terminology_of
from fhir_server.terminology.coding import Coding
from fhir_server.terminology.concept import CodeSystem
from fhir_server.terminology.evaluation import not_here, unknown_code
from fhir_server.terminology.listed import Listed
from fhir_server.terminology.terminology import relation

_TAKES = Takes(
    texts=frozenset({"codeA", "codeB", "system", "version"}),
    codings=frozenset({"codingA", "codingB"}),
)
_AT_TYPE = 2  # segments of `CodeSystem/$subsumes`


def subsumes(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Return `equivalent`, `subsumes`, `subsumed-by` or `not-subsumed`.

    Raises:
        InvalidRequestError: A parameter is missing, unknown or malformed, or the codes are of two
            systems.
        NotFoundError: The code system is not here, or has no such code.
    """
    asked = given(request, _TAKES, repository.ports.definitions)
    at_type = len(request.path) == _AT_TYPE
    one, other = _coding(asked, "A", at_type=at_type), _coding(asked, "B", at_type=at_type)
    if one.system != other.system:
        raise InvalidRequestError("Both codes must be of one system.", expression="codingB")
    system = _system(repository, one) if at_type else _instance(request, repository)
    for coding in (one, other):
        if system.find(coding.code) is None:
            raise NotFoundError(unknown_code(system, coding.code).reason, expression="code")
    outcome = relation(system, one.code, other.code)
    return FhirResponse(status=200, body=parameters([("outcome", {"valueCode": outcome})]))


OPERATION = Operation(
    code="subsumes",
    definition="http://hl7.org/fhir/OperationDefinition/CodeSystem-subsumes",
    types=("CodeSystem",),
    instance=True,
    affects_state=False,
    handle=subsumes,
)


def _coding(asked: Given, letter: str, *, at_type: bool) -> Coding:
    names = (f"code{letter}", f"coding{letter}")
    if require_one(asked, names) == names[0]:
        coding = Coding(
            code=asked.text(names[0]), system=asked.text("system"), version=asked.text("version")
        )
    else:
        coding = Coding.of(asked.element(names[1]) or {})
    if not coding.code or (at_type and not coding.system):
        raise InvalidRequestError(
            f"`{names[1]}` must have a system and a code.", expression="system"
        )
    return coding


def _system(repository: Repository, coding: Coding) -> CodeSystem:
    found = terminology_of(repository).code_system(coding.system, coding.version)
    if found is None:
        raise NotFoundError(not_here(coding.system, coding.version), expression="system")
    return found


def _instance(request: FhirRequest, repository: Repository) -> CodeSystem:
    stored = repository.read(request.path[0], request.path[1])
    return Listed(decode(stored.body or b"{}"))

"""$lookup: what is known of one concept.

https://hl7.org/fhir/R4/codesystem-operation-lookup.html
"""

from collections.abc import Iterator

from fhir_server.access.repository import Repository
from fhir_server.fhir.outcome import InvalidRequestError, NotFoundError
from fhir_server.fhir.resource import Element
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.operation import Operation
from fhir_server.interactions.parameters import Takes, given, parameters, require_one
from fhir_server.interactions.terminology import terminology_of
from fhir_server.terminology.coding import Coding
from fhir_server.terminology.evaluation import not_here, unknown_code
from fhir_server.terminology.lookup import Looked, Property, look_up

_TAKES = Takes(
    texts=frozenset({"code", "system", "version", "date", "displayLanguage", "property"}),
    codings=frozenset({"coding"}),
    many=frozenset({"property"}),
)


def lookup(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Return name, display, designations and properties of a concept.

    Raises:
        InvalidRequestError: A parameter is missing, unknown or malformed.
        NotFoundError: The code system is not here, or has no such code.
    """
    asked = given(request, _TAKES, repository.ports.definitions)
    if require_one(asked, ("code", "coding")) == "code":
        coding = Coding(
            code=asked.text("code"), system=asked.text("system"), version=asked.text("version")
        )
    else:
        coding = Coding.of(asked.element("coding") or {})
    if not coding.system or not coding.code:
        raise InvalidRequestError("`system` and `code` must both be given.", expression="system")
    system = terminology_of(repository).code_system(coding.system, coding.version)
    if system is None:
        raise NotFoundError(not_here(coding.system, coding.version), expression="system")
    concept = system.find(coding.code)
    if concept is None:
        raise NotFoundError(unknown_code(system, coding.code).reason, expression="code")
    found = look_up(
        system, concept, wanted=asked.texts("property"), language=asked.text("displayLanguage")
    )
    return FhirResponse(status=200, body=parameters(_answer(found)))


OPERATION = Operation(
    code="lookup",
    definition="http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup",
    types=("CodeSystem",),
    instance=False,
    affects_state=False,
    handle=lookup,
)


def _answer(found: Looked) -> Iterator[tuple[str, Element]]:
    about = found.system.about
    yield "name", {"valueString": about.name or about.url}
    if about.version:
        yield "version", {"valueString": about.version}
    yield "display", {"valueString": found.display}
    if found.concept.abstract:
        yield "abstract", {"valueBoolean": True}
    for designation in found.designations:
        yield "designation", {"part": list(_designation(designation))}
    for property_ in found.properties:
        yield "property", {"part": list(_property(property_))}


def _designation(designation: Element) -> Iterator[Element]:
    if "language" in designation:
        yield {"name": "language", "valueCode": designation["language"]}
    if "use" in designation:
        yield {"name": "use", "valueCoding": designation["use"]}
    yield {"name": "value", "valueString": str(designation.get("value", ""))}


def _property(property_: Property) -> Iterator[Element]:
    yield {"name": "code", "valueCode": property_.code}
    if property_.value:
        yield {"name": "value", **property_.value}
    if property_.description:
        yield {"name": "description", "valueString": property_.description}

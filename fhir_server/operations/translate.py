"""$translate: what a code becomes in another code system.

https://hl7.org/fhir/R4/conceptmap-operation-translate.html
"""

from collections.abc import Iterator

from fhir_server.access.repository import Repository
from fhir_server.fhir.outcome import InvalidRequestError
from fhir_server.fhir.resource import Element, items
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.operation import Operation
from fhir_server.interactions.parameters import Given, Takes, given, parameters
from fhir_server.interactions.terminology import asked_codings, named_resource, terminology_of
from fhir_server.terminology.concept_map import Match
from fhir_server.terminology.translation import Dependency, Translation, Wanted

_TAKES = Takes(
    texts=frozenset(
        {"url", "conceptMapVersion", "code", "system", "version", "source", "target"}
        | {"targetsystem"}
    ),
    flags=frozenset({"reverse"}),
    codings=frozenset({"coding"}),
    concepts=frozenset({"codeableConcept"}),
    resources={"conceptMap": "ConceptMap"},
    parts=frozenset({"dependency"}),
    many=frozenset({"dependency"}),
)


def translate(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Return the matches, and whether one of them is a translation.

    Raises:
        InvalidRequestError: A parameter is missing, unknown or malformed.
        NotFoundError: The concept map is not here, or there is none between the value sets.
    """
    asked = given(request, _TAKES, repository.ports.definitions)
    codings = asked_codings(asked, version="version")
    if any(not coding.system for coding in codings):
        raise InvalidRequestError("`system` must be given.", expression="system")
    concept_map = named_resource(
        request, repository, asked, resource="conceptMap", version="conceptMapVersion"
    )
    if concept_map is None and not asked.values.keys() & {"source", "target", "targetsystem"}:
        raise InvalidRequestError(
            "`url`, or the value sets `source` and `target`, must be given.", expression="url"
        )
    terminology = terminology_of(repository)
    dependencies = tuple(_dependencies(asked))
    found = [
        terminology.translate(
            Wanted(
                coding=coding,
                target_system=asked.text("targetsystem"),
                reverse=asked.flag("reverse"),
                dependencies=dependencies,
            ),
            concept_map,
            source=asked.text("source"),
            target=asked.text("target"),
        )
        for coding in codings
    ]
    return FhirResponse(status=200, body=parameters(_answer(found)))


OPERATION = Operation(
    code="translate",
    definition="http://hl7.org/fhir/OperationDefinition/ConceptMap-translate",
    types=("ConceptMap",),
    instance=True,
    affects_state=False,
    handle=translate,
)


def _dependencies(asked: Given) -> Iterator[Dependency]:
    for dependency in asked.elements("dependency"):
        parts = {part.get("name"): part for part in items(dependency, "part")}
        element = parts.get("element", {}).get("valueUri")
        concept = parts.get("concept", {}).get("valueCodeableConcept")
        if not isinstance(element, str) or not isinstance(concept, dict):
            raise InvalidRequestError(
                "`dependency` must have the parts `element` (valueUri) and `concept`"
                " (valueCodeableConcept).",
                expression="dependency",
            )
        for coding in items(concept, "coding"):
            yield element, str(coding.get("code", "")), str(coding.get("system", ""))
        if "text" in concept:
            yield element, str(concept["text"]), ""


def _answer(found: list[Translation]) -> Iterator[tuple[str, Element]]:
    matches = [match for each in found for match in each.matches]
    result = any(each.result for each in found)
    yield "result", {"valueBoolean": result}
    message = _message(found, matches, result=result)
    if message:
        yield "message", {"valueString": message}
    for match in matches:
        yield "match", {"part": list(_match(match))}


def _message(found: list[Translation], matches: list[Match], *, result: bool) -> str:
    unmet = dict.fromkeys(element for each in found for element, _, _ in each.unmet)
    if unmet:
        elements = ", ".join(f"`{element}`" for element in unmet)
        return f"There would be more matches for certain values of: {elements}."
    if matches and not result:
        return "The map says that there is no translation."
    return "" if matches else "The map says nothing about this code."


def _match(match: Match) -> Iterator[Element]:
    yield {"name": "equivalence", "valueCode": match.equivalence}
    if match.concept is not None:
        stated = {
            "system": match.concept.system,
            "version": match.concept.version,
            "code": match.concept.code,
            "display": match.concept.display,
        }
        concept = {name: value for name, value in stated.items() if value}
        yield {"name": "concept", "valueCoding": concept}
    yield from ({"name": "product", "part": list(_product(each))} for each in match.products)
    if match.map_url:
        yield {"name": "source", "valueUri": match.map_url}


def _product(product: Element) -> Iterator[Element]:
    yield {"name": "element", "valueUri": str(product.get("property", ""))}
    stated = {
        "system": product.get("system"),
        "code": product.get("value"),
        "display": product.get("display"),
    }
    concept = {name: value for name, value in stated.items() if value}
    yield {"name": "concept", "valueCoding": concept}

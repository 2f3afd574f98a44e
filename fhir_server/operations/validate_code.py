"""$validate-code: whether a code is of a code system, or in a value set.

https://hl7.org/fhir/R4/codesystem-operation-validate-code.html and
https://hl7.org/fhir/R4/valueset-operation-validate-code.html

A question that cannot be answered, since a code system or value set is not here, is refused:
`result` is never false for want of knowledge.
"""

from collections.abc import Callable, Iterator, Sequence

from fhir_server.access.repository import Repository
from fhir_server.fhir.outcome import InvalidRequestError, NotFoundError
from fhir_server.fhir.resource import Element, Resource
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.operation import Operation
from fhir_server.interactions.parameters import Given, Takes, given, parameters
from fhir_server.interactions.terminology import (
    asked_codings,
    named_resource,
    not_here,
    terminology_of,
    versions_of,
)
from fhir_server.terminology import evaluation
from fhir_server.terminology.coding import Coding, Membership
from fhir_server.terminology.concept import CodeSystem
from fhir_server.terminology.displays import display
from fhir_server.terminology.listed import Listed
from fhir_server.terminology.terminology import Terminology
from fhir_server.terminology.versions import Versions

_SHARED = frozenset({"url", "code", "display", "date", "displayLanguage"})
_VERSIONS = frozenset({"system-version", "check-system-version", "force-system-version"})
_OF_SYSTEM = Takes(
    texts=_SHARED | {"version"},
    flags=frozenset({"abstract"}),
    codings=frozenset({"coding"}),
    concepts=frozenset({"codeableConcept"}),
    resources={"codeSystem": "CodeSystem"},
)
_OF_VALUE_SET = Takes(
    texts=_SHARED | _VERSIONS | {"valueSetVersion", "system", "systemVersion", "context"},
    flags=frozenset({"abstract", "inferSystem"}),
    codings=frozenset({"coding"}),
    concepts=frozenset({"codeableConcept"}),
    resources={"valueSet": "ValueSet"},
    many=_VERSIONS,
)

Answered = tuple[Coding, Membership]


def validate_code(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Return whether the code belongs, with what is amiss.

    Raises:
        InvalidRequestError: A parameter is missing, unknown or malformed.
        NotFoundError: The code system or value set is not here.
        UnprocessableError: What the value set rests on is not here, so that nobody can tell.
        TooCostlyError: It takes too much work.
    """
    in_system = request.path[0] == "CodeSystem"
    takes = _OF_SYSTEM if in_system else _OF_VALUE_SET
    asked = given(request, takes, repository.ports.definitions)
    answer = _of_system if in_system else _of_value_set
    terminology = terminology_of(repository)
    answers = answer(request, repository, asked, terminology)
    coding, membership = _best(answers)
    if membership.result is None:
        raise not_here([found.message for _, found in answers if found.result is None])
    language = asked.text("displayLanguage")
    told = _displayed(membership, coding, terminology, language) if language else membership
    return FhirResponse(status=200, body=parameters(_answer(coding, told)))


OPERATION = Operation(
    code="validate-code",
    definition="http://hl7.org/fhir/OperationDefinition/{type}-validate-code",
    types=("CodeSystem", "ValueSet"),
    instance=True,
    affects_state=False,
    handle=validate_code,
)


def _of_system(
    request: FhirRequest, repository: Repository, asked: Given, terminology: Terminology
) -> list[Answered]:
    codings = asked_codings(asked, version="version")
    found = named_resource(request, repository, asked, resource="codeSystem", version="version")
    if isinstance(found, dict):
        return _in(terminology, asked, codings, Listed(found))
    url, _, version = (found or "").partition("|")
    if url:
        system = terminology.code_system(url, version)
        if system is None:
            raise NotFoundError(evaluation.not_here(url, version), expression="url")
        return _in(terminology, asked, codings, system)
    if any(not coding.system for coding in codings):
        raise InvalidRequestError("`url` must be given: the code system.", expression="url")
    return [
        (coding, terminology.validate_in_system(coding, abstract=asked.flag("abstract")))
        for coding in codings
    ]


def _in(
    terminology: Terminology,
    asked: Given,
    codings: Sequence[Coding],
    system: CodeSystem,
) -> list[Answered]:
    url = system.about.url
    return [
        (
            coding,
            terminology.validate_in_system(coding, abstract=asked.flag("abstract"), system=system)
            if coding.system in ("", url)
            else Membership(
                result=False,
                message=f"`{coding.system}` is not the code system `{url}`.",
                code="invalid",
            ),
        )
        for coding in codings
    ]


def _of_value_set(
    request: FhirRequest, repository: Repository, asked: Given, terminology: Terminology
) -> list[Answered]:
    codings = asked_codings(asked, version="systemVersion")
    value_set = named_resource(
        request, repository, asked, resource="valueSet", version="valueSetVersion"
    )
    if value_set is None:
        raise InvalidRequestError("`url` must be given: the value set.", expression="url")
    if isinstance(value_set, str) and terminology.value_set(value_set) is None:
        raise NotFoundError(f"The value set `{value_set}` is not available here.", expression="url")
    infers = asked.flag("inferSystem") or "context" in asked
    if any(not coding.system for coding in codings) and not infers:
        raise InvalidRequestError(
            "`system` must be given, or `inferSystem` with the value true.", expression="system"
        )
    versions = versions_of(asked)
    return [
        (coding, _unambiguous(_ask(terminology, value_set, asked, versions)(coding)))
        for coding in codings
    ]


def _ask(
    terminology: Terminology, value_set: str | Resource, asked: Given, versions: Versions
) -> Callable[[Coding], Membership]:
    return lambda coding: terminology.decide(
        value_set, coding, abstract=asked.flag("abstract"), versions=versions
    )


def _unambiguous(found: Membership) -> Membership:
    return found.but(result=False) if found.is_ambiguous else found


def _best(answers: Sequence[Answered]) -> Answered:
    """Return the answer that counts: one that belongs is enough, one unknown leaves doubt."""
    for wanted in (True, None):
        for coding, found in answers:
            if found.result is wanted and not (wanted and found.display_is_wrong):
                return coding, found
    return answers[0]


def _displayed(
    found: Membership, coding: Coding, terminology: Terminology, language: str
) -> Membership:
    system = terminology.code_system(found.system, found.version) if found.system else None
    concept = None if system is None else system.find(coding.code)
    return found if concept is None else found.but(display=display(concept, None, language))


def _answer(coding: Coding, found: Membership) -> Iterator[tuple[str, Element]]:
    yield "result", {"valueBoolean": bool(found.result) and not found.display_is_wrong}
    message = found.message
    if found.normal is not None and not message:
        message = f"The code is written `{found.normal}`."
    if message:
        yield "message", {"valueString": message}
    if found.display:
        yield "display", {"valueString": found.display}
    if found.result:
        yield "code", {"valueCode": found.normal or coding.code}
        if found.system:
            yield "system", {"valueUri": found.system}
        if found.version:
            yield "version", {"valueString": found.version}

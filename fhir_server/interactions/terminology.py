"""What the operations on code systems, value sets and concept maps share.

https://hl7.org/fhir/R4/terminology-service.html

A resource comes by its id or its canonical URL, or in the request itself. What is stored here is
read through the caller's repository, so that an operation tells nothing that a read would not.
"""

from collections.abc import Sequence

from fhir_server.access.repository import Repository
from fhir_server.fhir.canonical import parse
from fhir_server.fhir.json import decode
from fhir_server.fhir.outcome import InvalidRequestError, Issue, NotFoundError, UnprocessableError
from fhir_server.fhir.resource import Element, Resource, items
from fhir_server.interactions.message import FhirRequest
from fhir_server.interactions.parameters import Given
from fhir_server.interactions.stored import StoredDefinitions
from fhir_server.terminology.coding import Coding
from fhir_server.terminology.terminology import Terminology
from fhir_server.terminology.versions import Versions, by_system

_INSTANCE = 3  # segments of `Type/id/$code`


def terminology_of(repository: Repository) -> Terminology:
    """Return the terminology of the server, and behind it what the caller may have of the store."""
    return repository.ports.terminology.with_fallback(StoredDefinitions(repository))


def named_resource(
    request: FhirRequest,
    repository: Repository,
    asked: Given,
    *,
    resource: str,
    version: str,
) -> str | Resource | None:
    """Return the resource that an operation is about: itself, or its canonical URL.

    `resource` is the name of the parameter that may hold it, `version` of the one for its version.

    Raises:
        InvalidRequestError: Several are named.
        NotFoundError: The instance is absent or withheld.
    """
    instance = request.path[1] if len(request.path) == _INSTANCE else ""
    named = [name for name in ("url", resource, "context") if name in asked]
    if len(named) + bool(instance) > 1:
        listed = ", ".join(f"`{name}`" for name in named)
        also = " together with an instance" if instance else ""
        raise InvalidRequestError(
            f"{listed} cannot be given{also or ' together'}.", expression=named[0]
        )
    if instance:
        return decode(repository.read(request.path[0], instance).body or b"{}")
    if resource in asked:
        return asked.element(resource)
    if "context" in asked:
        return bound_to(repository, asked.text("context"))
    url = asked.text("url")
    if url and asked.text(version) and "|" not in url:
        return f"{url}|{asked.text(version)}"
    return url or None


def bound_to(repository: Repository, context: str) -> str:
    """Return the value set that an element is bound to: `PROFILE#ELEMENT`.

    Raises:
        NotFoundError: The profile or element is not here, or has no binding.
    """
    wanted = parse(context)
    profile = repository.ports.terminology.artefacts.resolve("StructureDefinition", wanted.url)
    elements: list[Element] = [] if profile is None else items(profile["snapshot"], "element")
    for element in elements:
        if wanted.fragment in (element.get("id"), element.get("path")):
            value_set = element.get("binding", {}).get("valueSet")
            if value_set:
                return str(value_set)
    raise NotFoundError(
        f"`{context}` names no element with a binding; it must be `PROFILE#ELEMENT`.",
        expression="context",
    )


def asked_codings(asked: Given, *, version: str) -> tuple[Coding, ...]:
    """Return the codings that are asked about: `code`, `coding`, or all of `codeableConcept`.

    Raises:
        InvalidRequestError: There is none, or they are given in several ways.
    """
    given = [name for name in ("code", "coding", "codeableConcept") if name in asked]
    if len(given) != 1:
        raise InvalidRequestError(
            "Exactly one of `code`, `coding` and `codeableConcept` must be given.",
            expression="code",
        )
    if given == ["code"]:
        return (
            Coding(
                code=asked.text("code"),
                system=asked.text("system"),
                version=asked.text(version),
                display=asked.text("display"),
            ),
        )
    element = asked.element(given[0]) or {}
    found = [element] if given == ["coding"] else items(element, "coding")
    codings = tuple(Coding.of(each) for each in found if isinstance(each, dict))
    if not codings or not all(coding.code for coding in codings):
        raise InvalidRequestError(f"`{given[0]}` must have a code.", expression=given[0])
    return codings


def versions_of(asked: Given) -> Versions:
    """Return the versions of code systems that a request wants.

    Raises:
        InvalidRequestError: One is not `system|version`.
    """
    return Versions(
        default=by_system(asked.texts("system-version"), "system-version"),
        check=by_system(asked.texts("check-system-version"), "check-system-version"),
        force=by_system(asked.texts("force-system-version"), "force-system-version"),
    )


def not_here(messages: Sequence[str]) -> UnprocessableError:
    """Return the refusal of a question that cannot be answered with what is here."""
    issues = tuple(Issue(code="not-found", diagnostics=text) for text in dict.fromkeys(messages))
    return UnprocessableError(issues[0].diagnostics, issues=issues)

"""$expand: the codes of a value set, all or a page, whole or filtered by words.

https://hl7.org/fhir/R4/valueset-operation-expand.html
"""

from collections.abc import Iterator
from hashlib import sha256
from uuid import UUID

from fhir_server.access.repository import Repository
from fhir_server.fhir.dates import format_instant
from fhir_server.fhir.json import encode
from fhir_server.fhir.outcome import InvalidRequestError, NotFoundError
from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.operation import Operation
from fhir_server.interactions.parameters import Given, Takes, given
from fhir_server.interactions.terminology import named_resource, terminology_of, versions_of
from fhir_server.terminology.expansion import Code, Expansion, Options

_VERSIONS = frozenset({"system-version", "check-system-version", "force-system-version"})
_MANY = _VERSIONS | {"designation", "exclude-system"}
_NAMING = frozenset({"url", "valueSetVersion", "context", "contextDirection", "date"})
_FLAGS = frozenset(
    {
        "includeDesignations",
        "includeDefinition",
        "activeOnly",
        "excludeNested",
        "excludeNotForUI",
        "excludePostCoordinated",
    }
)
_TAKES = Takes(
    texts=_NAMING | _MANY | {"filter", "displayLanguage"},
    flags=_FLAGS,
    numbers=frozenset({"offset", "count"}),
    resources={"valueSet": "ValueSet"},
    many=_MANY,
)
_DEFINITION = frozenset({"compose", "expansion", "text", "contained", "meta", "id"})
_DIRECTIONS = frozenset({"incoming", "outgoing"})


def expand(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Return the ValueSet with its expansion.

    Raises:
        InvalidRequestError: A parameter is missing, unknown or malformed.
        NotFoundError: The value set is not here.
        UnprocessableError: A code system that it needs is not here.
        TooCostlyError: It has no end, or more codes than are given at once.
    """
    asked = given(request, _TAKES, repository.ports.definitions)
    if asked.text("contextDirection") not in ("", *_DIRECTIONS):
        raise InvalidRequestError(
            "`contextDirection` must be `incoming` or `outgoing`.", expression="contextDirection"
        )
    value_set = named_resource(
        request, repository, asked, resource="valueSet", version="valueSetVersion"
    )
    if value_set is None:
        raise InvalidRequestError("`url` must be given: the value set.", expression="url")
    terminology = terminology_of(repository)
    if isinstance(value_set, str) and terminology.value_set(value_set) is None:
        raise NotFoundError(f"The value set `{value_set}` is not available here.", expression="url")
    found = terminology.expand(value_set, _options(asked))
    body = _value_set(found, asked, at=format_instant(repository.context.at))
    return FhirResponse(status=200, body=encode(body))


OPERATION = Operation(
    code="expand",
    definition="http://hl7.org/fhir/OperationDefinition/ValueSet-expand",
    types=("ValueSet",),
    instance=True,
    affects_state=False,
    handle=expand,
)


def _options(asked: Given) -> Options:
    return Options(
        filter=asked.text("filter"),
        offset=asked.number("offset") or 0,
        count=asked.number("count"),
        include_designations=asked.flag("includeDesignations"),
        designations=asked.texts("designation"),
        language=asked.text("displayLanguage"),
        active_only=asked.flag("activeOnly"),
        nested=not asked.flag("excludeNested") and "offset" not in asked,
        exclude_not_for_ui=asked.flag("excludeNotForUI"),
        exclude_systems=asked.texts("exclude-system"),
        versions=versions_of(asked),
    )


def _value_set(found: Expansion, asked: Given, *, at: str) -> Resource:
    definition = found.value_set.resource
    left_out = _DEFINITION - ({"compose"} if asked.flag("includeDefinition") else set())
    shown = {name: value for name, value in definition.items() if name not in left_out}
    expansion: Element = {"timestamp": at, "total": found.total}
    if "offset" in asked or "count" in asked:
        expansion["offset"] = asked.number("offset") or 0
    expansion["parameter"] = list(_parameters(found, asked))
    if found.contains:
        expansion["contains"] = list(map(_contains, found.contains))
    if not expansion["parameter"]:
        del expansion["parameter"]
    body: Resource = {"resourceType": "ValueSet"}
    body |= {"url": found.value_set.url} if found.value_set.url else {}
    body |= {"status": "active"} | shown
    body["expansion"] = {"identifier": _identifier(body, expansion), **expansion}
    return body


def _parameters(found: Expansion, asked: Given) -> Iterator[Element]:
    for name, values in asked.values.items():
        if name not in (*_NAMING, "valueSet"):
            yield from ({"name": name, _typed(name, value): value} for value in values)
    yield from ({"name": "version", "valueUri": version} for version in found.versions)


def _typed(name: str, value: Json) -> str:
    if isinstance(value, bool):
        return "valueBoolean"
    if isinstance(value, int):
        return "valueInteger"
    is_uri = name in _VERSIONS or name == "exclude-system"
    return "valueUri" if is_uri else "valueCode" if name == "displayLanguage" else "valueString"


def _contains(code: Code) -> Element:
    found: Element = {"system": code.system}
    if code.abstract:
        found["abstract"] = True
    if code.inactive:
        found["inactive"] = True
    found["code"] = code.code
    if code.display:
        found["display"] = code.display
    if code.designations:
        found["designation"] = list(code.designations)
    if code.contains:
        found["contains"] = list(map(_contains, code.contains))
    return found


def _identifier(value_set: Resource, expansion: Element) -> str:
    """The same expansion at the same time has the same identifier."""
    digest = sha256(encode(value_set) + encode(expansion)).digest()
    return UUID(bytes=digest[:16], version=5).urn

"""Capabilities: the CapabilityStatement, made from the registries that the routes are made from.

https://hl7.org/fhir/R4/http.html#capabilities and https://hl7.org/fhir/R4/capabilitystatement.html
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from hashlib import sha256

from fhir_server.fhir.definitions import CANONICAL, VERSION, Definitions
from fhir_server.fhir.json import encode
from fhir_server.fhir.outcome import NotSupportedError
from fhir_server.fhir.resource import Element, Resource
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.operation import Operation
from fhir_server.packages.packages import Packages
from fhir_server.search.compartments import COMPARTMENTS
from fhir_server.search.parameter import Parameter, SearchType
from fhir_server.search.parameters import parameters, searchable
from fhir_server.smart.discovery import endpoints

# The day on which what is stated here last changed in substance.
_DATE = "2026-11-23"
_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_COMPARTMENT = "http://hl7.org/fhir/CompartmentDefinition/"
_OF_EVERY_TYPE = ("_id", "_lastUpdated", "_profile", "_security", "_source", "_tag")
# A log that the server keeps, and answers for the privacy officer (access/audit_search.py).
_LOGGED, _LOGGED_BY = (
    "AuditEvent",
    frozenset({"_id", "_lastUpdated", "altid", "date", "entity", "patient"}),
)
_NEVER_CHANGED: Element = {
    "interaction": [{"code": "read"}, {"code": "vread"}, {"code": "search-type"}],
    "readHistory": False,
    "conditionalCreate": False,
    "conditionalUpdate": False,
    "conditionalDelete": "not-supported",
}
_TYPE_INTERACTIONS = (
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "create",
    "search-type",
)


def capabilities(
    modes: Mapping[str, Callable[[], Resource]],
) -> Callable[[FhirRequest], FhirResponse]:
    """Return what answers `metadata` with the statement of the mode asked for, made once each.

    Made when it is first asked for, since it takes longer than the start of a worker should.
    """

    @cache
    def made(mode: str) -> tuple[bytes, str]:
        body = encode(modes[mode]())
        return body, f'W/"{sha256(body).hexdigest()[:16]}"'

    def respond(request: FhirRequest) -> FhirResponse:
        mode = dict(request.parameters).get("mode", "full")
        if mode not in modes:
            known = " and ".join(f"`{each}`" for each in modes)
            raise NotSupportedError(
                f"`mode={mode}` is not supported; these are: {known}.", expression="mode"
            )
        body, etag = made(mode)
        headers = {"ETag": etag}
        if request.headers.get("if-none-match") == etag:
            return FhirResponse(status=304, headers=headers)
        return FhirResponse(status=200, body=body, headers=headers)

    return respond


def capability_statement(
    definitions: Definitions,
    operations: Iterable[Operation],
    packages: Packages,
    *,
    public_url: str,
    software_version: str,
) -> Resource:
    """Return what this server can do, the same for the same registries.

    `public_url` is the server's address as clients see it, without a trailing slash.
    """
    known = tuple(operations)
    base = f"{public_url}/fhir"
    statement: Resource = {
        "resourceType": "CapabilityStatement",
        "url": f"{base}/metadata",
        "version": software_version,
        "name": "Handoff",
        "title": "Handoff: behavioral-health crisis continuity of care",
        "status": "active",
        "date": _DATE,
        "kind": "instance",
        "software": {"name": "Handoff", "version": software_version},
        "implementation": {"description": "Handoff FHIR server", "url": base},
        "fhirVersion": VERSION,
        "format": ["application/fhir+json", "json", "application/fhir+xml", "xml"],
        "patchFormat": [
            "application/json-patch+json",
            "application/xml-patch+xml",
            "application/fhir+json",
            "application/fhir+xml",
        ],
    }
    if guides := packages.canonicals("ImplementationGuide"):
        statement["implementationGuide"] = list(guides)
    rest = _rest(definitions, known, public_url)
    profiles = packages.profiles()
    for resource in rest["resource"]:
        if supported := profiles.get(resource["type"]):
            resource["supportedProfile"] = list(supported)
    return statement | {"rest": [rest]}


def _rest(definitions: Definitions, operations: tuple[Operation, ...], public_url: str) -> Element:
    rest: Element = {
        "mode": "server",
        "security": _security(public_url),
        "resource": [
            _resource(definitions, resource_type, operations)
            for resource_type in definitions.resource_types
        ],
        "interaction": [
            {"code": code} for code in ("transaction", "batch", "search-system", "history-system")
        ],
        "searchParam": [
            _search_parameter(parameters(definitions, "Basic")[code]) for code in _OF_EVERY_TYPE
        ],
        "compartment": [f"{_COMPARTMENT}{name.lower()}" for name in COMPARTMENTS],
    }
    at_system = (found for found in operations if found.system or not found.types)
    return rest | _operations(at_system)


def _security(public_url: str) -> Element:
    # The Python fhirclient reads these and not the well-known document.
    found = endpoints(public_url)
    uris = [
        {"url": name, "valueUri": found[endpoint]}
        for name, endpoint in (
            ("authorize", "authorization_endpoint"),
            ("token", "token_endpoint"),
            ("introspect", "introspection_endpoint"),
            ("revoke", "revocation_endpoint"),
        )
    ]
    service = {
        "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
        "code": "SMART-on-FHIR",
    }
    return {
        "extension": [{"url": _OAUTH_URIS, "extension": uris}],
        "cors": True,
        "service": [{"coding": [service], "text": "SMART App Launch and Backend Services"}],
    }


def _resource(
    definitions: Definitions, resource_type: str, operations: tuple[Operation, ...]
) -> Element:
    found = searchable(definitions, resource_type)
    includes = [f"{resource_type}:{f.code}" for f in found if f.type is SearchType.REFERENCE]
    resource: Element = {
        "type": resource_type,
        "profile": CANONICAL + resource_type,
        "interaction": [{"code": code} for code in _TYPE_INTERACTIONS],
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": False,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "multiple",
        "referencePolicy": ["literal", "logical"],
    }
    if resource_type == _LOGGED:
        return {
            **resource,
            **_NEVER_CHANGED,
            "searchParam": [
                _search_parameter(parameter) for parameter in found if parameter.code in _LOGGED_BY
            ],
        }
    resource["searchInclude"] = ["*", *includes]
    resource["searchRevInclude"] = ["*", *_revincludes(definitions, resource_type)]
    resource["searchParam"] = [_search_parameter(parameter) for parameter in found]
    own = (known for known in operations if known.is_on(resource_type))
    return resource | _operations(own, resource_type)


def _revincludes(definitions: Definitions, resource_type: str) -> list[str]:
    """Return the references of others that are to this very type."""
    return [
        f"{other}:{parameter.code}"
        for other in definitions.resource_types
        for parameter in searchable(definitions, other)
        if parameter.type is SearchType.REFERENCE and resource_type in parameter.targets
    ]


def _search_parameter(parameter: Parameter) -> Element:
    return {
        "name": parameter.code,
        "definition": parameter.url,
        "type": parameter.type.value,
    }


def _operations(operations: Iterable[Operation], resource_type: str = "") -> Element:
    """Return the element `operation`, which is absent where there is none."""
    found = [
        {"name": known.code, "definition": known.definition_for(resource_type)}
        for known in operations
    ]
    return {"operation": found} if found else {}

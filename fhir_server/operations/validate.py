"""$validate: whether a resource is right, by the specification and by profiles.

https://hl7.org/fhir/R4/resource-operation-validate.html

The answer is 200 with an OperationOutcome whatever the verdict; only a question that makes no sense
is refused. Nothing is changed. What is stored is read through the caller's repository: of what is
hidden, nothing is told by any mode.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from fhir_server.access.repository import Repository
from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.outcome import (
    InvalidRequestError,
    InvalidResourceError,
    Issue,
    operation_outcome,
)
from fhir_server.fhir.positions import Positions
from fhir_server.fhir.resource import Element, Resource, id_of, items, type_of
from fhir_server.interactions.body import resource_of
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.operation import EVERY_TYPE, Operation
from fhir_server.interactions.validating import validator_for
from fhir_server.validation.profile.report import Options

_MODES = frozenset({"create", "update", "delete", "profile"})
_FORM = frozenset({"_format", "_pretty"})
# The places of larger bodies would take more memory than the bodies.
_MOST_LOCATED = 4_000_000
_INSTANCE = 3  # segments of `Type/id/$validate`
_ALL_OK = Issue(severity="information", code="informational", diagnostics="All OK.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be validated: `resource` None is the stored one, or none for `mode` delete.

    `place` is where the resource stands in the body, as a FHIRPath.
    """

    resource: Resource | None
    mode: str = ""
    profiles: tuple[str, ...] = ()
    place: str = ""


def validate(request: FhirRequest, repository: Repository) -> FhirResponse:
    """Return the verdict.

    Raises:
        InvalidRequestError: There is no resource; the mode or a parameter is unknown.
        InvalidResourceError: The body cannot be read, or the resource is not of the URL's type.
        UnknownProfileError: A profile that is asked for is not known here.
        ForbiddenError: No scope to read the instance.
        NotFoundError: The instance is absent or withheld.
        GoneError: It was deleted.
    """
    asked = _asked(request)
    stored = None
    if len(request.path) == _INSTANCE and (asked.resource is None or asked.mode == "delete"):
        stored = decode(repository.read(*request.path[:2]).body or b"{}")
    if asked.mode == "delete":
        if stored is None:
            raise InvalidRequestError("`mode=delete` is for an instance.", expression="mode")
        return _answer(())
    resource = stored if asked.resource is None else asked.resource
    if resource is None:
        raise InvalidRequestError("There is no resource to validate: send one.")
    found = _issues(request, repository, asked, resource)
    return _answer(_located(request, asked, found) if stored is None else found)


OPERATION = Operation(
    code="validate",
    definition="http://hl7.org/fhir/OperationDefinition/Resource-validate",
    types=(EVERY_TYPE,),
    instance=True,
    affects_state=False,
    handle=validate,
    system=True,
)


def _issues(
    request: FhirRequest, repository: Repository, asked: Asked, resource: Resource
) -> tuple[Issue, ...]:
    ports, at = repository.ports, repository.context.at
    validator, outside = validator_for(repository, resource, asked.profiles)
    for profile in asked.profiles:
        validator.type_of(profile)
    found = validator.validate(
        resource, profiles=asked.profiles, outside=outside, options=Options(now=at)
    )
    if asked.mode in {"create", "update"} and ports.conformance is not None:
        written = ports.conformance.issues(resource, at)
        found = tuple(dict.fromkeys((*found, *written)))
    return (*found, *_identity(request, asked, resource))


def _identity(request: FhirRequest, asked: Asked, resource: Resource) -> Iterator[Issue]:
    """Yield what is wrong with the id for an update."""
    root, on_instance = type_of(resource), len(request.path) == _INSTANCE
    if asked.resource is None or asked.mode == "create":
        return
    if asked.mode == "update" and not id_of(resource):
        text = "The resource of an update must have an `id`."
        yield Issue(code="required", diagnostics=text, expression=f"{root}.id")
    elif on_instance and id_of(resource) not in {"", request.path[1]}:
        text = f"The `id` must be that of the URL, `{request.path[1]}`."
        yield Issue(code="value", diagnostics=text, expression=f"{root}.id")


def _asked(request: FhirRequest) -> Asked:
    asked = _of_body(request)
    for name, value in request.parameters:
        if name not in _FORM:
            asked = _with(asked, name, value)
    if asked.mode and asked.mode not in _MODES:
        known = ", ".join(f"`{mode}`" for mode in sorted(_MODES))
        raise InvalidRequestError(f"`mode` must be one of {known}.", expression="mode")
    if asked.mode == "profile" and not asked.profiles:
        raise InvalidRequestError("`mode=profile` needs a `profile`.", expression="profile")
    named = request.path[0] if len(request.path) > 1 else ""
    if asked.resource is not None and named and type_of(asked.resource) != named:
        raise InvalidResourceError(
            f"The URL is for `{named}`, but `resourceType` is `{type_of(asked.resource)}`.",
            expression="resourceType",
        )
    return asked


def _of_body(request: FhirRequest) -> Asked:
    """Return what the body asks: it is the resource, or Parameters that have it."""
    if not request.body and request.resource is None:
        return Asked(resource=None)
    body = resource_of(request)
    if type_of(body) != "Parameters" or _is_subject(request, body):
        return Asked(resource=body)
    asked = Asked(resource=None)
    for index, parameter in enumerate(_parameters(body)):
        name = parameter.get("name")
        if name == "resource" and isinstance(parameter.get("resource"), dict):
            place = f"Parameters.parameter[{index}].resource"
            asked = replace(asked, resource=parameter["resource"], place=place)
        else:
            values = [value for key, value in parameter.items() if key.startswith("value")]
            asked = _with(asked, str(name), values[0] if len(values) == 1 else None)
    return asked


def _is_subject(request: FhirRequest, body: Resource) -> bool:
    """Say whether Parameters are not those of the operation, but what is to be validated."""
    names = {parameter.get("name") for parameter in _parameters(body)}
    return request.path[0] == "Parameters" and "resource" not in names


def _parameters(body: Resource) -> list[Element]:
    return [found for found in items(body, "parameter") if isinstance(found, dict)]


def _with(asked: Asked, name: str, value: object) -> Asked:
    if name not in {"mode", "profile"}:
        raise InvalidRequestError(
            f"`{name}` is no parameter here; these are: `resource`, `mode`, `profile`.",
            expression=name,
        )
    if not isinstance(value, str) or not value:
        raise InvalidRequestError(f"`{name}` must be a text.", expression=name)
    if name == "profile":
        return replace(asked, profiles=(*asked.profiles, value))
    return replace(asked, mode=value)


def _located(request: FhirRequest, asked: Asked, issues: Sequence[Issue]) -> tuple[Issue, ...]:
    """Return the issues with their lines in the body that was sent."""
    text = request.source or request.body
    is_told = 0 < len(text) <= _MOST_LOCATED
    if not is_told or all(issue.expression is None for issue in issues):
        return tuple(issues)
    positions = Positions(text)
    return tuple(_at(issue, positions, asked.place) for issue in issues)


def _at(issue: Issue, positions: Positions, place: str) -> Issue:
    if issue.expression is None:
        return issue
    _, _, below = issue.expression.partition(".")
    path = f"{place}.{below}" if place and below else place or issue.expression
    found = positions.of(path)
    return replace(issue, line=found.line, column=found.column)


def _answer(issues: Sequence[Issue]) -> FhirResponse:
    found = tuple(issues) or (_ALL_OK,)
    return FhirResponse(status=200, body=encode(operation_outcome(found)))

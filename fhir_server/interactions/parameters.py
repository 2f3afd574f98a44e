"""The parameters of an operation: from the URL, from a Parameters resource, and back into one.

https://hl7.org/fhir/R4/operations.html#executing and https://hl7.org/fhir/R4/parameters.html

An operation states what it takes; whatever else comes is refused by name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.json import encode
from fhir_server.fhir.outcome import InvalidRequestError
from fhir_server.fhir.resource import Element, Json, Resource, items, type_of
from fhir_server.interactions.body import resource_of
from fhir_server.interactions.message import FhirRequest
from fhir_server.validation.structure import check

_FORM = frozenset({"_format", "_pretty"})
_FLAGS = {"true": True, "false": False}
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Takes:
    """The names that an operation takes, by what they are; `many` may be given repeatedly."""

    texts: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    codings: frozenset[str] = frozenset()
    concepts: frozenset[str] = frozenset()
    resources: Mapping[str, str] | None = None
    parts: frozenset[str] = frozenset()
    many: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        simple = self.texts | self.flags | self.numbers
        return tuple(
            sorted(simple | self.codings | self.concepts | self.parts | set(self.resources or ()))
        )


@dataclass(frozen=True, slots=True)
class Given:
    """What was given, by name: texts, booleans, numbers, elements and resources."""

    values: Mapping[str, tuple[Json, ...]]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str:
        """Return a text, "" where it was not given."""
        return str(self.values.get(name, ("",))[0])

    def texts(self, name: str) -> tuple[str, ...]:
        """Return all texts of a name."""
        return tuple(str(value) for value in self.values.get(name, ()))

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a boolean."""
        return bool(self.values.get(name, (default,))[0])

    def number(self, name: str) -> int | None:
        """Return a whole number that is not negative, None where it was not given."""
        found: int | None = self.values.get(name, (None,))[0]
        return found

    def element(self, name: str) -> Element | None:
        """Return a Coding, CodeableConcept or resource, None where it was not given."""
        found: Element | None = self.values.get(name, (None,))[0]
        return found

    def elements(self, name: str) -> tuple[Element, ...]:
        """Return all elements of a name."""
        return self.values.get(name, ())


def given(request: FhirRequest, takes: Takes, definitions: Definitions) -> Given:
    """Return the parameters of the URL and of the body, which has the structure that it must have.

    Raises:
        InvalidRequestError: One is unknown, repeated, or of another type; the body breaks its
            definition, every fault named.
        InvalidResourceError: The body is not JSON.
    """
    values: dict[str, tuple[Json, ...]] = {}
    for name, value in (*_of_url(request, takes), *_of_body(request, takes, definitions)):
        if name in values and name not in takes.many:
            raise InvalidRequestError(f"`{name}` may be given once.", expression=name)
        values[name] = (*values.get(name, ()), value)
    return Given(values)


def _of_url(request: FhirRequest, takes: Takes) -> Iterator[tuple[str, Json]]:
    for name, text in request.parameters:
        if name in _FORM:
            continue
        _require_known(name, takes)
        if name in takes.texts:
            yield name, text
        elif name in takes.flags:
            if text not in _FLAGS:
                raise _of_another_type(name, "true or false")
            yield name, _FLAGS[text]
        elif name in takes.numbers:
            yield name, _number(name, text)
        else:
            raise InvalidRequestError(
                f"`{name}` is no simple value: send it by POST, in a Parameters resource.",
                expression=name,
            )


def _of_body(
    request: FhirRequest, takes: Takes, definitions: Definitions
) -> Iterator[tuple[str, Json]]:
    if not request.body and request.resource is None:
        return
    resource = resource_of(request)
    if type_of(resource) != "Parameters":
        raise InvalidRequestError("The body must be a Parameters resource.")
    faults = check(resource, definitions)
    if faults:
        raise InvalidRequestError("The body breaks its definition.", issues=faults)
    for parameter in items(resource, "parameter"):
        name = parameter["name"]
        _require_known(name, takes)
        yield name, _value(name, parameter, takes)


def _value(name: str, parameter: Element, takes: Takes) -> Json:
    if name in (takes.resources or {}):
        return _resource(name, parameter, takes)
    if name in takes.parts:
        return {"part": items(parameter, "part")}
    values = [value for key, value in parameter.items() if key.startswith("value")]
    return _simple(name, values[0] if len(values) == 1 else None, takes)


def _simple(name: str, value: Json, takes: Takes) -> Json:
    if name in takes.flags:
        if not isinstance(value, bool):
            raise _of_another_type(name, "a boolean")
    elif name in takes.numbers:
        return _number(name, str(value))
    elif name in takes.texts:
        if not isinstance(value, str):
            raise _of_another_type(name, "a text")
    elif not isinstance(value, dict):
        raise _of_another_type(name, "a Coding" if name in takes.codings else "a CodeableConcept")
    return value


def _resource(name: str, parameter: Element, takes: Takes) -> Resource:
    wanted = (takes.resources or {})[name]
    found = parameter.get("resource")
    if not isinstance(found, dict) or type_of(found) != wanted:
        raise _of_another_type(name, f"a {wanted} resource")
    return found


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise _of_another_type(name, "a whole number that is not negative")
    return int(text)


def _require_known(name: str, takes: Takes) -> None:
    if name not in takes.names:
        known = ", ".join(f"`{each}`" for each in takes.names)
        raise InvalidRequestError(
            f"`{name}` is no parameter here; these are: {known}.", expression=name
        )


def _of_another_type(name: str, wanted: str) -> InvalidRequestError:
    return InvalidRequestError(f"`{name}` must be {wanted}.", expression=name)


def require_one(found: Given, names: Sequence[str]) -> str:
    """Return which one of `names` was given.

    Raises:
        InvalidRequestError: None was, or several were.
    """
    present = [name for name in names if name in found]
    if len(present) != 1:
        listed = ", ".join(f"`{name}`" for name in names)
        raise InvalidRequestError(f"Exactly one of {listed} must be given.", expression=names[0])
    return present[0]


def parameters(pairs: Iterable[tuple[str, Element]]) -> bytes:
    """Return a Parameters resource with `pairs` of a name and `value[x]`, `part` or `resource`."""
    body: Resource = {"resourceType": "Parameters"}
    body["parameter"] = [{"name": name, **value} for name, value in pairs]
    return encode(body)

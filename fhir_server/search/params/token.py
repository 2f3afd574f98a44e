"""Token parameters: codes, identifiers, flags.

https://hl7.org/fhir/R4/search.html#token

Codes are compared without case, as the section asks of servers "when in doubt": a client that
writes `amb` for `AMB` must not miss a crisis. Systems are URIs and compared as they are. An
element of type `code` has the system of the value set that is required for it, so that both
`gender=male` and `gender=http://hl7.org/fhir/administrative-gender|male` match. The value of a
ContactPoint, a boolean, a string or a uri has no system. A concept's text, the display of a coding
and the type of an identifier are strings beside the token, for `:text`; an identifier's type, with
its value, is a token under a number of its own, for `:of-type`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from fhir_server.fhir.definitions import param_id
from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.fhir.resource import Json
from fhir_server.search.expression import TokenIs
from fhir_server.search.parameter import Parameter
from fhir_server.search.params.bounded import equatable
from fhir_server.search.params.escaping import split, unescape
from fhir_server.search.params.string import text_values

# The system, then the code.
Value = tuple[str, str]


def fold(code: str) -> str:
    """Return `code` as it is indexed and compared."""
    return equatable(code.casefold())


def token_is(parameter: Parameter, system: str | None, code: str | None) -> TokenIs:
    """Return the node for a system and code as they are written in resources."""
    return TokenIs(
        parameter=parameter,
        system=None if system is None else equatable(system),
        code=None if code is None else fold(code),
    )


def values(systems: Mapping[str, str]) -> Mapping[str, Callable[[Json], Iterator[Value]]]:
    """Return by FHIR type how an element becomes (system, code) values.

    `systems` gives the code system of each code that the element's required value set allows.
    """
    return {
        "CodeableConcept": _concept,
        "Coding": lambda coding: _pair(coding, "code"),
        "Identifier": lambda identifier: _pair(identifier, "value"),
        "ContactPoint": lambda contact: _plain(contact.get("value")),
        "code": lambda code: iter([(equatable(systems.get(code, "")), fold(code))]),
        "boolean": lambda flag: _plain("true" if flag else "false"),
        "string": _plain,
        "uri": _plain,
        "id": _plain,
    }


def texts() -> Mapping[str, Callable[[Json], Iterator[tuple[str, str]]]]:
    """Return by FHIR type how an element becomes the (normal, exact) strings of `:text`."""
    return {"CodeableConcept": _concept_text, "Coding": _display, "Identifier": _type_text}


def typed_identifiers() -> Mapping[str, Callable[[Json], Iterator[Value]]]:
    """Return by FHIR type how an element becomes the (system, code) values of `:of-type`."""
    return {"Identifier": _of_type}


def of_type_parameter(parameter: Parameter) -> Parameter:
    """Return the parameter under whose number the values for `:of-type` stand."""
    number = param_id(parameter.base, f"{parameter.code}:of-type")
    return replace(parameter, param_id=number)


def of_type(parameter: Parameter, text: str) -> TokenIs:
    """Return what `:of-type=system|code|value` asks for.

    Raises:
        InvalidSearchError: It does not have these three parts.
    """
    match [unescape(part) for part in split(text, "|")]:
        case [system, code, value] if system and code and value:
            return TokenIs(
                parameter=of_type_parameter(parameter),
                system=_type(system, code),
                code=fold(value),
            )
        case _:
            raise InvalidSearchError(
                f"`{text}` is not of the form `system|code|value` that `:of-type` asks for.",
                expression=parameter.code,
            )


def expression(parameter: Parameter, text: str) -> TokenIs:
    """Return what `code`, `system|code`, `|code` or `system|` asks for.

    Raises:
        InvalidSearchError: It is none of these.
    """
    parts = [unescape(part) for part in split(text, "|")]
    match parts:
        case [code] if code:
            return token_is(parameter, None, code)
        case [system, code] if system or code:
            return token_is(parameter, system, code or None)
        case _:
            raise InvalidSearchError(
                f"`{text}` is not a token for `{parameter.code}`: write `code`, `system|code`, "
                "`|code` or `system|`.",
                expression=parameter.code,
            )


def _concept(concept: Json) -> Iterator[Value]:
    for coding in concept.get("coding", ()):
        yield from _pair(coding, "code")


def _pair(element: Json, key: str) -> Iterator[Value]:
    code = element.get(key)
    if code is not None:
        yield equatable(element.get("system", "")), fold(code)


def _plain(text: str | None) -> Iterator[Value]:
    if text:
        yield "", fold(text)


def _concept_text(concept: Json) -> Iterator[tuple[str, str]]:
    yield from text_values(concept.get("text"))
    for coding in concept.get("coding", ()):
        yield from _display(coding)


def _display(coding: Json) -> Iterator[tuple[str, str]]:
    yield from text_values(coding.get("display"))


def _type_text(identifier: Json) -> Iterator[tuple[str, str]]:
    yield from text_values(identifier.get("type", {}).get("text"))


def _of_type(identifier: Json) -> Iterator[Value]:
    value = identifier.get("value")
    for coding in identifier.get("type", {}).get("coding", ()) if value else ():
        system, code = coding.get("system"), coding.get("code")
        if system and code:
            yield _type(system, code), fold(value)


def _type(system: str, code: str) -> str:
    """Return what stands for the type of an identifier in the place of a system."""
    return equatable(f"{system}|{code.casefold()}")

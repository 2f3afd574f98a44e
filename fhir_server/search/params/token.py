"""Token parameters: codes, identifiers, flags.

https://hl7.org/fhir/R4/search.html#token

Codes are compared without case, as the section asks of servers "when in doubt": a client that
writes `amb` for `AMB` must not miss a crisis. Systems are URIs and compared as they are. An
element of type `code` has the system of the value set that is required for it, so that both
`gender=male` and `gender=http://hl7.org/fhir/administrative-gender|male` match. The value of a
ContactPoint, a boolean, a string or a uri has no system. A concept's text is not indexed.
"""

from collections.abc import Callable, Iterator, Mapping

from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.fhir.resource import Json
from fhir_server.search.expression import Expression, TokenIs
from fhir_server.search.parameter import Parameter
from fhir_server.search.params.bounded import equatable
from fhir_server.search.params.escaping import split, unescape

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


def expression(parameter: Parameter, text: str) -> Expression:
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

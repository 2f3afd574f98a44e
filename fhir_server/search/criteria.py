"""One criterion of a search, `name=value`, to an Expression.

https://hl7.org/fhir/R4/search.html#combining : commas in the value mean "or"; the caller joins
repetitions of a name by "and".
"""

import re

from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.search.asked import Asked
from fhir_server.search.expression import Expression, IdIs, any_of
from fhir_server.search.parameter import Parameter, SearchType
from fhir_server.search.parameters import ID, LAST_UPDATED
from fhir_server.search.params import date, reference, string, token
from fhir_server.search.params.escaping import split

_ID_SYNTAX = re.compile(r"[A-Za-z0-9.-]{1,64}")


def criterion(asked: Asked, name: str, text: str) -> Expression:
    """Return what `name=text` asks for.

    Raises:
        InvalidSearchError: The parameter, its modifier or a value is unknown or malformed.
    """
    code, _, modifier = name.partition(":")
    if "." in name or code == "_has":
        raise InvalidSearchError(
            f"`{name}` is chained; chains are not supported yet.", expression=name
        )
    alternatives = _alternatives(name, text)
    if code == ID:
        _refuse_modifier(name, modifier)
        return IdIs(ids=tuple(dict.fromkeys(_id(value) for value in alternatives)))
    if code == LAST_UPDATED:
        _refuse_modifier(name, modifier)
        return any_of(*(date.updated(code, value, asked.at) for value in alternatives))
    parameter = asked.parameter(code, name)
    if parameter.type is not SearchType.REFERENCE:
        _refuse_modifier(name, modifier)
    elif modifier:
        _check_target(asked, parameter, name, modifier)
    return any_of(*(_value(asked, parameter, modifier, value) for value in alternatives))


def _value(asked: Asked, parameter: Parameter, modifier: str, text: str) -> Expression:
    match parameter.type:
        case SearchType.TOKEN:
            return token.expression(parameter, text)
        case SearchType.STRING:
            return string.expression(parameter, text)
        case SearchType.DATE:
            return date.expression(parameter, text, asked.at)
        case SearchType.REFERENCE:
            return reference.expression(parameter, text, asked.here, modifier or None)
        case _:
            raise AssertionError(parameter.type)  # Asked.parameter gives no other


def _alternatives(name: str, text: str) -> list[str]:
    if "\0" in text:
        raise InvalidSearchError(f"The value of `{name}` holds a NUL character.", expression=name)
    alternatives = split(text, ",")
    # An empty value asks for nothing, and must not be taken to ask for everything.
    if not all(value.strip() for value in alternatives):
        raise InvalidSearchError(f"`{name}` has an empty value.", expression=name)
    return alternatives


def _id(text: str) -> str:
    if not _ID_SYNTAX.fullmatch(text):
        raise InvalidSearchError(f"`{text}` is no logical id.", expression=ID)
    return text


def _refuse_modifier(name: str, modifier: str) -> None:
    if modifier:
        raise InvalidSearchError(
            f"The modifier `:{modifier}` in `{name}` is not supported.", expression=name
        )


def _check_target(asked: Asked, parameter: Parameter, name: str, modifier: str) -> None:
    if modifier not in asked.here.types:
        _refuse_modifier(name, modifier)
    if parameter.targets and modifier not in parameter.targets:
        raise InvalidSearchError(
            f"`{parameter.code}` does not refer to `{modifier}` but to "
            f"{', '.join(f'`{target}`' for target in parameter.targets)}.",
            expression=name,
        )

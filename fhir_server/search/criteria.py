"""One criterion of a search, `name=value`, to an Expression.

https://hl7.org/fhir/R4/search.html#combining : commas in the value mean "or"; the caller joins
repetitions of a name by "and". https://hl7.org/fhir/R4/search.html#modifiers
"""

import re
from collections.abc import Callable, Mapping
from functools import partial

from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.search.asked import Asked
from fhir_server.search.chains import is_linked, linked
from fhir_server.search.expression import (
    Everything,
    Expression,
    HasValue,
    IdIs,
    Not,
    Nothing,
    Part,
    Referrer,
    any_of,
)
from fhir_server.search.parameter import Parameter, SearchType
from fhir_server.search.parameters import ID, LAST_UPDATED
from fhir_server.search.params import (
    composite,
    date,
    number,
    quantity,
    reference,
    string,
    token,
    token_sets,
    uri,
)
from fhir_server.search.params.escaping import split

LIST = "_list"
MISSING = "missing"
# The modifiers of each search type, beside `:missing`, which is for all.
MODIFIERS: Mapping[SearchType, tuple[str, ...]] = {
    SearchType.TOKEN: ("not", "text", "of-type", "in", "not-in", "above", "below"),
    SearchType.STRING: ("exact", "contains"),
    SearchType.URI: ("above", "below"),
    SearchType.REFERENCE: ("identifier",),
}
_ID_SYNTAX = re.compile(r"[A-Za-z0-9.-]{1,64}")


def criterion(asked: Asked, name: str, text: str) -> Expression:
    """Return what `name=text` asks for.

    Raises:
        InvalidSearchError: The parameter, its modifier or a value is unknown or malformed.
    """
    alternatives = _alternatives(name, text)
    if name != LIST and not is_linked(name):
        return _plain(asked, name, alternatives)
    try:
        return linked(asked, name, lambda of, last: _plain(of, last, alternatives))
    except InvalidSearchError as error:
        # What is wrong may be far along the chain, and is the fault of the whole name.
        raise InvalidSearchError(str(error), expression=name) from None


def _plain(asked: Asked, name: str, alternatives: list[str]) -> Expression:
    """Return what a criterion on the resource itself asks for."""
    code, _, modifier = name.partition(":")
    if code in _COLUMNS:
        if modifier == MISSING:
            return Nothing() if _missing(name, alternatives) else Everything()
        _refuse_modifier(name, modifier)
        return _COLUMNS[code](asked, alternatives)
    parameter = asked.parameter(code, name)
    if modifier == MISSING:
        found = HasValue(parameter=parameter)
        return Not(operand=found) if _missing(name, alternatives) else found
    if modifier and modifier not in MODIFIERS.get(parameter.type, ()):
        _check_target(asked, parameter, name, modifier)
    each = (_value(asked, parameter, modifier, value) for value in alternatives)
    if modifier in {"not", "not-in"}:
        return Not(operand=any_of(*each))
    return any_of(*each)


def _ids(_: Asked, alternatives: list[str]) -> Expression:
    return IdIs(ids=tuple(dict.fromkeys(_id(value) for value in alternatives)))


def _updated(asked: Asked, alternatives: list[str]) -> Expression:
    return any_of(*(date.updated(LAST_UPDATED, value, asked.at) for value in alternatives))


def _listed(asked: Asked, alternatives: list[str]) -> Expression:
    """https://hl7.org/fhir/R4/search.html#list ; only by id: none of the `$current` lists."""
    item = asked.of("List").parameter("item", LIST)
    lists = _ids(asked, [value.removeprefix("List/") for value in alternatives])
    return Referrer(parameter=item, type=asked.type, where=lists)


_COLUMNS: Mapping[str, Callable[[Asked, list[str]], Expression]] = {
    ID: _ids,
    LAST_UPDATED: _updated,
    LIST: _listed,
}


def _value(asked: Asked, parameter: Parameter, modifier: str, text: str) -> Expression:
    match parameter.type:
        case SearchType.TOKEN:
            return _token(asked, parameter, modifier, text)
        case SearchType.STRING:
            return string.expression(parameter, modifier, text)
        case SearchType.URI:
            return uri.expression(parameter, modifier, text)
        case SearchType.REFERENCE:
            return _reference(asked, parameter, modifier, text)
        case SearchType.COMPOSITE:
            return _composite(asked, parameter, text)
        case _:
            return _part(asked, parameter, text)


def _reference(asked: Asked, parameter: Parameter, modifier: str, text: str) -> Expression:
    if modifier == "identifier":
        return token.expression(parameter, text)
    return reference.expression(parameter, text, asked.here, modifier or None)


def _token(asked: Asked, parameter: Parameter, modifier: str, text: str) -> Expression:
    match modifier:
        case "text":
            return string.expression(parameter, "", text)
        case "of-type":
            return token.of_type(parameter, text)
        case "in" | "not-in":
            return token_sets.members(parameter, text, asked.codes)
        case "above" | "below":
            return token_sets.related(parameter, text, asked.codes, above=modifier == "above")
        case _:
            return token.expression(parameter, text)


def _composite(asked: Asked, parameter: Parameter, text: str) -> Expression:
    parts = composite.components(parameter, asked.definitions)
    readers = [partial(_part, asked, part.parameter) for part in parts]
    return composite.expression(parameter, text, readers)


def _part(asked: Asked, parameter: Parameter, text: str) -> Part:
    """Return what a value asks for by itself, without a modifier, or as part of a composite."""
    match parameter.type:
        case SearchType.TOKEN:
            return token.expression(parameter, text)
        case SearchType.STRING:
            return string.starts(parameter, text)
        case SearchType.DATE:
            return date.expression(parameter, text, asked.at)
        case SearchType.NUMBER:
            return number.expression(parameter, text)
        case SearchType.QUANTITY:
            return quantity.expression(parameter, text)
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


def _missing(name: str, alternatives: list[str]) -> bool:
    if alternatives not in (["true"], ["false"]):
        raise InvalidSearchError(f"`{name}` must be `true` or `false`.", expression=name)
    return alternatives == ["true"]


def _refuse_modifier(name: str, modifier: str) -> None:
    if modifier:
        raise InvalidSearchError(
            f"The modifier `:{modifier}` in `{name}` is not supported.", expression=name
        )


def _check_target(asked: Asked, parameter: Parameter, name: str, modifier: str) -> None:
    if parameter.type is not SearchType.REFERENCE or modifier not in asked.here.types:
        _refuse_modifier(name, modifier)
    if parameter.targets and modifier not in parameter.targets:
        raise InvalidSearchError(
            f"`{parameter.code}` does not refer to `{modifier}` but to "
            f"{', '.join(f'`{target}`' for target in parameter.targets)}.",
            expression=name,
        )

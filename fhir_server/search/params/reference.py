"""Reference parameters: literal references, without their versions.

https://hl7.org/fhir/R4/search.html#reference

A reference below the server's own base is a local one, however it was written. One into the
resource itself (`#x`) is not indexed. The identifier of a reference is a token beside it, for
`:identifier`. A canonical is indexed by its url, and with its version where it has one.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.fhir.reference import parse
from fhir_server.fhir.resource import Json
from fhir_server.search.expression import Expression, RefersTo, any_of
from fhir_server.search.parameter import Parameter
from fhir_server.search.params import token, uri
from fhir_server.search.params.bounded import equatable
from fhir_server.search.params.escaping import unescape

# Type and id of a local resource, or the url of another.
Value = tuple[str | None, str | None, str | None]
# A bare id could be of any of the parameter's types; beyond this many the type must be said.
MOST_TARGETS_OF_AN_ID = 20
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """This server, as a reference sees it: its FHIR base URL and its resource types."""

    base: str
    types: frozenset[str]


def values(here: Here) -> Mapping[str, Callable[[Json], Iterator[Value]]]:
    """Return by FHIR type how an element becomes (type, id, url) values."""
    return {
        "Reference": lambda element: _literal(element.get("reference"), here),
        "canonical": lambda text: _canonical(text, here),
        "uri": lambda text: _canonical(text, here),
    }


def identifiers() -> Mapping[str, Callable[[Json], Iterator[tuple[str, str]]]]:
    """Return by FHIR type how an element becomes the (system, code) tokens of `:identifier`."""
    pair = token.values({})["Identifier"]
    return {"Reference": lambda element: pair(element.get("identifier", {}))}


def expression(parameter: Parameter, text: str, here: Here, type_name: str | None) -> Expression:
    """Return what the value `text` asks for; `type_name` is that of a `:Type` modifier.

    Raises:
        InvalidSearchError: It is no reference, or not to a type that the parameter refers to.
    """
    value = unescape(text)
    if _ID.fullmatch(value):
        types = (type_name,) if type_name else parameter.targets
        return any_of(*(_local(parameter, target, value) for target in _few(parameter, types)))
    found = next(_literal(value, here), None)
    match found:
        case (str(target), str(logical_id), None) if type_name in {None, target}:
            _check(parameter, target)
            return _local(parameter, target, logical_id)
        case (None, None, str(url)) if type_name is None:
            return RefersTo(parameter=parameter, url=url)
        case _:
            raise InvalidSearchError(
                f"`{text}` is not a reference for `{parameter.code}`: write `Type/id`, `id` or "
                "an absolute URL.",
                expression=parameter.code,
            )


def _literal(text: str | None, here: Here) -> Iterator[Value]:
    if not text:
        return
    found = parse(text, here.base)
    if found.type is not None:
        if found.type in here.types:
            yield found.type, found.id, None
    elif url := found.url or found.urn:
        yield None, None, equatable(url)


def _canonical(text: str, here: Here) -> Iterator[Value]:
    yield from ((None, None, url) for (url,) in uri.canonical(text))
    # One of our own may also be asked for by its id.
    yield from (value for value in _literal(text, here) if value[0] is not None)


def _local(parameter: Parameter, type_name: str, logical_id: str) -> RefersTo:
    return RefersTo(parameter=parameter, type=type_name, id=logical_id)


def _few(parameter: Parameter, types: tuple[str, ...]) -> tuple[str, ...]:
    if 0 < len(types) <= MOST_TARGETS_OF_AN_ID:
        return types
    raise InvalidSearchError(
        f"`{parameter.code}` can refer to resources of many types: write `Type/id`.",
        expression=parameter.code,
    )


def _check(parameter: Parameter, type_name: str) -> None:
    if parameter.targets and type_name not in parameter.targets:
        raise InvalidSearchError(
            f"`{parameter.code}` does not refer to `{type_name}` but to "
            f"{', '.join(f'`{target}`' for target in parameter.targets)}.",
            expression=parameter.code,
        )

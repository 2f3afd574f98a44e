"""Chains and `_has`: criteria on what a resource refers to, and on what refers to it.

https://hl7.org/fhir/R4/search.html#chaining and https://hl7.org/fhir/R4/search.html#has

`subject:Patient.organization.name`, `_has:Observation:patient:code` and any mixture of the two;
what is behind the last link is an ordinary criterion of the type that it leads to.
"""

from collections.abc import Callable, Iterator

from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.search.asked import Asked
from fhir_server.search.expression import Chain, Expression, Referrer, any_of
from fhir_server.search.parameter import Parameter

HAS = "_has:"
# No question that somebody has goes further; a longer one is meant to cost time.
_MOST_LINKS = 8
# Each type that a chain may lead to has its own permission in the query.
_MOST_TYPES = 20

Criterion = Callable[[Asked, str], Expression]


def is_linked(name: str) -> bool:
    """Return whether the criterion `name` is about another resource."""
    return name.startswith(HAS) or "." in name


def linked(asked: Asked, name: str, criterion: Criterion, depth: int = 0) -> Expression:
    """Return what `name` asks for; `criterion` reads what stands behind its last link.

    Raises:
        InvalidSearchError: A link leads nowhere, or to too many types, or there are too many.
    """
    if not is_linked(name):
        return criterion(asked, name)
    if depth >= _MOST_LINKS:
        raise InvalidSearchError(
            f"`{name}` stands behind {_MOST_LINKS} links, which is as far as a chain may go.",
            expression=name,
        )

    def behind(other: Asked, rest: str) -> Expression:
        return linked(other, rest, criterion, depth + 1)

    return _has(asked, name, behind) if name.startswith(HAS) else _chain(asked, name, behind)


def _has(asked: Asked, name: str, behind: Criterion) -> Expression:
    match name.removeprefix(HAS).split(":", 2):
        case [type_, code, rest] if type_ in asked.here.types and rest:
            other = asked.of(type_)
            parameter = other.reference(code, name)
            if parameter.targets and asked.type not in parameter.targets:
                raise InvalidSearchError(
                    f"`{code}` of `{type_}` does not refer to `{asked.type}`.", expression=name
                )
            return Referrer(parameter=parameter, type=asked.type, where=behind(other, rest))
        case _:
            raise InvalidSearchError(
                f"`{name}` is not of the form `_has:Type:reference:parameter`.", expression=name
            )


def _chain(asked: Asked, name: str, behind: Criterion) -> Expression:
    head, _, rest = name.partition(".")
    code, _, type_ = head.partition(":")
    parameter = asked.reference(code, name)
    types = [type_] if type_ else list(asked.targets(parameter))
    if type_ and type_ not in asked.targets(parameter):
        raise InvalidSearchError(f"`{code}` does not refer to `{type_}`.", expression=name)
    if len(types) > _MOST_TYPES:
        raise InvalidSearchError(
            f"`{code}` can refer to resources of many types: write `{code}:Type.{rest}`.",
            expression=name,
        )
    if type_:
        return Chain(parameter=parameter, type=type_, where=behind(asked.of(type_), rest))
    found = list(_each(asked, parameter, types, rest, behind))
    if not found:
        raise InvalidSearchError(
            f"None of the types that `{code}` refers to has a parameter `{rest}`.", expression=name
        )
    return any_of(*found)


def _each(
    asked: Asked, parameter: Parameter, types: list[str], rest: str, behind: Criterion
) -> Iterator[Chain]:
    """Yield the chain to each of `types` that can be asked for `rest`."""
    for type_ in types:
        try:
            yield Chain(parameter=parameter, type=type_, where=behind(asked.of(type_), rest))
        except InvalidSearchError:
            if len(types) == 1:
                raise

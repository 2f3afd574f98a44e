"""The search parameters that packages add to those of the specification.

https://hl7.org/fhir/R4/searchparameter.html
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec

from fhir_server.fhir.canonical import version_key
from fhir_server.fhir.definitions import Definitions, SearchParameterDefinition, param_id
from fhir_server.fhir.resource import Resource
from fhir_server.fhir.search_definitions import parameter

_ABSTRACT = frozenset({"Resource", "DomainResource"})


class _Component(msgspec.Struct):
    definition: str
    expression: str


class _Shape(msgspec.Struct):
    """What a SearchParameter must have, so that something can be searched by it."""

    url: str
    code: str
    type: str
    base: list[str]
    expression: str
    target: list[str] = []
    component: list[_Component] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """The parameters by resource type, and warnings about those that cannot be searched by."""

    parameters: Mapping[str, tuple[SearchParameterDefinition, ...]]
    warnings: tuple[str, ...]


def added(sources: Iterable[Resource], definitions: Definitions) -> Added:
    """Return what SearchParameter resources add, sorted by code.

    A code that the specification has for the type already is left as it is: a guide that defines
    it again means the same. Of several versions of one parameter the newest counts.
    """
    found: dict[str, dict[str, SearchParameterDefinition]] = {}
    taken: dict[int, str] = {}
    warnings: list[str] = []
    for source in sorted(sources, key=lambda s: version_key(str(s.get("version", "")))):
        try:
            msgspec.convert(source, type=_Shape)
        except msgspec.ValidationError as error:
            if "expression" in source:  # without one it is searched by in a way of its own
                warnings.append(f"Nothing is searched by `{source.get('url')}`: {error}.")
            continue
        for made in _of_types(source, definitions):
            known = definitions.search_parameters(made.base)
            if made.code in known:
                continue
            taken |= {own.param_id: f"{made.base}.{own.code}" for own in known.values()}
            name = f"{made.base}.{made.code}"
            if taken.setdefault(made.param_id, name) == name:
                found.setdefault(made.base, {})[made.code] = made
            else:
                warnings.append(f"`{name}` has the number of `{taken[made.param_id]}`: rename it.")
    return Added(
        parameters={
            type_: tuple(sorted(own.values(), key=lambda made: made.code))
            for type_, own in sorted(found.items())
        },
        warnings=tuple(warnings),
    )


def _of_types(source: Resource, definitions: Definitions) -> Iterator[SearchParameterDefinition]:
    for base in source["base"]:
        made = parameter(source, base)
        if made is None:
            continue
        for type_ in definitions.resource_types if base in _ABSTRACT else (base,):
            if definitions.is_resource_type(type_):
                yield replace(made, base=type_, param_id=param_id(type_, made.code))

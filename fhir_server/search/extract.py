"""A resource to its index values: what the search parameters of its type find in it.

https://hl7.org/fhir/R4/search.html ; compiled once per type. `_id` and `_lastUpdated` are columns
of the resource. Contained resources are not indexed, and a reference into them is not followed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.resource import Json, Resource, type_of
from fhir_server.fhirpath.compile import End, Find, compile, ends  # noqa: A004 - FHIRPath's word
from fhir_server.fhirpath.model import Model, model_of
from fhir_server.search.extract_composite import CompositeRule, composite_values
from fhir_server.search.indexed import (
    CompositeValue,
    DateValue,
    Indexed,
    NumberValue,
    QuantityValue,
    ReferenceValue,
    StringValue,
    TokenValue,
    UriValue,
)
from fhir_server.search.parameter import Parameter, SearchType
from fhir_server.search.parameters import COLUMNS, not_extracted, parameters
from fhir_server.search.params import (
    composite,
    date,
    number,
    quantity,
    reference,
    string,
    token,
    uri,
)

# The parts of an index value without its parameter, as the modules of search/params give them.
_Parts = tuple[Json, ...]
_Values = Mapping[str, Callable[[Json], Iterator[_Parts]]]
_Found = dict[SearchType, dict[_Parts, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Output:
    """Values of one kind, under one number, by the types of the elements that are found."""

    kind: SearchType
    param_id: int
    values: _Values


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """How one parameter finds its elements, and what each of them is turned into."""

    find: Find
    outputs: tuple[_Output, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What is looked for in the resources of one type."""

    plain: tuple[_Rule, ...]
    composites: tuple[CompositeRule, ...]


def extract(resource: Resource, definitions: Definitions, base: str) -> Indexed:
    """Return every index value of `resource`, each once, in an order that depends on it alone.

    `base` is the server's own FHIR base URL: absolute references below it are local ones.
    `resource` has passed the structural check.

    Raises:
        KeyError: Its type is no resource type.
    """
    rules = _rules(definitions, type_of(resource), base)
    found: _Found = {kind: {} for kind in SearchType}
    for rule in rules.plain:
        items = rule.find(resource)
        if items:
            _collect(rule, items, found)
    return _indexed(found, rules.composites, resource)


def _collect(rule: _Rule, items: Iterable[tuple[str, Json]], found: _Found) -> None:
    for output in rule.outputs:
        of_kind, number = found[output.kind], output.param_id
        for type_name, element in items:
            make = output.values.get(type_name)
            if make is not None:
                for parts in make(element):
                    of_kind[(number, *parts)] = None


@lru_cache(maxsize=1024)
def _rules(definitions: Definitions, type_name: str, base: str) -> _Rules:
    extracted = [
        parameter
        for code, parameter in parameters(definitions, type_name).items()
        if code not in COLUMNS and not_extracted(parameter) is None
    ]
    return _Rules(
        plain=tuple(
            _rule(each, definitions, base)
            for each in extracted
            if each.type is not SearchType.COMPOSITE
        ),
        composites=tuple(
            _composite(each, definitions, base)
            for each in extracted
            if each.type is SearchType.COMPOSITE
        ),
    )


def _rule(parameter: Parameter, definitions: Definitions, base: str) -> _Rule:
    model = model_of(definitions)
    expression = _at_values(parameter, model)
    found = ends(expression, parameter.base, model)
    types = {end.type for end in found}
    outputs = _outputs(parameter, _systems(found, definitions), _here(definitions, base))
    return _Rule(
        find=compile(expression, parameter.base, model),
        outputs=tuple(output for output in outputs if types & output.values.keys()),
    )


def _outputs(
    parameter: Parameter, systems: Mapping[str, str], here: reference.Here
) -> Iterator[_Output]:
    """Yield what the parameter's modifiers need beside its values, and those first."""
    number = parameter.param_id
    values = _values(parameter.type, systems, here)
    yield _Output(kind=parameter.type, param_id=number, values=values)
    if parameter.type is SearchType.TOKEN:
        yield _Output(kind=SearchType.STRING, param_id=number, values=token.texts())
        typed = token.of_type_parameter(parameter).param_id
        yield _Output(kind=SearchType.TOKEN, param_id=typed, values=token.typed_identifiers())
    if parameter.type is SearchType.REFERENCE:
        yield _Output(kind=SearchType.TOKEN, param_id=number, values=reference.identifiers())


def _composite(parameter: Parameter, definitions: Definitions, base: str) -> CompositeRule:
    model = model_of(definitions)
    here = _here(definitions, base)

    def reader(part: composite.Component, type_name: str) -> Callable[[Json], list[_Parts]]:
        found = ends(part.expression, type_name, model)
        values = _values(part.parameter.type, _systems(found, definitions), here)
        find = compile(part.expression, type_name, model)

        def read(element: Json) -> list[_Parts]:
            items = find(element)
            made = (make(item) for kind, item in items if (make := values.get(kind)))
            return list(dict.fromkeys(parts for each in made for parts in each))

        return read

    parts = composite.components(parameter, definitions)
    types = {end.type for end in ends(parameter.expression, parameter.base, model)}
    return CompositeRule(
        param_id=parameter.param_id,
        kinds=tuple(part.parameter.type for part in parts),
        find=compile(parameter.expression, parameter.base, model),
        of_root=tuple(part.of_root for part in parts),
        readers={
            type_name: tuple(
                reader(part, parameter.base if part.of_root else type_name) for part in parts
            )
            for type_name in types
        },
    )


def _here(definitions: Definitions, base: str) -> reference.Here:
    return reference.Here(base=base, types=frozenset(definitions.resource_types))


def _at_values(parameter: Parameter, model: Model) -> str:
    """Return the expression; where it ends at extensions, go on to the values that they hold."""
    found = ends(parameter.expression, parameter.base, model)
    if found and all(end.type == "Extension" for end in found):
        return f"({parameter.expression}).value"
    return parameter.expression


def _systems(found: Iterable[End], definitions: Definitions) -> Mapping[str, str]:
    """Return the code system of each code that the required value sets allow."""
    systems: dict[str, str] = {}
    for value_set in [end.binding for end in found if end.binding and end.type == "code"]:
        for system, codes in (definitions.required_codings(value_set) or {}).items():
            systems.update(dict.fromkeys(codes, system))
    return systems


def _values(kind: SearchType, systems: Mapping[str, str], here: reference.Here) -> _Values:
    by_type: Mapping[SearchType, Callable[[], _Values]] = {
        SearchType.TOKEN: lambda: token.values(systems),
        SearchType.STRING: string.values,
        SearchType.DATE: date.values,
        SearchType.REFERENCE: lambda: reference.values(here),
        SearchType.NUMBER: number.values,
        SearchType.QUANTITY: quantity.values,
        SearchType.URI: uri.values,
    }
    return by_type[kind]()


def _indexed(found: _Found, composites: Iterable[CompositeRule], resource: Resource) -> Indexed:
    return Indexed(
        tokens=tuple(
            TokenValue(param_id=param_id, system=system, code=code)
            for param_id, system, code in found[SearchType.TOKEN]
        ),
        strings=tuple(
            StringValue(param_id=param_id, normal=normal, exact=exact)
            for param_id, normal, exact in found[SearchType.STRING]
        ),
        dates=tuple(
            DateValue(param_id=param_id, lo=lo, hi=hi)
            for param_id, lo, hi in found[SearchType.DATE]
        ),
        references=tuple(
            ReferenceValue(param_id=param_id, type=type_name, id=logical_id, url=url)
            for param_id, type_name, logical_id, url in found[SearchType.REFERENCE]
        ),
        numbers=tuple(
            NumberValue(param_id=param_id, lo=lo, hi=hi)
            for param_id, lo, hi in found[SearchType.NUMBER]
        ),
        quantities=tuple(
            QuantityValue(param_id=param_id, lo=lo, hi=hi, system=system, code=code)
            for param_id, lo, hi, system, code in found[SearchType.QUANTITY]
        ),
        uris=tuple(
            UriValue(param_id=param_id, value=value) for param_id, value in found[SearchType.URI]
        ),
        composites=_combined(composites, resource),
    )


def _combined(
    composites: Iterable[CompositeRule], resource: Resource
) -> tuple[CompositeValue, ...]:
    found = (value for rule in composites for value in composite_values(rule, resource))
    return tuple(dict.fromkeys(found))

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
from fhir_server.search.indexed import (
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
from fhir_server.search.params import date, number, quantity, reference, string, token, uri

# The parts of an index value without its parameter, as the modules of search/params give them.
_Parts = tuple[Json, ...]
_Values = Mapping[str, Callable[[Json], Iterator[_Parts]]]
_INDEXED = (
    SearchType.TOKEN,
    SearchType.STRING,
    SearchType.DATE,
    SearchType.REFERENCE,
    SearchType.NUMBER,
    SearchType.QUANTITY,
    SearchType.URI,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """How one parameter finds its elements, and by their type turns them into values."""

    param_id: int
    find: Find
    values: _Values


def extract(resource: Resource, definitions: Definitions, base: str) -> Indexed:
    """Return every index value of `resource`, each once, in an order that depends on it alone.

    `base` is the server's own FHIR base URL: absolute references below it are local ones.
    `resource` has passed the structural check.

    Raises:
        KeyError: Its type is no resource type.
    """
    rules = _rules(definitions, type_of(resource), base)
    found = {kind: _found(of_kind, resource) for kind, of_kind in rules.items()}
    return _indexed(found)


def _found(rules: Iterable[_Rule], resource: Resource) -> tuple[_Parts, ...]:
    found: dict[_Parts, None] = {}
    for rule in rules:
        for type_name, element in rule.find(resource):
            for parts in rule.values[type_name](element):
                found[(rule.param_id, *parts)] = None
    return tuple(found)


@lru_cache(maxsize=1024)
def _rules(
    definitions: Definitions, type_name: str, base: str
) -> Mapping[SearchType, tuple[_Rule, ...]]:
    extracted = [
        parameter
        for code, parameter in parameters(definitions, type_name).items()
        if code not in COLUMNS and not_extracted(parameter) is None
    ]
    return {
        kind: tuple(_rule(each, definitions, base) for each in extracted if each.type is kind)
        for kind in _INDEXED
    }


def _rule(parameter: Parameter, definitions: Definitions, base: str) -> _Rule:
    model = model_of(definitions)
    expression = _at_values(parameter, model)
    found = ends(expression, parameter.base, model)
    here = reference.Here(base=base, types=frozenset(definitions.resource_types))
    known = _values(parameter.type, _systems(found, definitions), here)
    return _Rule(
        param_id=parameter.param_id,
        find=compile(expression, parameter.base, model),
        values={end.type: known.get(end.type, _nothing) for end in found},
    )


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


def _nothing(_: Json) -> Iterator[_Parts]:
    """Give no value: the parameter's type has none for such an element (a date from a text)."""
    return iter(())


def _indexed(found: Mapping[SearchType, tuple[_Parts, ...]]) -> Indexed:
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
    )

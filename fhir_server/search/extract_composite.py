"""The values of a composite parameter: for each element, what its components find together.

https://hl7.org/fhir/R4/search.html#composite
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from fhir_server.fhir.resource import Json, Resource
from fhir_server.fhirpath.branches import Find
from fhir_server.search.indexed import (
    CompositeValue,
    DateValue,
    NumberValue,
    Part,
    QuantityValue,
    StringValue,
    TokenValue,
)
from fhir_server.search.parameter import SearchType
from fhir_server.search.params.composite import combinations

_Parts = tuple[Json, ...]
_Reader = Callable[[Json], list[_Parts]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeRule:
    """How a composite parameter finds its elements, and by their type reads the components.

    A component with `of_root` is read from the whole resource.
    """

    param_id: int
    kinds: tuple[SearchType, ...]
    find: Find
    of_root: tuple[bool, ...]
    readers: Mapping[str, tuple[_Reader, ...]]


def composite_values(rule: CompositeRule, resource: Resource) -> Iterator[CompositeValue]:
    """Yield each combination of the components' values in one element."""
    for type_name, element in rule.find(resource):
        found: list[list[_Parts]] = []
        for read, of_root in zip(rule.readers[type_name], rule.of_root, strict=True):
            values = read(resource if of_root else element)
            if not values:
                break
            found.append(values)
        else:
            for chosen in combinations(found):
                parts = tuple(map(_part, rule.kinds, chosen))
                yield CompositeValue(param_id=rule.param_id, parts=parts)


def _part(kind: SearchType, parts: _Parts) -> Part:
    match kind:
        case SearchType.TOKEN:
            return TokenValue(param_id=0, system=parts[0], code=parts[1])
        case SearchType.STRING:
            return StringValue(param_id=0, normal=parts[0], exact=parts[1])
        case SearchType.DATE:
            return DateValue(param_id=0, lo=parts[0], hi=parts[1])
        case SearchType.NUMBER:
            return NumberValue(param_id=0, lo=parts[0], hi=parts[1])
        case _:
            lo, hi, system, code = parts
            return QuantityValue(param_id=0, lo=lo, hi=hi, system=system, code=code)

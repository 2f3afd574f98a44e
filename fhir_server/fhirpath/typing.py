"""Types by name: `is`, `as` and `ofType()`.

https://hl7.org/fhirpath/N1/#types and https://hl7.org/fhir/R4/fhirpath.html#types
"""

from fhir_server.fhirpath.errors import FhirPathSemanticError
from fhir_server.fhirpath.evaluation import Evaluate, Frame
from fhir_server.fhirpath.item import EMPTY, PRIMITIVES, SYSTEM, Item, Items, single, truth
from fhir_server.fhirpath.model import Model

_SYSTEM_TYPES = frozenset(
    {"Any", "Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity"}
)
_FHIR = "FHIR."


def named_type(model: Model, name: str) -> str:
    """Return the type that a name means: one of FHIR, or else one of the System with its prefix.

    A name in a namespace that has no such type is kept: nothing is of it.

    Raises:
        FhirPathSemanticError: There is no such type.
    """
    if name.startswith(SYSTEM):
        return name
    plain = name.removeprefix(_FHIR)
    if model.base_of(plain) is not None:
        return plain
    if plain == name and name in _SYSTEM_TYPES:
        return SYSTEM + name
    # R4 writes `as DateTime` in one place.
    lowered = plain[:1].lower() + plain[1:]
    if model.base_of(lowered) is not None and plain != name:
        return lowered
    raise FhirPathSemanticError(f"There is no type `{name}`.")


def type_function(
    operator: str, of: Evaluate, kind: str, model: Model, *, single: bool
) -> Evaluate:
    """Return the closure that tests the one item, or keeps the items, of a type.

    `as` and `ofType()` take a primitive for what it is only: a code is no string to them.
    """
    if operator == "is":
        return _is(of, kind, model)

    def run(frame: Frame) -> Items:
        items = of(frame)
        if single:
            _one(items)
        return [item for item in items if _is_as(item, kind, model)]

    return run


def _one(items: Items) -> None:
    single(items)


def _is(of: Evaluate, kind: str, model: Model) -> Evaluate:
    def run(frame: Frame) -> Items:
        item = single(of(frame))
        return EMPTY if item is None else truth(_is_of(item, kind, model))

    return run


def _is_of(item: Item, kind: str, model: Model) -> bool:
    return kind in {item.type, "System.Any"} or model.is_a(item.type, kind)


def _is_as(item: Item, kind: str, model: Model) -> bool:
    if item.type in PRIMITIVES and kind in PRIMITIVES:
        return item.type == kind
    return _is_of(item, kind, model)

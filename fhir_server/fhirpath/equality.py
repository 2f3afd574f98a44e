"""Equality, equivalence and order of items.

https://hl7.org/fhirpath/N1/#equality and https://hl7.org/fhirpath/N1/#comparison ; None stands for
the empty result, where partial dates or unlike units do not tell.
"""

from collections import Counter
from collections.abc import Callable, Hashable
from decimal import Decimal

from fhir_server.fhir.resource import Json
from fhir_server.fhirpath import quantity, temporal
from fhir_server.fhirpath.errors import FhirPathEvaluationError
from fhir_server.fhirpath.item import Item, Items, Value, value_of
from fhir_server.fhirpath.quantity import Quantity
from fhir_server.fhirpath.temporal import Temporal

Spend = Callable[[int], None]


def equal(ours: Items, theirs: Items, spend: Spend) -> bool | None:
    """Return whether the collections are equal in order, None where one is empty."""
    if not ours or not theirs:
        return None
    if len(ours) != len(theirs):
        return False
    if len(ours) == 1:
        return equal_items(ours[0], theirs[0], spend)
    results = [equal_items(one, other, spend) for one, other in zip(ours, theirs, strict=True)]
    if False in results:
        return False
    return None if None in results else True


def equal_items(ours: Item, theirs: Item, spend: Spend) -> bool | None:
    """Return whether two items are equal, None where that is not known."""
    one, other = value_of(ours), value_of(theirs)
    if one is not None and other is not None:
        return _equal_values(one, other)
    if one is not None or other is not None:
        return False
    return tree_key(ours.value, spend) == tree_key(theirs.value, spend)


def _equal_values(one: Value, other: Value) -> bool | None:
    if isinstance(one, Temporal) and isinstance(other, Temporal):
        return _is_zero(temporal.compare(one, other)) if _same_kind(one, other) else False
    if isinstance(one, Quantity) or isinstance(other, Quantity):
        left, right = _as_quantity(one), _as_quantity(other)
        if left is None or right is None:
            return False
        return _is_zero(quantity.compare(left, right))
    if _is_number(one) and _is_number(other):
        return one == other
    return type(one) is type(other) and one == other


def _same_kind(one: Temporal, other: Temporal) -> bool:
    """A Date and a DateTime can be compared, a Time with neither."""
    return (one.kind == "Time") is (other.kind == "Time")


def _is_zero(order: int | None) -> bool | None:
    return None if order is None else order == 0


def _is_number(value: Value) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _as_quantity(value: Value) -> Quantity | None:
    if isinstance(value, Quantity):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Quantity(value=Decimal(value))
    return None


def compare_values(one: Value, other: Value) -> int | None:
    """Return -1, 0 or 1, None where that is not known.

    Raises:
        FhirPathEvaluationError: They have no order, or are of different kinds.
    """
    if isinstance(one, str) and isinstance(other, str):
        return (one > other) - (one < other)
    if isinstance(one, Temporal) and isinstance(other, Temporal) and _same_kind(one, other):
        return temporal.compare(one, other)
    left, right = _as_quantity(one), _as_quantity(other)
    if left is None or right is None:
        raise FhirPathEvaluationError("Values of these types have no order.")
    if _is_number(one) and _is_number(other):
        return (left.value > right.value) - (left.value < right.value)
    return quantity.compare(left, right)


def equivalent(ours: Items, theirs: Items, spend: Spend) -> bool:
    """Return whether the collections have equivalent items, in any order."""
    if len(ours) != len(theirs):
        return False
    left = list(theirs)
    for one in ours:
        spend(len(left))
        match = next(
            (at for at, other in enumerate(left) if _equivalent_items(one, other, spend)), None
        )
        if match is None:
            return False
        del left[match]
    return True


def _equivalent_items(ours: Item, theirs: Item, spend: Spend) -> bool:
    one, other = value_of(ours), value_of(theirs)
    if one is not None and other is not None:
        return _equivalent_values(one, other)
    if one is not None or other is not None:
        return False
    return _folded_key(ours.value, spend) == _folded_key(theirs.value, spend)


def _equivalent_values(one: Value, other: Value) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return _folded(one) == _folded(other)
    if isinstance(one, Temporal) and isinstance(other, Temporal):
        return _same_kind(one, other) and temporal.equivalent(one, other)
    if _is_number(one) and _is_number(other):
        return quantity.equivalent_decimals(Decimal(one), Decimal(other))  # type: ignore[arg-type]  # both are numbers
    if isinstance(one, Quantity) or isinstance(other, Quantity):
        left, right = _as_quantity(one), _as_quantity(other)
        return left is not None and right is not None and quantity.equivalent(left, right)
    return type(one) is type(other) and one == other


def _folded(text: str) -> str:
    return " ".join(text.lower().split())


def _folded_key(value: Json, spend: Spend) -> Hashable:
    """Return what is the same for equivalent JSON: texts folded, arrays unordered, ids left out."""
    if isinstance(value, dict):
        spend(len(value))
        pairs = ((name, child) for name, child in value.items() if name != "id")
        return frozenset((name, _folded_key(child, spend)) for name, child in pairs)
    if isinstance(value, list):
        return frozenset(Counter(_folded_key(child, spend) for child in value).items())
    return _folded(value) if isinstance(value, str) else tree_key(value, spend)


def key(item: Item, spend: Spend) -> Hashable:
    """Return what is the same for items that are equal, for sets of them."""
    value = value_of(item)
    if value is None:
        return tree_key(item.value, spend)
    if isinstance(value, Temporal):
        at_utc = value.at_utc()
        return ("Time" if value.kind == "Time" else "Date", at_utc.parts, at_utc.offset)
    if isinstance(value, Quantity):
        return quantity.key(value)
    return (isinstance(value, bool), value)


def tree_key(value: Json, spend: Spend) -> Hashable:
    """Return what is the same for JSON values that are equal; `1.0` and `1.00` are."""
    if isinstance(value, dict):
        spend(len(value))
        return frozenset((name, tree_key(child, spend)) for name, child in value.items())
    if isinstance(value, list):
        return tuple(tree_key(child, spend) for child in value)
    return (isinstance(value, bool), value)

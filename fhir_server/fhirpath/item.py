"""An item of a collection: a JSON value with its FHIR type, or a value of FHIRPath's own types.

https://hl7.org/fhir/R4/fhirpath.html#types ; a FHIR primitive stands for the System value of its
kind wherever an operator or function wants one.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple

from fhir_server.fhir.resource import Element, Json, Resource, type_of
from fhir_server.fhirpath.errors import FhirPathEvaluationError
from fhir_server.fhirpath.quantity import Quantity
from fhir_server.fhirpath.temporal import Temporal, parse_date, parse_datetime, parse_time

Value = str | bool | int | Decimal | Temporal | Quantity
SYSTEM = "System."
BOOLEAN = "System.Boolean"
STRING = "System.String"
INTEGER = "System.Integer"
DECIMAL = "System.Decimal"
QUANTITY = "System.Quantity"
TYPE_INFO = "System.TypeInfo"


class Item(NamedTuple):
    """`type` is a FHIR type, the path of a backbone element, or `System.` and a type.

    `value` is JSON, of a System type its Python value. `element` has the id and extensions of a
    primitive; `value` is None where there is nothing else.
    """

    type: str
    value: Json
    element: Element | None = None


Items = list[Item]
# Collections are never changed once they are made, so these and those of literals are shared.
EMPTY: Items = []
TRUE: Items = [Item(BOOLEAN, value=True)]
FALSE: Items = [Item(BOOLEAN, value=False)]


def truth(value: bool | None) -> Items:  # noqa: FBT001 - the value itself
    """Return the collection of a boolean that may be unknown."""
    if value is None:
        return EMPTY
    return TRUE if value else FALSE


def resource_item(resource: Resource) -> Item:
    """Return the item that a whole resource is."""
    return Item(type_of(resource), resource)


def system_item(value: Value) -> Item:
    """Return the item of a value of FHIRPath's own types."""
    if isinstance(value, Temporal):
        return Item(SYSTEM + value.kind, value)
    return Item(_SYSTEM_TYPES[type(value)], value)


_SYSTEM_TYPES: Mapping[type, str] = {
    str: STRING,
    bool: BOOLEAN,
    int: INTEGER,
    Decimal: DECIMAL,
    Quantity: QUANTITY,
}


def value_of(item: Item) -> Value | None:
    """Return the System value of an item, None where it has none."""
    convert = _CONVERSIONS.get(item.type)
    if convert is None or item.value is None:
        return item.value if item.type.startswith(SYSTEM) else None
    return convert(item.value)


def _quantity(value: Json) -> Quantity | None:
    number = value.get("value")
    # `< 5 mg` is no quantity that can be reckoned with.
    if number is None or "comparator" in value:
        return None
    unit = value.get("code") or value.get("unit") or value.get("currency") or "1"
    return Quantity(value=Decimal(number), unit=unit)


def _same(value: Json) -> Value:
    found: Value = value
    return found


_CONVERSIONS: Mapping[str, Callable[[Json], Value | None]] = {
    **dict.fromkeys(
        (
            "string", "code", "id", "uri", "url", "canonical", "oid", "uuid", "markdown",
            "base64Binary", "xhtml", "boolean", "integer", "positiveInt", "unsignedInt",
        ),
        _same,
    ),
    **dict.fromkeys(("Quantity", "Age", "Count", "Distance", "Duration", "Money"), _quantity),
    "decimal": Decimal,
    "date": parse_date,
    "dateTime": parse_datetime,
    "instant": parse_datetime,
    "time": parse_time,
}  # fmt: skip
PRIMITIVES = _CONVERSIONS.keys() - {"Quantity", "Age", "Count", "Distance", "Duration", "Money"}


def single(items: Items) -> Item | None:
    """Return the only item, None where there is none.

    https://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections

    Raises:
        FhirPathEvaluationError: There are several.
    """
    if not items:
        return None
    if len(items) > 1:
        raise FhirPathEvaluationError("There are several items where one at most is wanted.")
    return items[0]


def single_value(items: Items) -> Value | None:
    """Return the System value of the only item, None where there is no item or it has no value.

    Raises:
        FhirPathEvaluationError: There are several.
    """
    item = single(items)
    return None if item is None else value_of(item)


def boolean(items: Items) -> bool | None:
    """Return the truth of a collection: one item of another type counts as true.

    Raises:
        FhirPathEvaluationError: There are several.
    """
    if items is TRUE or items is FALSE:
        return items is TRUE
    item = single(items)
    if item is None:
        return None
    value = value_of(item)
    return value if isinstance(value, bool) else True


def type_name(item: Item) -> str:
    """Return the type for a message, which must not have the value in it."""
    return item.type.removeprefix(SYSTEM)

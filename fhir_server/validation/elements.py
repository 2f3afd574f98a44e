"""How an element stands in its object: once or in an array, a value or an object.

https://hl7.org/fhir/R4/json.html#property and https://hl7.org/fhir/R4/json.html#primitive

Each function here returns the check of one property: from its value, and the object that holds it,
to faults that are relative to that object.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from fhir_server.fhir.resource import Element, Json
from fhir_server.validation.fault import Fault, ItemCheck, shape_of, structure, within
from fhir_server.validation.primitives import Primitive

PropertyCheck: TypeAlias = Callable[[Json, Element], Sequence[Fault]]

_EMPTY = structure("An array must not be empty.")
_NULL = structure("`null` may only fill a gap of an array whose `_` twin has an extension there.")
_GAP = structure("`null` needs a value in the array of the same name without `_`.")
_UNEQUAL = structure("The arrays of an element with and without `_` must have the same length.")
_NOTHING = Fault(code="invariant", diagnostics="An element must have a value or an extension.")


def single_primitive(step: str, primitive: Primitive) -> PropertyCheck:
    """Return the check of a primitive that stands once; `step` is its FHIRPath, `.gender`."""
    check = primitive_item(primitive)
    return lambda value, _: within(step, check(value))


def single(step: str, check: ItemCheck) -> PropertyCheck:
    """Return the check of an object that stands once."""

    def faults(value: Json, _: Element) -> Sequence[Fault]:
        if type(value) is dict:
            found = check(value)
            return within(step, found) if found else ()
        return [structure(f"This must be an object, not {shape_of(value)}.", step)]

    return faults


def repeated(step: str, check: ItemCheck) -> PropertyCheck:
    """Return the check of an object that repeats."""

    def faults(value: Json, _: Element) -> Sequence[Fault]:
        if type(value) is not list:
            return [structure(f"This must be an array, not {shape_of(value)}.", step)]
        if not value:
            return within(step, [_EMPTY])
        found: list[Fault] = []
        for index, item in enumerate(value):
            if type(item) is dict:
                wrong = check(item)
                if wrong:
                    found += within(f"{step}[{index}]", wrong)
            else:
                shape = shape_of(item)
                found.append(structure(f"This must be an object, not {shape}.", f"{step}[{index}]"))
        return found

    return faults


def repeated_primitive(name: str, primitive: Primitive) -> PropertyCheck:
    """Return the check of a primitive that repeats; `null` may stand where its twin has content."""
    kind, likely, check = primitive.kind, primitive.likely, primitive_item(primitive)
    step, twin = f".{name}", f"_{name}"

    def faults(value: Json, element: Element) -> Sequence[Fault]:
        if type(value) is not list:
            return [structure(f"This must be an array, not {shape_of(value)}.", step)]
        if not value:
            return within(step, [_EMPTY])
        found: list[Fault] = []
        for index, item in enumerate(value):
            if type(item) is kind and likely(item):
                continue
            wrong = check(item) if item is not None else _gap(element.get(twin), index, _NULL)
            found += within(f"{step}[{index}]", wrong)
        return found

    return faults


def single_twin(step: str, name: str, check: ItemCheck) -> PropertyCheck:
    """Return the check of `_name`, the id and extensions of the primitive `name`."""

    def faults(value: Json, element: Element) -> Sequence[Fault]:
        if type(value) is not dict:
            return [structure(f"`_{name}` must be an object, not {shape_of(value)}.", step)]
        return within(step, _twin(value, name in element, check))

    return faults


def repeated_twin(name: str, check: ItemCheck) -> PropertyCheck:
    """Return the check of `_name` where the primitive `name` repeats."""
    step = f".{name}"

    def faults(value: Json, element: Element) -> Sequence[Fault]:
        if type(value) is not list or not value:
            return [structure(f"`_{name}` must be an array that is not empty.", step)]
        values = element.get(name)
        found: list[Fault] = []
        if type(values) is list and len(values) != len(value):
            found += within(step, [_UNEQUAL])
        for index, item in enumerate(value):
            found += within(f"{step}[{index}]", _twin_item(item, values, index, check))
        return found

    return faults


def _twin_item(item: Json, values: Json, index: int, check: ItemCheck) -> Sequence[Fault]:
    if item is None:
        return _gap(values, index, _GAP)
    if type(item) is not dict:
        return [structure(f"This must be an object or null, not {shape_of(item)}.")]
    return _twin(item, _has(values, index), check)


def _twin(value: Element, has_value: bool, check: ItemCheck) -> list[Fault]:  # noqa: FBT001 - a fact about the twin, not a switch
    """A twin with nothing but an id says something only where there is a value."""
    nothing = [] if "extension" in value or (value and has_value) else [_NOTHING]
    return [*nothing, *check(value)]


def _gap(twin: Json, index: int, otherwise: Fault) -> Sequence[Fault]:
    return () if _has(twin, index) else [otherwise]


def _has(values: Json, index: int) -> bool:
    return type(values) is list and index < len(values) and values[index] is not None


def primitive_item(primitive: Primitive) -> ItemCheck:
    """Return the check of one primitive value."""
    valid = primitive.valid
    wrong_value = Fault(code=primitive.code, diagnostics=f"The value must be {primitive.expected}.")

    def faults(value: Json) -> Sequence[Fault]:
        if valid(value):
            return ()
        if value is None or isinstance(value, dict | list):
            return [structure(f"This must be {primitive.expected}, not {shape_of(value)}.")]
        return [wrong_value]

    return faults

"""What can be refused before there is any data.

https://hl7.org/fhirpath/N1/#type-safety-and-strict-evaluation
"""

from dataclasses import dataclass

from fhir_server.fhirpath.errors import FhirPathSemanticError
from fhir_server.fhirpath.function import ANY, Function, Static
from fhir_server.fhirpath.item import PRIMITIVES, SYSTEM
from fhir_server.fhirpath.model import Model

_NUMBERS = frozenset({"Integer", "Decimal"})
_MEASURES = _NUMBERS | {"Quantity"}
_TIMES = frozenset({"Date", "DateTime", "Time"})
# What these hold is told by the data only.
_OPEN = frozenset({"Resource", "DomainResource", "Element", "BackboneElement", "System.TypeInfo"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Strictness:
    """`types`: refuse names and types that cannot be. `single_as`: `as` takes one item only.

    `order`: refuse what depends on the order where there is none.
    """

    types: bool = False
    single_as: bool = False
    order: bool = False


def element_types(
    model: Model, of: Static, name: str, strictness: Strictness, *, root: bool = False
) -> frozenset[str] | None:
    """Return of which types `name` of such items can be.

    Raises:
        FhirPathSemanticError: None of the types has such an element.
    """
    if of.types is None or of.types & _OPEN:
        return None
    if not of.types:
        return of.types
    if root and model.base_of(name) is not None:
        found = frozenset(kind for kind in of.types if model.is_a(kind, name))
        if found:
            return found
    types = frozenset(kind for parent in of.types for kind in _children(model, parent, name))
    if not types and strictness.types:
        names = ", ".join(sorted(of.types))
        raise FhirPathSemanticError(f"`{names}` has no element `{name}`.")
    return types or None


def _children(model: Model, parent: str, name: str) -> tuple[str, ...]:
    if parent in PRIMITIVES:
        return {"extension": ("Extension",), "id": ("string",)}.get(name, ())
    return tuple(child.type for child in model.children(parent, name))


def refuse_focus(function: Function, focus: Static, strictness: Strictness) -> None:
    """Refuse a focus of which the function can make nothing.

    Raises:
        FhirPathSemanticError: It is of other types, or has no order and must have one.
    """
    if function.needs_order:
        refuse_disorder(focus, f"{function.name}()", strictness)
    kinds = focus.kinds()
    if not strictness.types or not function.wants or kinds is None or not focus.types:
        return
    if not kinds & function.wants:
        wanted = " or ".join(sorted(function.wants))
        raise FhirPathSemanticError(f"`{function.name}()` wants {wanted}.")


def refuse_disorder(focus: Static, what: str, strictness: Strictness) -> None:
    """Refuse items without order.

    Raises:
        FhirPathSemanticError: They have none, and that matters.
    """
    if strictness.order and not focus.ordered:
        raise FhirPathSemanticError(f"`{what}` depends on an order that its items have not.")


def refuse_criterion(criterion: Static, strictness: Strictness) -> None:
    """Refuse a criterion that can be no Boolean.

    Raises:
        FhirPathSemanticError: It is of other types.
    """
    kinds = criterion.kinds()
    if strictness.types and criterion.types and kinds is not None and "Boolean" not in kinds:
        raise FhirPathSemanticError("The criterion of `iif()` must be a Boolean.")


def operation_types(operator: str, left: Static, right: Static, strictness: Strictness) -> Static:
    """Return of which types the result of an arithmetic operator can be.

    Raises:
        FhirPathSemanticError: It takes no values of such types.
    """
    if operator == "&":
        return Static(types=frozenset({f"{SYSTEM}String"}), many=False)
    ours, theirs = left.kinds(), right.kinds()
    if ours is None or theirs is None or not left.types or not right.types:
        return ANY.only_one()
    kinds = {
        kind
        for one in ours
        for other in theirs
        if (kind := _result(operator, one, other)) is not None
    }
    if not kinds and strictness.types:
        raise FhirPathSemanticError(f"`{operator}` does not take values of these types.")
    return Static(types=frozenset(SYSTEM + kind for kind in kinds) or None, many=False)


def _result(operator: str, one: str, other: str) -> str | None:
    if one in _NUMBERS and other in _NUMBERS:
        return _number(operator, one, other)
    if operator == "+" and one == other == "String":
        return "String"
    if operator in {"+", "-"} and one in _TIMES and other == "Quantity":
        return one
    if operator in {"+", "-", "*", "/"} and one in _MEASURES and other in _MEASURES:
        return "Quantity"
    return None


def _number(operator: str, one: str, other: str) -> str:
    if operator == "div":
        return "Integer"
    return "Integer" if operator != "/" and one == other == "Integer" else "Decimal"

"""Checks of values whose type says more than its elements do.

https://hl7.org/fhir/R4/references.html, https://hl7.org/fhir/R4/terminologies.html#strength and
https://hl7.org/fhir/R4/extensibility.html#Extension
"""

from collections.abc import Mapping, Sequence

from fhir_server.fhir.reference import type_named_by
from fhir_server.fhir.resource import Element, Json, items
from fhir_server.validation.fault import Fault, ItemCheck, structure

_URL_AND_CONTENT = Fault(
    code="invariant", diagnostics="An extension must have either a value or extensions, not both."
)
_NESTED = structure("A contained resource must not contain another.", ".contained")
_COMPARATOR = structure("A SimpleQuantity has no comparator.", ".comparator")


def reference(check: ItemCheck, targets: Sequence[str], known: frozenset[str]) -> ItemCheck:
    """Return the check of a Reference to one of `targets` (to any of `known` if there are none)."""
    allowed = frozenset(targets) or known
    expected = ", ".join(f"`{target}`" for target in targets) or "a resource type"

    def faults(value: Element) -> Sequence[Fault]:
        found = check(value)
        text = value.get("reference")
        if type(text) is str and text.partition("/")[0] not in allowed:
            found = [*found, *wrong_target(".reference", type_named_by(text))]
        if type(value.get("type")) is str and value["type"] in known:
            found = [*found, *wrong_target(".type", value["type"])]
        return found

    def wrong_target(step: str, named: str | None) -> Sequence[Fault]:
        if named is None or named in allowed:
            return ()
        diagnostics = f"`{named}` is not what this may refer to: {expected}."
        return [Fault(path=step, code="value", diagnostics=diagnostics)]

    return faults


def bound_concept(check: ItemCheck, codings: Mapping[str, frozenset[str]], url: str) -> ItemCheck:
    """Return the check of a CodeableConcept that must have a coding out of a value set."""

    def faults(value: Element) -> Sequence[Fault]:
        found = check(value)
        if found or any(_is_of(coding, codings) for coding in items(value, "coding")):
            return found
        return [Fault(code="code-invalid", diagnostics=f"One coding must be of `{url}`.")]

    return faults


def _is_of(coding: Json, codings: Mapping[str, frozenset[str]]) -> bool:
    return coding.get("code") in codings.get(coding.get("system"), ())


def simple_quantity(check: ItemCheck) -> ItemCheck:
    """Return the check of a Quantity that must not be a bound."""
    return lambda value: [*check(value), _COMPARATOR] if "comparator" in value else check(value)


def contained(check: ItemCheck) -> ItemCheck:
    """Return the check of a contained resource."""
    return lambda value: [*check(value), _NESTED] if "contained" in value else check(value)


def extension(value: Element) -> Sequence[Fault]:
    """Check https://hl7.org/fhir/R4/extensibility.html#ext-1 ."""
    has_value = any(name.startswith(("value", "_value")) for name in value)
    return () if has_value != ("extension" in value) else [_URL_AND_CONTENT]

"""The shape of an expression: what its SQL depends on, without the values that are bound.

Two queries of one shape share one compiled statement. Each value of the expression has a name in
the shape and stands under that name among the values. The number of a parameter is part of the
text, or the name of a value too: where the same is asked of many types.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fhir_server.search.expression import Comparison


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything or nothing."""

    value: bool


ALWAYS = Truth(value=True)
NEVER = Truth(value=False)


@dataclass(frozen=True, slots=True)
class Every:
    """All operands hold."""

    operands: tuple["Shape", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One operand holds at least."""

    operands: tuple["Shape", ...]


@dataclass(frozen=True, slots=True)
class Opposite:
    """The operand does not hold."""

    operand: "Shape"


@dataclass(frozen=True, slots=True)
class HasToken:
    """A row of ix_token; `code` or `system` None: any."""

    param_id: int | str
    code: str | None
    system: str | None


@dataclass(frozen=True, slots=True)
class HasTokenOf:
    """A row of ix_token with the system and one of the list of codes."""

    param_id: int | str
    codes: str
    system: str


@dataclass(frozen=True, slots=True)
class HasString:
    """A row of ix_string whose normal form is in [lo, hi)."""

    param_id: int | str
    lo: str
    hi: str


@dataclass(frozen=True, slots=True)
class HasExact:
    """A row of ix_string with this normal form and this text."""

    param_id: int | str
    normal: str
    exact: str


@dataclass(frozen=True, slots=True)
class HasPart:
    """A row of ix_string in whose normal form `part` stands."""

    param_id: int | str
    part: str


@dataclass(frozen=True, slots=True)
class HasNumber:
    """A row of ix_number that compares with the numbers."""

    param_id: int | str
    comparison: Comparison
    lo: str
    hi: str


@dataclass(frozen=True, slots=True)
class HasQuantity:
    """A row of ix_quantity that compares with the numbers; `code` or `system` None: any."""

    param_id: int | str
    comparison: Comparison
    lo: str
    hi: str
    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class HasUri:
    """A row of ix_uri."""

    param_id: int | str
    value: str


@dataclass(frozen=True, slots=True)
class HasUriBelow:
    """A row of ix_uri that is `url`, or in [lo, hi): what begins with it and a slash."""

    param_id: int | str
    url: str
    lo: str
    hi: str


@dataclass(frozen=True, slots=True)
class HasDate:
    """A row of ix_date that compares with [lo, hi)."""

    param_id: int | str
    comparison: Comparison
    lo: str
    hi: str


@dataclass(frozen=True, slots=True)
class HasReference:
    """A row of ix_reference to the resource of `type_id` and the id, or to the URL's number."""

    param_id: int | str
    type_id: int | None
    name: str


@dataclass(frozen=True, slots=True)
class HasComposite:
    """A row of ix_composite whose parts are what the leaves of `parts` ask for."""

    param_id: int | str
    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class HasAny:
    """A row of the parameter in one of `tables`."""

    param_id: int | str
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leads:
    """A reference of the parameter to a live resource of `type_id` for which `inner` holds."""

    param_id: int | str
    type_id: int
    inner: "Shape"


@dataclass(frozen=True, slots=True)
class Led:
    """A live resource of `type_id` for which `inner` holds refers here by the parameter."""

    param_id: int | str
    type_id: int
    inner: "Shape"


@dataclass(frozen=True, slots=True)
class HasId:
    """The logical id is one of the list under `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Updated:
    """`last_updated` compares with [lo, hi)."""

    comparison: Comparison
    lo: str
    hi: str


@dataclass(frozen=True, slots=True)
class Fenced:
    """All transactions up to the one that wrote it have ended."""


@dataclass(frozen=True, slots=True)
class Belongs:
    """The owner is the resource of `type_id` (Patient) with the id under `name`."""

    type_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Permits:
    """The consent leaf; each field is the name of its value, or names of a list's."""

    own: tuple[str, ...]
    actors: tuple[str, ...]
    purpose: str
    at: str
    unpermitted: str
    treating: str | None
    self_asserted: str
    absolute: str
    own_withheld: str
    overrides_denials: bool


Part = HasToken | HasString | HasDate | HasNumber | HasQuantity
# What one row of an index table answers.
Leaf = Part | HasTokenOf | HasExact | HasPart | HasUri | HasUriBelow | HasReference | HasComposite
Link = Leads | Led
OfRow = HasId | Updated | Fenced | Belongs
Shape = Truth | Every | Some | Opposite | Leaf | HasAny | Link | OfRow | Permits

_PADDED = (1, 2, 4, 8, 16, 32, 64, 128)


class Values:
    """The values of a shape, by name."""

    def __init__(self, dialect: str) -> None:
        self._arrays = dialect == "postgresql"
        self.by_name: dict[str, Any] = {}

    def add(self, value: float | str | None) -> str:
        """Return the name under which `value` is bound."""
        return self._add(value)

    def add_list(self, values: Iterable[int] | Iterable[str]) -> str:
        """Return the name of a list of any length (binding.in_list)."""
        listed: list[Any] = sorted(values)
        return self._add(listed if self._arrays else json.dumps(listed))

    def add_few(self, values: Iterable[int]) -> tuple[str, ...]:
        """Return the names for a short list: one for an array, else padded to few lengths."""
        listed = sorted(values)
        if self._arrays:
            return (self._add(listed),)
        if not listed:
            return ()
        length = next((size for size in _PADDED if size >= len(listed)), len(listed))
        return tuple(self._add(value) for value in (listed + listed[-1:] * length)[:length])

    def _add(self, value: object) -> str:
        name = f"v{len(self.by_name)}"
        self.by_name[name] = value
        return name


def conjuncts(shape: Shape) -> tuple[Shape, ...]:
    """Return the operands of a conjunction, flat; of another shape, itself."""
    if isinstance(shape, Every):
        return tuple(part for operand in shape.operands for part in conjuncts(operand))
    return (shape,)


def holds(shape: Shape, kind: type[Shape]) -> bool:
    """Return whether a node of `kind` stands anywhere in `shape`."""
    match shape:
        case Every() | Some():
            return any(holds(part, kind) for part in shape.operands)
        case Opposite():
            return holds(shape.operand, kind)
        case _:
            return isinstance(shape, kind)

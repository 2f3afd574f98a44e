"""How a function is declared, and what is known of a collection before there is any data.

https://hl7.org/fhirpath/N1/#functions
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from fhir_server.fhirpath.item import BOOLEAN, SYSTEM, Items

_KINDS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "string", "code", "id", "uri", "url", "canonical", "oid", "uuid", "markdown",
            "base64Binary", "xhtml",
        ),
        "String",
    ),
    **dict.fromkeys(("integer", "positiveInt", "unsignedInt"), "Integer"),
    **dict.fromkeys(("Quantity", "Age", "Count", "Distance", "Duration", "Money"), "Quantity"),
    "boolean": "Boolean",
    "decimal": "Decimal",
    "date": "Date",
    "dateTime": "DateTime",
    "instant": "DateTime",
    "time": "Time",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Static:
    """Of which `types` the items can be (None: of any), whether `many`, and whether in order."""

    types: frozenset[str] | None = None
    many: bool = True
    ordered: bool = True

    def only_one(self) -> "Static":
        """Return the same for one item of it."""
        return replace(self, many=False, ordered=True)

    def also(self, other: "Static") -> "Static":
        """Return what holds of items of both."""
        known = self.types is not None and other.types is not None
        types = (self.types or frozenset()) | (other.types or frozenset()) if known else None
        return Static(types=types, ordered=self.ordered and other.ordered)

    def kinds(self) -> frozenset[str] | None:
        """Return the System types that the items can stand for, None where that is not known."""
        if self.types is None:
            return None
        return frozenset(kind for name in self.types if (kind := kind_of(name)))


def kind_of(type_name: str) -> str | None:
    """Return the System type for which a type stands, None for a complex type."""
    if type_name.startswith(SYSTEM):
        return type_name.removeprefix(SYSTEM)
    return _KINDS.get(type_name)


ANY = Static()
A_BOOLEAN = Static(types=frozenset({BOOLEAN}), many=False)
Result = Callable[[Static, tuple[Static, ...]], Static]


def same(focus: Static, _: tuple[Static, ...]) -> Static:
    """Say that the result has items of the focus."""
    return focus


def one_of(focus: Static, _: tuple[Static, ...]) -> Static:
    """Say that the result is one item of the focus."""
    return focus.only_one()


def with_argument(focus: Static, arguments: tuple[Static, ...]) -> Static:
    """Say that the result has items of the focus and of the arguments."""
    for argument in arguments:
        focus = focus.also(argument)
    return focus


def a(*system_types: str, many: bool = False) -> Result:
    """Say that the result is of these System types."""
    found = Static(types=frozenset(SYSTEM + name for name in system_types), many=many)
    return lambda _focus, _arguments: found


def anything(_focus: Static, _arguments: tuple[Static, ...]) -> Static:
    """Say nothing about the result."""
    return ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function of the language.

    `call` takes the Run, the focus and its arguments, each a collection. Where it is `lazy` it
    takes the Frame, the focus and its arguments as closures, to be evaluated for each item.
    `arguments` is how many there can be. `result` tells what comes out. The focus must stand for
    one of the System types in `wants`, and be in order where that matters (`needs_order`).
    """

    name: str
    call: Callable[..., Items]
    arguments: tuple[int, int] = (0, 0)
    lazy: bool = False
    result: Result = anything
    wants: frozenset[str] = frozenset()
    needs_order: bool = False

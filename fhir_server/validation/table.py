"""One JSON object against the properties that it may and must have.

https://hl7.org/fhir/R4/json.html
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fhir_server.fhir.resource import Element, Json
from fhir_server.validation.elements import PropertyCheck
from fhir_server.validation.fault import Fault, ItemCheck, structure, unknown

# The Python type and the call into C that accept nearly all right values, and the check that
# decides on all others. Without a type the check always decides.
Property: TypeAlias = tuple[type | None, Callable[[Json], object], PropertyCheck]


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """The properties by name.

    `required` has the element's name and the properties of which one must be there; `choices` the
    element's name and the properties of which one may be there. `whole` looks at the object as
    such, and `is_element` tells an element from a resource, which may be empty.
    """

    known: Mapping[str, Property]
    required: tuple[tuple[str, frozenset[str]], ...]
    choices: tuple[tuple[str, frozenset[str]], ...]
    is_element: bool
    whole: ItemCheck | None


class Table:
    """Checks objects of one type; its properties are compiled when the first one comes."""

    def __init__(self, compile_: Callable[[], Properties]) -> None:
        self._compile = compile_
        self._properties: Properties | None = None

    def faults(self, element: Element) -> Sequence[Fault]:
        """Return what is wrong with `element`, in the order of its properties."""
        properties = self._properties
        if properties is None:
            properties = self._properties = self._compile()
        known = properties.known
        found: list[Fault] = []
        for name, value in element.items():
            entry = known.get(name)
            if entry is None:
                found.append(unknown(name))
                continue
            kind, likely, check = entry
            if type(value) is kind and likely(value):
                continue
            wrong = check(value, element)
            if wrong:
                found += wrong
        found += _as_a_whole(element, properties)
        return found


def _as_a_whole(element: Element, properties: Properties) -> list[Fault]:
    found: list[Fault] = []
    for name, names in properties.required:
        if name not in element and names.isdisjoint(element):
            found.append(_missing(name))
    if properties.choices:
        found += _conflicts(element, properties.choices)
    if properties.is_element and len(element) < 2:  # noqa: PLR2004 - nothing, or an id alone
        found += _nothing(element)
    if properties.whole is not None:
        found += properties.whole(element)
    return found


def _missing(name: str) -> Fault:
    return Fault(path=f".{name}", code="required", diagnostics=f"`{name}` is required.")


def _conflicts(
    element: Element, choices: tuple[tuple[str, frozenset[str]], ...]
) -> Iterator[Fault]:
    for name, names in choices:
        found = element.keys() & names
        if len(found) > 1 and len({each.removeprefix("_") for each in found}) > 1:
            yield structure(f"`{name}[x]` must have one type only.", f".{name}")


def _nothing(element: Element) -> Iterator[Fault]:
    """Check https://hl7.org/fhir/R4/element.html#ele-1 ."""
    if not element:
        yield structure("An object must not be empty.")
    elif "id" in element:
        yield Fault(code="invariant", diagnostics="An element must have more than an `id`.")

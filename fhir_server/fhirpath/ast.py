"""The syntax tree of a FHIRPath expression.

https://hl7.org/fhirpath/N1/#formal-specifications ; nodes are frozen values, so that a parsed
expression can be kept and shared.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A string, boolean or whole number."""

    value: str | bool | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """`of.name`; `of` None: of the focus."""

    of: "Node | None"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`of.function(arguments)`; `of` None: on the focus."""

    of: "Node | None"
    function: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """`of[position]`, from zero."""

    of: "Node"
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeTest:
    """`of is type`, or `of as type`."""

    operator: str
    of: "Node"
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`left operator right`: `|`, `=`, `!=`, `and`, `or`."""

    operator: str
    left: "Node"
    right: "Node"


Node = Literal | Member | Call | Index | TypeTest | Operation

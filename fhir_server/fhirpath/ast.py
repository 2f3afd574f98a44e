"""The syntax tree of a FHIRPath expression.

https://hl7.org/fhirpath/N1/#formal-specifications ; nodes are frozen values, so that a parsed
expression can be kept and shared.
"""

from dataclasses import dataclass
from decimal import Decimal

from fhir_server.fhirpath.quantity import Quantity
from fhir_server.fhirpath.temporal import Temporal


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A string, boolean, number, date, time or quantity; decimals keep their digits."""

    value: str | bool | int | Decimal | Temporal | Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty:
    """`{}`, the empty collection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Special:
    """`$this`, `$index` or `$total`; `name` has the dollar sign."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """`%name`; `name` has no percent sign."""

    name: str


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
    position: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeTest:
    """`of is type`, or `of as type`; `type` may have a namespace (`System.String`)."""

    operator: str
    of: "Node"
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Polarity:
    """`-of` or `+of`."""

    operator: str
    of: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`left operator right`, of every other operator."""

    operator: str
    left: "Node"
    right: "Node"


Node = (
    Literal | Empty | Special | Variable | Member | Call | Index | TypeTest | Polarity | Operation
)


def parts(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly below `node`."""
    match node:
        case Member(of=of) | TypeTest(of=of) | Polarity(of=of):
            return () if of is None else (of,)
        case Call(of=of, arguments=arguments):
            return arguments if of is None else (of, *arguments)
        case Index(of=of, position=position):
            return (of, position)
        case Operation(left=left, right=right):
            return (left, right)
        case _:
            return ()


def levels(node: Node) -> int:
    """Return how many levels the tree has; it may be deeper than Python could recurse."""
    level: tuple[Node, ...] = (node,)
    count = 0
    while level:
        count += 1
        level = tuple(part for above in level for part in parts(above))
    return count

"""A syntax tree to FHIRPath text: parsing the text gives the tree again.

https://hl7.org/fhirpath/N1/grammar.html
"""

import re
from decimal import Decimal

from fhir_server.fhirpath.ast import (
    Call,
    Empty,
    Index,
    Literal,
    Member,
    Node,
    Operation,
    Polarity,
    Special,
    TypeTest,
    Variable,
)
from fhir_server.fhirpath.parse import POLARITY, PRECEDENCE
from fhir_server.fhirpath.quantity import CALENDAR, Quantity
from fhir_server.fhirpath.temporal import HOUR, Temporal

_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_ESCAPES = str.maketrans(
    {"\\": r"\\", "'": r"\'", "`": r"\`", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\f": r"\f"}
)
# Words that begin no name where a term may stand.
_TAKEN = frozenset({"true", "false"})
_TERM = POLARITY + 1


def unparse(node: Node) -> str:
    """Return the text of `node`, with no more parentheses than are needed."""
    match node:
        case Member() | Call() | Index():
            return _path(node)
        case Polarity() | TypeTest() | Operation():
            return _operation(node)
        case _:
            return _term(node)


def _term(node: Literal | Empty | Special | Variable) -> str:
    match node:
        case Literal():
            return _literal(node)
        case Empty():
            return "{}"
        case Special(name=name):
            return name
        case Variable(name=name):
            return f"%{_name(name)}"


def _operation(node: Polarity | TypeTest | Operation) -> str:
    match node:
        case Polarity(operator=operator, of=of):
            return f"{operator}{_within(of, POLARITY)}"
        case TypeTest(operator=operator, of=of, type=kind):
            names = ".".join(_name(name) for name in kind.split(".", 1))
            return f"{_within(of, PRECEDENCE[operator])} {operator} {names}"
        case Operation(operator=operator, left=left, right=right):
            level = PRECEDENCE[operator]
            # Operators of one level are taken from the left.
            return f"{_within(left, level)} {operator} {_within(right, level + 1)}"


def _path(node: Member | Call | Index) -> str:
    match node:
        case Index(of=of, position=position):
            return f"{_within(of, _TERM)}[{unparse(position)}]"
        case Call(of=of, function=function, arguments=arguments):
            name = f"{_name(function)}({', '.join(map(unparse, arguments))})"
        case Member(of=of, name=plain):
            name = _name(plain)
    return name if of is None else f"{_within(of, _TERM)}.{name}"


def _level(node: Node) -> int:
    match node:
        case Operation(operator=operator) | TypeTest(operator=operator):
            return PRECEDENCE[operator]
        case Polarity():
            return POLARITY
        case _:
            return _TERM


def _within(node: Node, level: int) -> str:
    text = unparse(node)
    return text if _level(node) >= level else f"({text})"


def _name(name: str) -> str:
    # A word that is an operator, or a unit after a number, is quoted wherever it stands.
    if _PLAIN.fullmatch(name) and name not in PRECEDENCE.keys() | CALENDAR.keys() | _TAKEN:
        return name
    return f"`{name.translate(_ESCAPES)}`"


def _literal(literal: Literal) -> str:
    match literal.value:
        case bool(value):
            return "true" if value else "false"
        case str(value):
            return _string(value)
        case Quantity(value=number, unit=unit):
            return f"{number:f} {unit if unit in CALENDAR else _string(unit)}"
        case Temporal() as value:
            return _temporal(value)
        case int() | Decimal() as value:
            return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _string(text: str) -> str:
    return f"'{text.translate(_ESCAPES)}'"


def _temporal(value: Temporal) -> str:
    if value.kind == "Time":
        return f"@T{value}"
    return f"@{value}" + ("T" if value.kind == "DateTime" and value.last < HOUR else "")

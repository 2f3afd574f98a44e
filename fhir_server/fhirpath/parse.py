"""FHIRPath text to its syntax tree, the whole grammar.

https://hl7.org/fhirpath/N1/grammar.html
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    levels,
)
from fhir_server.fhirpath.errors import FhirPathError, FhirPathLimitError, FhirPathSyntaxError
from fhir_server.fhirpath.lex import Token, tokens
from fhir_server.fhirpath.quantity import CALENDAR, Quantity
from fhir_server.fhirpath.temporal import parse_date, parse_datetime, parse_time

__all__ = ["FhirPathError", "parse"]

# https://hl7.org/fhirpath/N1/#operator-precedence : the higher binds tighter.
PRECEDENCE = {
    "implies": 1,
    "or": 2,
    "xor": 2,
    "and": 3,
    "in": 4,
    "contains": 4,
    "=": 5,
    "~": 5,
    "!=": 5,
    "!~": 5,
    "<": 6,
    "<=": 6,
    ">": 6,
    ">=": 6,
    "|": 7,
    "is": 8,
    "as": 8,
    "+": 9,
    "-": 9,
    "&": 9,
    "*": 10,
    "/": 10,
    "div": 10,
    "mod": 10,
}
POLARITY = 11
# Of the tree: it keeps every walk over it, and the closures made of it, far from Python's limit.
MOST_LEVELS = 100
MOST_INTEGER = 2**31 - 1


class _Tokens:
    """A cursor over the tokens of `text`, and how deep in brackets it is."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found = tokens(text)
        self.at = 0
        self.level = 0

    def peek(self) -> Token:
        return self.found[self.at]

    def take(self) -> Token:
        self.at += 1
        return self.found[self.at - 1]

    def operator(self) -> str:
        """Return the operator that comes next, or an empty string."""
        token = self.peek()
        return token.text if token.kind in {"symbol", "name"} and token.text in PRECEDENCE else ""

    def skip(self, symbol: str) -> bool:
        token = self.peek()
        if token.kind != "symbol" or token.text != symbol:
            return False
        self.at += 1
        return True

    def expect(self, symbol: str) -> None:
        if not self.skip(symbol):
            raise self.fault(f"lacks a `{symbol}`")

    def fault(self, what: str) -> FhirPathSyntaxError:
        return FhirPathSyntaxError(f"`{self.text}` {what} at position {self.peek().position}.")

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Be one level deeper for a while."""
        self.level += 1
        _refuse_depth(self.level)
        yield
        self.level -= 1


def parse(text: str) -> Node:
    """Return the syntax tree of `text`.

    Raises:
        FhirPathSyntaxError: It is malformed.
        FhirPathLimitError: It is too long or too deep.
    """
    cursor = _Tokens(text)
    node = _expression(cursor, 0)
    if cursor.peek().kind != "end":
        raise cursor.fault("goes on after its end")
    _refuse_depth(levels(node))
    return node


def _refuse_depth(count: int) -> None:
    if count > MOST_LEVELS:
        raise FhirPathLimitError(f"The expression is deeper than {MOST_LEVELS} levels.")


def _expression(cursor: _Tokens, least: int) -> Node:
    with cursor.nested():
        left = _term(cursor)
        while (precedence := PRECEDENCE.get(cursor.operator(), 0)) > least:
            operator = cursor.take().text
            if operator in {"is", "as"}:
                left = TypeTest(operator=operator, of=left, type=_type_name(cursor))
            else:
                right = _expression(cursor, precedence)
                left = Operation(operator=operator, left=left, right=right)
    return left


def _term(cursor: _Tokens) -> Node:
    token = cursor.peek()
    if token.kind != "symbol" or token.text not in {"+", "-"}:
        return _invocations(cursor, _first(cursor))
    cursor.take()
    with cursor.nested():
        return Polarity(operator=token.text, of=_term(cursor))


def _invocations(cursor: _Tokens, node: Node) -> Node:
    while True:
        if cursor.skip("."):
            node = _invocation(cursor, node)
        elif cursor.skip("["):
            node = Index(of=node, position=_expression(cursor, 0))
            cursor.expect("]")
        else:
            return node


def _first(cursor: _Tokens) -> Node:
    token = cursor.peek()
    if literal := _LITERALS.get(token.kind):
        return literal(cursor)
    if token.kind == "special":
        return Special(name=cursor.take().text)
    if token.kind == "name" and token.text in {"true", "false"}:
        return Literal(value=cursor.take().text == "true")
    if token.kind == "symbol":
        return _bracketed(cursor)
    return _invocation(cursor, None)


def _bracketed(cursor: _Tokens) -> Node:
    if cursor.skip("("):
        node = _expression(cursor, 0)
        cursor.expect(")")
        return node
    if cursor.skip("{"):
        cursor.expect("}")
        return Empty()
    if cursor.skip("%"):
        if cursor.peek().kind not in {"name", "quoted", "string"}:
            raise cursor.fault("has no name after its `%`")
        return Variable(name=cursor.take().text)
    raise cursor.fault(f"has `{cursor.peek().text}` where a term belongs")


def _invocation(cursor: _Tokens, of: Node | None) -> Node:
    if of is not None and cursor.peek().kind == "special":
        raise cursor.fault("has a `$` name after a dot")
    name = _name(cursor)
    if not cursor.skip("("):
        return Member(of=of, name=name)
    arguments: list[Node] = []
    while not cursor.skip(")"):
        if arguments:
            cursor.expect(",")
        arguments.append(_expression(cursor, 0))
    return Call(of=of, function=name, arguments=tuple(arguments))


def _type_name(cursor: _Tokens) -> str:
    name = _name(cursor)
    return f"{name}.{_name(cursor)}" if cursor.skip(".") else name


def _name(cursor: _Tokens) -> str:
    token = cursor.peek()
    if token.kind not in {"name", "quoted"}:
        raise cursor.fault(f"has `{token.text}` where a name belongs")
    return cursor.take().text


def _string(cursor: _Tokens) -> Node:
    return Literal(value=cursor.take().text)


def _number(cursor: _Tokens) -> Node:
    token = cursor.take()
    number = Decimal(token.text)
    unit = cursor.peek()
    if unit.kind == "string" or (unit.kind == "name" and unit.text in CALENDAR):
        return Literal(value=Quantity(value=number, unit=cursor.take().text))
    if token.kind == "decimal":
        return Literal(value=number)
    if number > MOST_INTEGER:
        raise cursor.fault("has an integer that is too large")
    return Literal(value=int(number))


def _date(cursor: _Tokens) -> Node:
    token = cursor.take()
    value = _TEMPORAL[token.kind](token.text)
    if value is None:
        raise FhirPathSyntaxError(f"`{cursor.text}` names a day or time that does not exist.")
    return Literal(value=value)


_TEMPORAL = {"date": parse_date, "datetime": parse_datetime, "time": parse_time}
_LITERALS: dict[str, Callable[[_Tokens], Node]] = {
    "string": _string,
    "integer": _number,
    "decimal": _number,
    "date": _date,
    "datetime": _date,
    "time": _date,
}

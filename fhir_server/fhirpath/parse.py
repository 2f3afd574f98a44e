"""FHIRPath text to its syntax tree: the part of the grammar that R4 search parameters use.

https://hl7.org/fhirpath/N1/grammar.html
"""

import re

from fhir_server.fhirpath.ast import Call, Index, Literal, Member, Node, Operation, TypeTest

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')|(?P<number>\d+)|(?P<name>[A-Za-z_]\w*|`[^`]+`)"
    r"|(?P<symbol>!=|[.()\[\]|,=])|(?P<end>$))"
)
# https://hl7.org/fhirpath/N1/#operator-precedence : the higher binds tighter.
_PRECEDENCE = {"or": 1, "and": 2, "=": 3, "!=": 3, "|": 4, "is": 5, "as": 5}


class FhirPathError(ValueError):
    """The expression is malformed, or uses what this compiler does not know."""


class _Tokens:
    """A cursor over the tokens of `text`, as (kind, text)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found = _tokens(text)
        self.at = 0

    def peek(self) -> tuple[str, str]:
        return self.found[self.at]

    def take(self) -> tuple[str, str]:
        self.at += 1
        return self.found[self.at - 1]

    def skip(self, symbol: str) -> bool:
        if self.peek() != ("symbol", symbol):
            return False
        self.at += 1
        return True

    def expect(self, symbol: str) -> None:
        if not self.skip(symbol):
            raise FhirPathError(f"`{self.text}` lacks a `{symbol}`.")


def parse(text: str) -> Node:
    """Return the syntax tree of `text`.

    Raises:
        FhirPathError: It is malformed, or outside the part of the grammar that is known.
    """
    tokens = _Tokens(text)
    node = _expression(tokens, 0)
    if tokens.peek()[0] != "end":
        raise FhirPathError(f"`{text}` goes on after its end with `{tokens.peek()[1]}`.")
    return node


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position = 0
    while not found or found[-1][0] != "end":
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise FhirPathError(f"`{text}` is not FHIRPath at position {position}.")
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


def _expression(tokens: _Tokens, least: int) -> Node:
    left = _term(tokens)
    while (precedence := _PRECEDENCE.get(tokens.peek()[1], 0)) > least:
        operator = tokens.take()[1]
        if operator in {"is", "as"}:
            left = TypeTest(operator=operator, of=left, type=_type_name(tokens))
        else:
            right = _expression(tokens, precedence)
            left = Operation(operator=operator, left=left, right=right)
    return left


def _term(tokens: _Tokens) -> Node:
    node = _first(tokens)
    while True:
        if tokens.skip("."):
            node = _invocation(tokens, node)
        elif tokens.skip("["):
            node = Index(of=node, position=_number(tokens))
            tokens.expect("]")
        else:
            return node


def _first(tokens: _Tokens) -> Node:
    kind, text = tokens.peek()
    if tokens.skip("("):
        node = _expression(tokens, 0)
        tokens.expect(")")
        return node
    if kind == "string":
        tokens.take()
        return Literal(value=re.sub(r"\\(.)", r"\1", text[1:-1]))
    if kind == "number":
        return Literal(value=_number(tokens))
    if text in {"true", "false"}:
        tokens.take()
        return Literal(value=text == "true")
    return _invocation(tokens, None)


def _invocation(tokens: _Tokens, of: Node | None) -> Node:
    name = _name(tokens)
    if not tokens.skip("("):
        return Member(of=of, name=name)
    arguments: list[Node] = []
    while not tokens.skip(")"):
        if arguments:
            tokens.expect(",")
        arguments.append(_expression(tokens, 0))
    return Call(of=of, function=name, arguments=tuple(arguments))


def _type_name(tokens: _Tokens) -> str:
    name = _name(tokens)
    return _name(tokens) if tokens.skip(".") else name


def _name(tokens: _Tokens) -> str:
    kind, text = tokens.take()
    if kind != "name":
        raise FhirPathError(f"`{tokens.text}` has `{text}` where a name belongs.")
    return text.strip("`")


def _number(tokens: _Tokens) -> int:
    kind, text = tokens.take()
    if kind != "number":
        raise FhirPathError(f"`{tokens.text}` has `{text}` where a number belongs.")
    return int(text)

"""A syntax tree to a closure, with what is known of its result before there is any data.

https://hl7.org/fhirpath/N1/#type-safety-and-strict-evaluation
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fhir_server.fhirpath import operators, sorting
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
from fhir_server.fhirpath.errors import FhirPathSemanticError
from fhir_server.fhirpath.evaluation import Evaluate, Frame
from fhir_server.fhirpath.function import A_BOOLEAN, ANY, Function, Static
from fhir_server.fhirpath.item import EMPTY, Items, system_item
from fhir_server.fhirpath.logic import LOGIC
from fhir_server.fhirpath.model import Model
from fhir_server.fhirpath.paths import at_index, member, of_root, special, variable
from fhir_server.fhirpath.statics import (
    Strictness,
    element_types,
    operation_types,
    refuse_criterion,
    refuse_disorder,
    refuse_focus,
)
from fhir_server.fhirpath.typing import named_type, type_function

_COMPARING = frozenset({"=", "!=", "~", "!~", "<", "<=", ">", ">=", "in", "contains", "xor"})
_TYPE_FUNCTIONS = {"is": "is", "as": "as", "ofType": "ofType"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A closure, and what is known of its result."""

    run: Evaluate
    static: Static


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """Compiles the nodes of one expression; `scope` is what is known of `$this`."""

    model: Model
    functions: Mapping[str, Function]
    strictness: Strictness
    scope: Static

    def compile(self, node: Node) -> Code:
        """Return the closure of `node`.

        Raises:
            FhirPathSemanticError: It can mean nothing.
        """
        match node:
            case Member():
                code = self._member(node)
            case Call():
                code = self._call(node)
            case Operation():
                code = self._operation(node)
            case TypeTest():
                code = self._type_test(node.operator, self.compile(node.of), node.type)
            case Polarity():
                code = self._polarity(node)
            case Index():
                code = self._index(node)
            case Literal() | Empty() | Special() | Variable():
                code = self._term(node)
        return code

    def _member(self, node: Member) -> Code:
        if node.of is None:
            types = element_types(self.model, self.scope, node.name, self.strictness, root=True)
            run = of_root(node.name, self.model)
            return Code(run=run, static=replace(self.scope, types=types, many=True))
        parent = self.compile(node.of)
        types = element_types(self.model, parent.static, node.name, self.strictness)
        static = replace(parent.static, types=types, many=True)
        return Code(run=member(parent.run, node.name, self.model), static=static)

    def _index(self, node: Index) -> Code:
        of = self.compile(node.of)
        refuse_disorder(of.static, "[]", self.strictness)
        run = at_index(of.run, self.compile(node.position).run)
        return Code(run=run, static=of.static.only_one())

    def _term(self, node: Literal | Empty | Special | Variable) -> Code:
        match node:
            case Literal(value=value):
                items = [system_item(value)]
                static = Static(types=frozenset({items[0].type}), many=False)
                return Code(run=lambda _: items, static=static)
            case Empty():
                return Code(run=lambda _: EMPTY, static=Static(types=frozenset(), many=False))
            case Special(name=name):
                static = {"$this": self.scope, "$index": Static(many=False)}.get(name, ANY)
                return Code(run=special(name), static=static)
            case Variable(name=name):
                return Code(run=variable(name), static=ANY)

    def _focus(self, of: Node | None) -> Code:
        if of is None:
            return Code(run=lambda frame: frame.this, static=self.scope)
        return self.compile(of)

    def _call(self, node: Call) -> Code:
        if node.function in _TYPE_FUNCTIONS:
            return self._type_call(node)
        if node.function == "sort":
            return self._sort(node)
        function = self._function(node)
        focus = self._focus(node.of)
        refuse_focus(function, focus.static, self.strictness)
        within = self._within(focus.static) if function.lazy else self
        arguments = [within.compile(argument) for argument in node.arguments]
        if function.name == "iif":
            refuse_criterion(arguments[0].static, self.strictness)
        static = function.result(focus.static, tuple(each.static for each in arguments))
        runs = tuple(each.run for each in arguments)
        called = _lazy if function.lazy else _eager
        return Code(run=called(function, focus.run, runs), static=static)

    def _function(self, node: Call) -> Function:
        function = self.functions.get(node.function)
        if function is None:
            raise FhirPathSemanticError(f"There is no function `{node.function}`.")
        least, most = function.arguments
        if not least <= len(node.arguments) <= most:
            raise FhirPathSemanticError(f"`{node.function}()` has too few or too many arguments.")
        return function

    def _within(self, static: Static) -> "Compiler":
        return replace(self, scope=static.only_one())

    def _type_call(self, node: Call) -> Code:
        match node.arguments:
            case (Member(of=None, name=name),):
                wanted = name
            case (Member(of=Member(of=None, name=namespace), name=name),):
                wanted = f"{namespace}.{name}"
            case _:
                raise FhirPathSemanticError(f"`{node.function}()` wants the name of a type.")
        return self._type_test(node.function, self._focus(node.of), wanted)

    def _type_test(self, operator: str, of: Code, wanted: str) -> Code:
        kind = named_type(self.model, wanted)
        single = operator == "is" or (operator == "as" and self.strictness.single_as)
        run = type_function(operator, of.run, kind, self.model, single=single)
        if operator == "is":
            return Code(run=run, static=A_BOOLEAN)
        return Code(run=run, static=replace(of.static, types=frozenset({kind})))

    def _sort(self, node: Call) -> Code:
        focus = self._focus(node.of)
        within = self._within(focus.static)
        criteria = []
        for argument in node.arguments:
            descending = isinstance(argument, Polarity) and argument.operator == "-"
            by = argument.of if isinstance(argument, Polarity) else argument
            criteria.append((within.compile(by).run, descending))
        run = sorting.sort(focus.run, tuple(criteria))
        return Code(run=run, static=replace(focus.static, ordered=True))

    def _operation(self, node: Operation) -> Code:
        left, right = self.compile(node.left), self.compile(node.right)
        if node.operator in LOGIC:
            return Code(run=LOGIC[node.operator](left.run, right.run), static=A_BOOLEAN)
        run = _binary(node.operator, left.run, right.run)
        if node.operator == "|":
            return Code(run=run, static=left.static.also(right.static))
        if node.operator in _COMPARING:
            return Code(run=run, static=A_BOOLEAN)
        static = operation_types(node.operator, left.static, right.static, self.strictness)
        return Code(run=run, static=static)

    def _polarity(self, node: Polarity) -> Code:
        of = self.compile(node.of)
        change = operators.negated if node.operator == "-" else operators.positive
        inner = of.run
        return Code(run=lambda frame: change(inner(frame)), static=of.static)


def _eager(function: Function, focus: Evaluate, arguments: tuple[Evaluate, ...]) -> Evaluate:
    call = function.call

    def none(frame: Frame) -> Items:
        frame.run.spend(1)
        return call(frame.run, focus(frame))

    def some(frame: Frame) -> Items:
        frame.run.spend(1)
        return call(frame.run, focus(frame), *[argument(frame) for argument in arguments])

    return some if arguments else none


def _lazy(function: Function, focus: Evaluate, arguments: tuple[Evaluate, ...]) -> Evaluate:
    call = function.call

    def run(frame: Frame) -> Items:
        frame.run.spend(1)
        return call(frame, focus(frame), *arguments)

    return run


def _binary(operator: str, left: Evaluate, right: Evaluate) -> Evaluate:
    operate = operators.BINARY[operator]

    def run(frame: Frame) -> Items:
        frame.run.spend(1)
        return operate(frame.run, left(frame), right(frame))

    return run

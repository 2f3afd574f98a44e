"""FHIRPath text to a function: `compile(expression, base, model)` is the one entrance.

https://hl7.org/fhir/R4/fhirpath.html and https://hl7.org/fhir/R4/searchparameter.html

What is known: paths (with choice elements), `|`, `as`, `is` on `resolve()`, `ofType()`, `where()`,
`extension()`, `hasExtension()`, `exists()`, `first()`, `[n]`, `=`, `!=`, `and`, `or`. That is all
that the search parameters of R4 use; anything else is refused when it is compiled.
"""

from dataclasses import dataclass

from fhir_server.fhir.reference import type_named_by
from fhir_server.fhir.resource import Json
from fhir_server.fhirpath.ast import (
    Call,
    Index,
    Literal,
    Member,
    Node,
    Operation,
    Special,
    TypeTest,
)
from fhir_server.fhirpath.branches import Branch, Find, Item, Keep, Key, Spread, Test, finder
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.model import Child, Model
from fhir_server.fhirpath.parse import parse

__all__ = ["End", "FhirPathError", "Find", "Item", "compile", "ends"]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One type of which items can be; `binding` is the value set required of its codes."""

    type: str
    binding: str | None


def compile(expression: str, base: str, model: Model) -> Find:  # noqa: A001 - FHIRPath's own word
    """Return a function from an element of type `base` to the (FHIR type, value) items found.

    Branches of `expression` that start at another resource type find nothing on this one.

    Raises:
        FhirPathError: It is malformed, uses what is not known here, or names no element of `model`.
    """
    return finder(_Compiler(base, model).branches(parse(expression)))


def ends(expression: str, base: str, model: Model) -> tuple[End, ...]:
    """Return of which types the items of `expression` can be, and what binds their codes.

    Raises:
        FhirPathError: As for `compile`.
    """
    branches = _Compiler(base, model).branches(parse(expression))
    return tuple(End(type=branch.type, binding=branch.binding) for branch in branches)


class _Compiler:
    """Compiles one expression relative to a focus of type `base`."""

    def __init__(self, base: str, model: Model) -> None:
        self.base = base
        self.model = model
        self.focus = [Branch(type=base)]

    def branches(self, node: Node) -> list[Branch]:
        """Return the walks that `node` is, from the focus."""
        match node:
            case Member() | Special(name="$this"):
                found = self._member(node)
            case Call():
                found = self._call(node)
            case Index(position=Literal(value=int(position))):
                found = [self._nth(self.branches(node.of), position)]
            case TypeTest(operator="as"):
                found = self._only(self.branches(node.of), node.type)
            case Operation(operator="|"):
                found = self.branches(node.left) + self.branches(node.right)
            case _:
                found = [self._single(node)]
        return found

    def _single(self, node: Node) -> Branch:
        match node:
            case TypeTest() | Operation():
                return self._computed(self.test(node))
            case Literal(value=bool() | int() | str()):
                literal = ("Literal", node.value)
                return Branch(type="Literal", steps=(Spread(find=lambda _: [literal]),))
            case _:
                raise _unknown(node)

    def test(self, node: Node) -> Test:
        """Return a predicate on the focus; an empty collection counts as false."""
        match node:
            case Operation(operator="="):
                return self._equality(node)
            case Operation(operator="!="):
                equal, both = self._equality(node), self._both(node)
                return lambda focus: both(focus) and not equal(focus)
            case Operation(operator="and" | "or"):
                return self._logic(node)
            case TypeTest(operator="is", of=Call(of=None, function="resolve")):
                return _refers_to(node.type.removeprefix("FHIR."))
            case Call():
                find = self.find(node)
                return lambda focus: any(value is True for _, value in find(focus))
            case _:
                raise _unknown(node)

    def find(self, node: Node) -> Find:
        return finder(self.branches(node))

    def _member(self, node: Member | Special) -> list[Branch]:
        if isinstance(node, Special):
            return self.focus
        if node.of is None and node.name[:1].isupper():
            return self.focus if self.model.is_a(self.base, node.name) else []
        parents = self.focus if node.of is None else self.branches(node.of)
        found = [
            parent.into(child)
            for parent in parents
            for child in self.model.children(parent.type, node.name)
        ]
        if parents and not found:
            raise FhirPathError(f"`{parents[0].type}` has no element `{node.name}`.")
        return found

    def _call(self, node: Call) -> list[Branch]:
        parents = self.focus if node.of is None else self.branches(node.of)
        match node:
            case Call(function="as" | "ofType", arguments=(Member(of=None, name=name),)):
                return self._only(parents, name)
            case Call(function="where", arguments=(condition,)):
                return [self._keep(parent, condition) for parent in parents]
            case Call(function="extension", arguments=(Literal(value=str(url)),)):
                return [self._extension(parent, url) for parent in parents]
            case Call(function="hasExtension", arguments=(Literal(value=str(url)),)):
                return [self._exists([self._extension(parent, url) for parent in parents])]
            case Call(function="exists", arguments=()):
                return [self._exists(parents)]
            case Call(function="first", arguments=()):
                return [self._nth(parents, 0)]
            case _:
                pass
        raise FhirPathError(f"`{node.function}()` is not supported with these arguments.")

    def _only(self, branches: list[Branch], type_name: str) -> list[Branch]:
        type_name = type_name.removeprefix("FHIR.")
        # R4 writes `as DateTime` in one place; type names differ in their first letter only there.
        names = {type_name, type_name[:1].lower() + type_name[1:]}
        return [
            branch
            for branch in branches
            if branch.type in names or self.model.is_a(branch.type, type_name)
        ]

    def _keep(self, branch: Branch, condition: Node) -> Branch:
        inner = _Compiler(branch.type, self.model)
        return branch.then(Keep(test=inner.test(condition)))

    def _extension(self, branch: Branch, url: str) -> Branch:
        into = branch.into(Child(key="extension", type="Extension", many=True))
        return into.then(Keep(test=lambda extension: bool(extension.get("url") == url)))

    def _exists(self, branches: list[Branch]) -> Branch:
        find = finder(branches)
        return self._computed(lambda focus: bool(find(focus)))

    def _nth(self, branches: list[Branch], position: int) -> Branch:
        if len({branch.type for branch in branches}) != 1:
            raise FhirPathError("An index over a choice of types is not supported.")
        find = finder(branches)
        step = Spread(find=lambda focus: find(focus)[position : position + 1])
        return Branch(type=branches[0].type, steps=(step,))

    def _computed(self, test: Test) -> Branch:
        step = Spread(find=lambda focus: [("boolean", test(focus))])
        return Branch(type="boolean", steps=(step,))

    def _equality(self, node: Operation) -> Test:
        if (key := self._single_key(node.left)) and isinstance(node.right, Literal):
            return _key_is(key, node.right)
        left, right = self.find(node.left), self.find(node.right)

        def test(focus: Json) -> bool:
            ours, theirs = left(focus), right(focus)
            pairs = zip(ours, theirs, strict=False)
            equal = len(ours) == len(theirs) and all(_same(a, b) for (_, a), (_, b) in pairs)
            return bool(ours) and equal

        return test

    def _single_key(self, node: Node) -> str | None:
        """Return the one property of the focus that `node` is, None where it is anything else."""
        match self.branches(node):
            case [Branch(steps=(Key(name=name, many=False),))]:
                return name
            case _:
                return None

    def _both(self, node: Operation) -> Test:
        left, right = self.find(node.left), self.find(node.right)
        return lambda focus: bool(left(focus)) and bool(right(focus))

    def _logic(self, node: Operation) -> Test:
        left, right = self.test(node.left), self.test(node.right)
        if node.operator == "and":
            return lambda focus: left(focus) and right(focus)
        return lambda focus: left(focus) or right(focus)


def _unknown(node: Node) -> FhirPathError:
    return FhirPathError(f"Search parameters have no `{type(node).__name__}` of this kind.")


def _same(ours: Json, theirs: Json) -> bool:
    # In Python True == 1; in FHIRPath values of different types are never equal.
    return type(ours) is type(theirs) and bool(ours == theirs)


def _key_is(key: str, literal: Literal) -> Test:
    wanted = literal.value
    return lambda focus: _same(focus.get(key), wanted)


def _refers_to(type_name: str) -> Test:
    """Return whether a Reference points to a `type_name`, as far as it says so itself.

    Nothing is read to find out: extraction must not depend on what else is stored.
    """
    local = f"{type_name}/"

    def test(focus: Json) -> bool:
        text = focus if isinstance(focus, str) else focus.get("reference")
        if text is not None:
            if text.startswith(local):
                return True
            if named := type_named_by(text):
                return named == type_name
        return isinstance(focus, dict) and focus.get("type") == type_name

    return test

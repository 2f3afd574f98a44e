"""The reference meaning of the expression tree: `matches(expression, candidate)`.

Storage compiles the same tree to SQL, and the tests hold the two against each other. Every value
of a parameter is looked at by itself: one that satisfies the node is enough, and a resource
without any satisfies none.
"""

from collections.abc import Iterator
from typing import Any

from fhir_server.search.candidate import Around, Candidate
from fhir_server.search.expression import (
    And,
    Chain,
    CompositeIs,
    ConsentPermits,
    DateIn,
    Everything,
    Expression,
    HasValue,
    IdIs,
    Leaf,
    Not,
    Nothing,
    NumberIn,
    Or,
    OwnerIs,
    QuantityIn,
    Referrer,
    RefersTo,
    StringContains,
    StringIs,
    StringStarts,
    TokenIn,
    TokenIs,
    UpdatedIn,
    UriBelow,
    UriIs,
)
from fhir_server.search.indexed import (
    CompositeValue,
    DateValue,
    Indexed,
    NumberValue,
    Part,
    QuantityValue,
    ReferenceValue,
    StringValue,
    TokenValue,
    UriValue,
)
from fhir_server.search.params import date, number, quantity, uri
from fhir_server.search.permits import permits

Value = Part | ReferenceValue | UriValue | CompositeValue


class _Alone:
    """No other resources are known: no chain leads anywhere."""

    def of(self, type_: str) -> tuple[Candidate, ...]:
        """Return none."""
        del type_
        return ()


ALONE = _Alone()


def matches(expression: Expression, candidate: Candidate, around: Around = ALONE) -> bool:
    """Return whether `candidate` satisfies `expression`; chains lead to what is `around`."""
    match expression:
        case Everything() | Nothing():
            return isinstance(expression, Everything)
        case And() | Or():
            each = (matches(operand, candidate, around) for operand in expression.operands)
            return all(each) if isinstance(expression, And) else any(each)
        case Not():
            return not matches(expression.operand, candidate, around)
        case Chain() | Referrer():
            return _elsewhere(expression, candidate, around)
        case IdIs() | UpdatedIn() | OwnerIs() | ConsentPermits():
            return _column(expression, candidate)
        case _:
            return _indexed(expression, candidate.indexed)


def _elsewhere(link: Chain | Referrer, candidate: Candidate, around: Around) -> bool:
    """Return whether a resource at the other end of a reference satisfies the rest."""
    forward = isinstance(link, Chain)
    others = around.of(link.type if forward else link.parameter.base)
    return any(
        matches(link.where, other, around)
        for other in others
        if (_points(link, candidate, other) if forward else _points(link, other, candidate))
    )


def _points(link: Chain | Referrer, source: Candidate, target: Candidate) -> bool:
    return any(
        value.param_id == link.parameter.param_id
        and (value.type, value.id) == (target.type, target.id)
        for value in source.indexed.references
    )


def _column(leaf: IdIs | UpdatedIn | OwnerIs | ConsentPermits, candidate: Candidate) -> bool:
    """Return whether the resource itself, its owner or its owner's policy satisfies the leaf."""
    match leaf:
        case IdIs():
            return candidate.id in leaf.ids
        case UpdatedIn():
            instant = (candidate.last_updated, candidate.last_updated + 1)
            return date.compares(leaf.comparison, instant, (leaf.lo, leaf.hi))
        case OwnerIs():
            return candidate.patient_id == leaf.patient_id
        case ConsentPermits():
            return permits(leaf, candidate)


def _indexed(leaf: Leaf | HasValue, indexed: Indexed) -> bool:
    own = (value for value in _values(indexed) if value.param_id == leaf.parameter.param_id)
    if isinstance(leaf, HasValue):
        return any(True for _ in own)
    return any(satisfies(leaf, value) for value in own)


def _values(indexed: Indexed) -> Iterator[Value]:
    for group in Indexed.__slots__:
        found: tuple[Any, ...] = getattr(indexed, group)
        yield from found


def satisfies(leaf: Leaf, value: Value) -> bool:
    """Return whether one index value is what `leaf` asks for, whatever their parameters."""
    match leaf, value:
        case TokenIs() | TokenIn(), TokenValue():
            return _token(leaf, value)
        case StringStarts() | StringIs() | StringContains(), StringValue():
            return _string(leaf, value)
        case DateIn() | NumberIn() | QuantityIn(), DateValue() | NumberValue() | QuantityValue():
            return _range(leaf, value)
        case UriIs() | UriBelow(), UriValue():
            return _uri(leaf, value)
        case RefersTo(), ReferenceValue():
            return (value.type, value.id, value.url) == (leaf.type, leaf.id, leaf.url)
        case _:
            return _composite(leaf, value)


def _token(leaf: TokenIs | TokenIn, value: TokenValue) -> bool:
    if isinstance(leaf, TokenIn):
        return leaf.system == value.system and value.code in leaf.codes
    return leaf.system in {None, value.system} and leaf.code in {None, value.code}


def _string(leaf: StringStarts | StringIs | StringContains, value: StringValue) -> bool:
    match leaf:
        case StringStarts():
            return value.normal.startswith(leaf.prefix)
        case StringIs():
            return (value.normal, value.exact) == (leaf.normal, leaf.exact)
        case StringContains():
            return leaf.part in value.normal


def _range(
    leaf: DateIn | NumberIn | QuantityIn, value: DateValue | NumberValue | QuantityValue
) -> bool:
    match leaf, value:
        case DateIn(), DateValue():
            return date.compares(leaf.comparison, (value.lo, value.hi), (leaf.lo, leaf.hi))
        case QuantityIn(), QuantityValue() if not _of_unit(leaf, value):
            return False
        case (NumberIn(), NumberValue()) | (QuantityIn(), QuantityValue()):
            return number.compares(leaf.comparison, (value.lo, value.hi), (leaf.lo, leaf.hi))
        case _:
            return False


def _of_unit(leaf: QuantityIn, value: QuantityValue) -> bool:
    if leaf.system is None and value.system == quantity.BASE_UNITS:
        return False
    return leaf.system in {None, value.system} and leaf.code in {None, value.code}


def _uri(leaf: UriIs | UriBelow, value: UriValue) -> bool:
    if isinstance(leaf, UriIs):
        return value.value == leaf.value
    return uri.is_below(value.value, leaf.url)


def _composite(leaf: Leaf, value: Value) -> bool:
    return (
        isinstance(leaf, CompositeIs)
        and isinstance(value, CompositeValue)
        and all(map(satisfies, leaf.parts, value.parts))
    )

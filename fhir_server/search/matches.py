"""The reference meaning of the expression tree: `matches(expression, candidate)`.

Storage compiles the same tree to SQL, and the tests hold the two against each other. Every value
of a parameter is looked at by itself: one that satisfies the node is enough, and a resource
without any satisfies none.
"""

from fhir_server.search.candidate import Candidate
from fhir_server.search.expression import (
    And,
    ConsentPermits,
    DateIn,
    Everything,
    Expression,
    IdIs,
    Not,
    Nothing,
    Or,
    OwnerIs,
    RefersTo,
    StringStarts,
    TokenIs,
    UpdatedIn,
)
from fhir_server.search.indexed import Indexed
from fhir_server.search.params.date import compares
from fhir_server.search.permits import permits


def matches(expression: Expression, candidate: Candidate) -> bool:
    """Return whether `candidate` satisfies `expression`."""
    match expression:
        case Everything() | Nothing():
            return isinstance(expression, Everything)
        case And():
            return all(matches(operand, candidate) for operand in expression.operands)
        case Or():
            return any(matches(operand, candidate) for operand in expression.operands)
        case Not():
            return not matches(expression.operand, candidate)
        case TokenIs() | StringStarts() | DateIn() | RefersTo():
            return _value(expression, candidate.indexed)
        case _:
            return _column(expression, candidate)


def _value(leaf: TokenIs | StringStarts | DateIn | RefersTo, indexed: Indexed) -> bool:
    """Return whether an index value of the leaf's parameter satisfies it."""
    match leaf:
        case TokenIs():
            return _token(leaf, indexed)
        case StringStarts():
            return _string(leaf, indexed)
        case DateIn():
            return _date(leaf, indexed)
        case RefersTo():
            return _reference(leaf, indexed)


def _column(leaf: IdIs | UpdatedIn | OwnerIs | ConsentPermits, candidate: Candidate) -> bool:
    """Return whether the resource itself, its owner or its owner's policy satisfies the leaf."""
    match leaf:
        case IdIs():
            return candidate.id in leaf.ids
        case UpdatedIn():
            instant = (candidate.last_updated, candidate.last_updated + 1)
            return compares(leaf.comparison, instant, (leaf.lo, leaf.hi))
        case OwnerIs():
            return candidate.patient_id == leaf.patient_id
        case ConsentPermits():
            return permits(leaf, candidate)


def _token(leaf: TokenIs, indexed: Indexed) -> bool:
    return any(
        value.param_id == leaf.parameter.param_id
        and leaf.system in {None, value.system}
        and leaf.code in {None, value.code}
        for value in indexed.tokens
    )


def _string(leaf: StringStarts, indexed: Indexed) -> bool:
    return any(
        value.param_id == leaf.parameter.param_id and value.normal.startswith(leaf.prefix)
        for value in indexed.strings
    )


def _date(leaf: DateIn, indexed: Indexed) -> bool:
    return any(
        value.param_id == leaf.parameter.param_id
        and compares(leaf.comparison, (value.lo, value.hi), (leaf.lo, leaf.hi))
        for value in indexed.dates
    )


def _reference(leaf: RefersTo, indexed: Indexed) -> bool:
    return any(
        value.param_id == leaf.parameter.param_id
        and (value.type, value.id, value.url) == (leaf.type, leaf.id, leaf.url)
        for value in indexed.references
    )

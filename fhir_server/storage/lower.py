"""Expression → shape and values: the search tree in the terms of the tables."""

from fhir_server.fhir.definitions import Definitions
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
from fhir_server.search.labels import SELF_ASSERTED_PURPOSES
from fhir_server.storage.hashes import system_key, url_key
from fhir_server.storage.schema import SHARED
from fhir_server.storage.shape import (
    ALWAYS,
    NEVER,
    Belongs,
    Every,
    HasDate,
    HasId,
    HasReference,
    HasString,
    HasToken,
    Opposite,
    Permits,
    Shape,
    Some,
    Updated,
    Values,
)

# Everything in a mask but our own flag.
_LABELS = SHARED - 1
# Above every text that starts with a prefix, in the order of bytes.
_LAST = "\U0010ffff"
# PostgreSQL's text cannot hold it, so nothing stored has it.
_NUL = "\x00"


def lower(expression: Expression, values: Values, definitions: Definitions) -> Shape:
    """Return the shape of `expression`; its values are added to `values`."""
    match expression:
        case Everything() | Nothing():
            return ALWAYS if isinstance(expression, Everything) else NEVER
        case And():
            return Every(tuple(lower(part, values, definitions) for part in expression.operands))
        case Or():
            return Some(tuple(lower(part, values, definitions) for part in expression.operands))
        case Not():
            return Opposite(lower(expression.operand, values, definitions))
        case IdIs() | UpdatedIn() | OwnerIs() | ConsentPermits():
            return _row(expression, values, definitions)
        case _:
            return _value(expression, values, definitions)


Value = TokenIs | StringStarts | DateIn | RefersTo
Row = IdIs | UpdatedIn | OwnerIs | ConsentPermits


def _value(leaf: Value, values: Values, definitions: Definitions) -> Shape:
    """Return the shape of a test on an index value."""
    match leaf:
        case TokenIs():
            return _token(leaf, values)
        case StringStarts():
            return _string(leaf, values)
        case DateIn():
            lo, hi = values.add(leaf.lo), values.add(leaf.hi)
            return HasDate(leaf.parameter.param_id, leaf.comparison, lo, hi)
        case RefersTo():
            return _reference(leaf, values, definitions)


def _row(leaf: Row, values: Values, definitions: Definitions) -> Shape:
    """Return the shape of a test on the resource itself."""
    match leaf:
        case IdIs():
            ids = {id_ for id_ in leaf.ids if _NUL not in id_}
            return HasId(values.add_list(ids)) if ids else NEVER
        case UpdatedIn():
            return Updated(leaf.comparison, values.add(leaf.lo), values.add(leaf.hi))
        case OwnerIs():
            patient = definitions.type_id("Patient")
            return Belongs(patient, values.add(leaf.patient_id.replace(_NUL, _LAST)))
        case ConsentPermits():
            return _permits(leaf, values)


def _token(leaf: TokenIs, values: Values) -> Shape:
    if leaf.code is not None and _NUL in leaf.code:
        return NEVER
    return HasToken(
        leaf.parameter.param_id,
        None if leaf.code is None else values.add(leaf.code),
        None if leaf.system is None else values.add(system_key(leaf.system)),
    )


def _string(leaf: StringStarts, values: Values) -> Shape:
    if _NUL in leaf.prefix:
        return NEVER
    lo, hi = values.add(leaf.prefix), values.add(leaf.prefix + _LAST)
    return HasString(leaf.parameter.param_id, lo, hi)


def _reference(leaf: RefersTo, values: Values, definitions: Definitions) -> Shape:
    if leaf.type is not None and leaf.id is not None:
        if _NUL in leaf.id:
            return NEVER
        type_id = definitions.type_id(leaf.type)
        return HasReference(leaf.parameter.param_id, type_id, values.add(leaf.id))
    return HasReference(leaf.parameter.param_id, None, values.add(url_key(leaf.url or "")))


def _permits(leaf: ConsentPermits, values: Values) -> Shape:
    if leaf.system:
        return ALWAYS
    treating = leaf.matrix_treating & ~leaf.matrix
    return Permits(
        own=values.add_few(leaf.own),
        actors=values.add_few(leaf.actors | {0}),
        purpose=values.add(leaf.purpose),
        at=values.add(leaf.at),
        unpermitted=values.add(_LABELS & ~leaf.matrix),
        treating=values.add(_LABELS & ~leaf.matrix_treating) if treating else None,
        self_asserted=values.add(int(bool(leaf.purpose & SELF_ASSERTED_PURPOSES))),
        absolute=values.add(leaf.absolute),
        own_withheld=values.add(leaf.own_withheld),
        overrides_denials=leaf.overrides_denials,
    )

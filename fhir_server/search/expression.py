"""The one expression tree: search parameters, scopes, compartments and consent all become it.

`matches()` (search/matches.py) defines what each node means; storage compiles the same nodes to
SQL. A node is a frozen value; nothing here knows a database, a clock or a request.

Keys (`owner`, `custodian`, `organization`) are the server's internal integers (`resource_key.rid`).
Instants are integers of microseconds since 1970 UTC; an interval is half open, [lo, hi).
"""

from dataclasses import dataclass
from enum import StrEnum

from fhir_server.search.parameter import Parameter


class Comparison(StrEnum):
    """The prefixes of https://hl7.org/fhir/R4/search.html#prefix ."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    LT = "lt"
    GE = "ge"
    LE = "le"
    SA = "sa"
    EB = "eb"
    AP = "ap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """True of every resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """True of no resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    """True where all operands are; of none, true."""

    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    """True where an operand is; of none, false."""

    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """True where the operand is not."""

    operand: "Expression"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIs:
    """A value of `parameter` has this code and system.

    `system` None: any system or none; "": no system. `code` None: any code of the system.
    https://hl7.org/fhir/R4/search.html#token
    """

    parameter: Parameter
    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIn:
    """A value of `parameter` has this system ("": none) and one of `codes`: a value set's."""

    parameter: Parameter
    system: str
    codes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StringStarts:
    """A value of `parameter` starts with `prefix`, both normalised (search/params/string.py).

    Of a token parameter: its texts, as `:text` asks. https://hl7.org/fhir/R4/search.html#string
    """

    parameter: Parameter
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StringIs:
    """A value of `parameter` is written as `exact`; `normal` is its normalised form."""

    parameter: Parameter
    normal: str
    exact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StringContains:
    """A value of `parameter` has `part` in it, both normalised."""

    parameter: Parameter
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberIn:
    """A value [lo, hi] of `parameter` compares with the query's (search/params/number.py).

    https://hl7.org/fhir/R4/search.html#number
    """

    parameter: Parameter
    comparison: Comparison
    lo: float
    hi: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityIn:
    """The same of a quantity whose unit is `system` and `code`; None: any, as it was written.

    https://hl7.org/fhir/R4/search.html#quantity
    """

    parameter: Parameter
    comparison: Comparison
    lo: float
    hi: float
    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UriIs:
    """A value of `parameter` is `value`. https://hl7.org/fhir/R4/search.html#uri ."""

    parameter: Parameter
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UriBelow:
    """A value of `parameter` is `url`, or one of the paths below it."""

    parameter: Parameter
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DateIn:
    """A value [lo, hi) of `parameter` compares with the interval [lo, hi) of the query.

    https://hl7.org/fhir/R4/search.html#date
    """

    parameter: Parameter
    comparison: Comparison
    lo: int
    hi: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefersTo:
    """A reference of `parameter` points to `type`/`id`, or to the absolute `url`.

    Exactly one of (`type`, `id`) and `url` is given; `type` is known whenever `id` is.
    https://hl7.org/fhir/R4/search.html#reference
    """

    parameter: Parameter
    type: str | None = None
    id: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeIs:
    """One element of `parameter` has a value for each of `parts`, in their order.

    https://hl7.org/fhir/R4/search.html#composite
    """

    parameter: Parameter
    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HasValue:
    """There is a value of `parameter`: the opposite of `:missing=true`.

    https://hl7.org/fhir/R4/search.html#missing
    """

    parameter: Parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A reference of `parameter` points to a live resource of `type` that satisfies `where`.

    Once confined, `where` holds the permission to see that resource as well.
    https://hl7.org/fhir/R4/search.html#chaining
    """

    parameter: Parameter
    type: str
    where: "Expression"


@dataclass(frozen=True, slots=True, kw_only=True)
class Referrer:
    """A resource of the type `parameter.base` refers to this one by `parameter` and fits `where`.

    `type` is that of this one. Once confined, `where` holds the permission to see the referrer.
    https://hl7.org/fhir/R4/search.html#has
    """

    parameter: Parameter
    type: str
    where: "Expression"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdIs:
    """The logical id is one of `ids`. https://hl7.org/fhir/R4/search.html#id ."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatedIn:
    """`meta.lastUpdated` compares with [lo, hi). https://hl7.org/fhir/R4/search.html#lastUpdated .

    A query that holds this node is fenced: it never shows a change that was stamped after one
    which is still being committed (storage/README.md).
    """

    comparison: Comparison
    lo: int
    hi: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerIs:
    """The resource belongs to the Patient `patient_id` (the compartment's root)."""

    patient_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPermits:
    """The policy matrix and the patient's directives let this requester have the resource.

    A resource is permitted when it is directory data (owner 0); or it is the requester's own and
    bears none of `own_withheld`; or all of this holds: it bears none of `absolute`; each of its
    families is in `matrix`, or in `matrix_treating` and the owner has a treating relation with one
    of `actors` at `at`, or is covered by permit rules that decide; and, unless `overrides_denials`,
    no deny rule decides (consent-sql: "a rule decides if it matches and no exception of it does").

    Masks are of `Family` (search/labels.py). `actors` are keys of the requester's organisation and
    its ancestors; `purpose` is one bit of search.labels.Purpose; `at` is microseconds.
    A `system` requester (migration, load, demo) is permitted everything.
    """

    own: frozenset[int]
    actors: frozenset[int]
    purpose: int
    at: int
    matrix: int
    matrix_treating: int
    absolute: int
    own_withheld: int
    overrides_denials: bool = False
    system: bool = False


# What the components of a composite parameter can ask for.
Part = TokenIs | StringStarts | DateIn | NumberIn | QuantityIn
# What an index value of one parameter answers.
Leaf = Part | TokenIn | StringIs | StringContains | UriIs | UriBelow | RefersTo | CompositeIs
Expression = (
    Everything
    | Nothing
    | And
    | Or
    | Not
    | Leaf
    | HasValue
    | Chain
    | Referrer
    | IdIs
    | UpdatedIn
    | OwnerIs
    | ConsentPermits
)


def all_of(*operands: Expression) -> Expression:
    """Return the conjunction, flattened; of none, `Everything`."""
    flat: list[Expression] = []
    for operand in operands:
        if isinstance(operand, And):
            flat.extend(operand.operands)
        elif not isinstance(operand, Everything):
            flat.append(operand)
    if not flat:
        return Everything()
    return flat[0] if len(flat) == 1 else And(operands=tuple(flat))


def any_of(*operands: Expression) -> Expression:
    """Return the disjunction, flattened; of none, `Nothing`."""
    flat: list[Expression] = []
    for operand in operands:
        if isinstance(operand, Or):
            flat.extend(operand.operands)
        elif not isinstance(operand, Nothing):
            flat.append(operand)
    if not flat:
        return Nothing()
    return flat[0] if len(flat) == 1 else Or(operands=tuple(flat))


def goes_elsewhere(expression: Expression) -> bool:
    """Return whether other resources decide too: whether a chain or `_has` stands in it."""
    match expression:
        case And() | Or():
            return any(map(goes_elsewhere, expression.operands))
        case Not():
            return goes_elsewhere(expression.operand)
        case _:
            return isinstance(expression, Chain | Referrer)

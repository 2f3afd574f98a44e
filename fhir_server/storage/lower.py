"""Expression → shape and values: the search tree in the terms of the tables."""

from collections.abc import Mapping
from dataclasses import dataclass

from fhir_server.fhir.definitions import Definitions
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
    Part,
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
from fhir_server.search.labels import SELF_ASSERTED_PURPOSES
from fhir_server.search.parameter import Parameter, SearchType
from fhir_server.storage import shape as shapes
from fhir_server.storage.hashes import system_key, url_key
from fhir_server.storage.schema import SHARED
from fhir_server.storage.shape import ALWAYS, NEVER, Permits, Shape, Values

# Everything in a mask but our own flag.
_LABELS = SHARED - 1
# Above every text that starts with a prefix, in the order of bytes.
_LAST = "\U0010ffff"
# PostgreSQL's text cannot hold it, so nothing stored has it.
_NUL = "\x00"
# Where the values of a parameter of each type can stand, those for its modifiers too.
_TABLES: Mapping[SearchType, tuple[str, ...]] = {
    SearchType.TOKEN: ("ix_token", "ix_string"),
    SearchType.STRING: ("ix_string",),
    SearchType.DATE: ("ix_date",),
    SearchType.REFERENCE: ("ix_reference", "ix_token"),
    SearchType.NUMBER: ("ix_number",),
    SearchType.QUANTITY: ("ix_quantity",),
    SearchType.URI: ("ix_uri",),
    SearchType.COMPOSITE: ("ix_composite",),
}
Row = IdIs | UpdatedIn | OwnerIs | ConsentPermits


def lower(
    expression: Expression, values: Values, definitions: Definitions, *, bound: bool = False
) -> Shape:
    """Return the shape of `expression`; its values are added to `values`.

    `bound`: the numbers of parameters are values too, so that one statement serves many types.
    """
    return _Lowering(values, definitions, bound).shape(expression)


@dataclass(frozen=True, slots=True)
class _Lowering:
    """One expression on its way; the names of its values are given in passing."""

    values: Values
    definitions: Definitions
    bound: bool

    def number(self, parameter: Parameter) -> int | str:
        """Return the number of `parameter`, or the name under which it is bound."""
        return self.values.add(parameter.param_id) if self.bound else parameter.param_id

    def shape(self, expression: Expression) -> Shape:
        """Return the shape of any node."""
        match expression:
            case Everything() | Nothing():
                return ALWAYS if isinstance(expression, Everything) else NEVER
            case And() | Or():
                parts = tuple(map(self.shape, expression.operands))
                return shapes.Every(parts) if isinstance(expression, And) else shapes.Some(parts)
            case Not():
                return shapes.Opposite(self.shape(expression.operand))
            case IdIs() | UpdatedIn() | OwnerIs() | ConsentPermits():
                return self._row(expression)
            case HasValue() | Chain() | Referrer():
                return self._others(expression)
            case _:
                return self._value(expression)

    def _row(self, leaf: Row) -> Shape:
        """Return the shape of a test on the resource itself."""
        add = self.values.add
        match leaf:
            case IdIs():
                ids = {id_ for id_ in leaf.ids if _NUL not in id_}
                return shapes.HasId(self.values.add_list(ids)) if ids else NEVER
            case UpdatedIn():
                return shapes.Updated(leaf.comparison, add(leaf.lo), add(leaf.hi))
            case OwnerIs():
                patient = self.definitions.type_id("Patient")
                return shapes.Belongs(patient, add(leaf.patient_id.replace(_NUL, _LAST)))
            case ConsentPermits():
                return _permits(leaf, self.values)

    def _others(self, node: HasValue | Chain | Referrer) -> Shape:
        """Return the shape of a test on a row that is there, or on another resource."""
        number, type_id = self.number(node.parameter), self.definitions.type_id
        match node:
            case HasValue():
                return shapes.HasAny(number, _TABLES[node.parameter.type])
            case Chain():
                return shapes.Leads(number, type_id(node.type), self.shape(node.where))
            case Referrer():
                base = type_id(node.parameter.base)
                return shapes.Led(number, base, self.shape(node.where))

    def _value(self, leaf: Leaf) -> Shape:
        """Return the shape of a test on an index value."""
        match leaf:
            case RefersTo():
                return self._reference(leaf)
            case TokenIn():
                return self._codes(leaf)
            case UriIs() | UriBelow():
                return self._uri(leaf)
            case StringIs() | StringContains():
                return self._string(leaf)
            case CompositeIs():
                return self._composite(leaf)
            case _:
                return self._part(leaf) or NEVER

    def _composite(self, leaf: CompositeIs) -> Shape:
        parts = [self._part(part) for part in leaf.parts]
        known = tuple(part for part in parts if part is not None)
        if len(known) < len(parts):
            return NEVER
        return shapes.HasComposite(self.number(leaf.parameter), known)

    def _part(self, leaf: Part) -> shapes.Part | None:
        """Return the shape of a value; None where nothing stored can have it."""
        number, add = self.number(leaf.parameter), self.values.add
        match leaf:
            case TokenIs():
                return self._token(leaf)
            case StringStarts():
                if _NUL in leaf.prefix:
                    return None
                return shapes.HasString(number, add(leaf.prefix), add(leaf.prefix + _LAST))
            case DateIn():
                return shapes.HasDate(number, leaf.comparison, add(leaf.lo), add(leaf.hi))
            case NumberIn():
                return shapes.HasNumber(number, leaf.comparison, add(leaf.lo), add(leaf.hi))
            case QuantityIn():
                return self._quantity(leaf)

    def _token(self, leaf: TokenIs) -> shapes.HasToken | None:
        if leaf.code is not None and _NUL in leaf.code:
            return None
        return shapes.HasToken(
            self.number(leaf.parameter),
            None if leaf.code is None else self.values.add(leaf.code),
            None if leaf.system is None else self.values.add(system_key(leaf.system)),
        )

    def _quantity(self, leaf: QuantityIn) -> shapes.HasQuantity | None:
        if leaf.code is not None and _NUL in leaf.code:
            return None
        add = self.values.add
        return shapes.HasQuantity(
            self.number(leaf.parameter),
            leaf.comparison,
            add(leaf.lo),
            add(leaf.hi),
            None if leaf.system is None else add(system_key(leaf.system)),
            None if leaf.code is None else add(leaf.code),
        )

    def _codes(self, leaf: TokenIn) -> Shape:
        codes = {code for code in leaf.codes if _NUL not in code}
        if not codes:
            return NEVER
        named = self.values.add_list(codes), self.values.add(system_key(leaf.system))
        return shapes.HasTokenOf(self.number(leaf.parameter), *named)

    def _string(self, leaf: StringIs | StringContains) -> Shape:
        number, add = self.number(leaf.parameter), self.values.add
        if isinstance(leaf, StringContains):
            return NEVER if _NUL in leaf.part else shapes.HasPart(number, add(leaf.part))
        if _NUL in leaf.exact + leaf.normal:
            return NEVER
        return shapes.HasExact(number, add(leaf.normal), add(leaf.exact))

    def _uri(self, leaf: UriIs | UriBelow) -> Shape:
        number, add = self.number(leaf.parameter), self.values.add
        if isinstance(leaf, UriIs):
            return NEVER if _NUL in leaf.value else shapes.HasUri(number, add(leaf.value))
        if _NUL in leaf.url:
            return NEVER
        below = leaf.url if leaf.url.endswith("/") else f"{leaf.url}/"
        return shapes.HasUriBelow(number, add(leaf.url), add(below), add(below + _LAST))

    def _reference(self, leaf: RefersTo) -> Shape:
        if leaf.type is not None and leaf.id is not None:
            if _NUL in leaf.id:
                return NEVER
            type_id = self.definitions.type_id(leaf.type)
            return shapes.HasReference(
                self.number(leaf.parameter), type_id, self.values.add(leaf.id)
            )
        url = self.values.add(url_key(leaf.url or ""))
        return shapes.HasReference(self.number(leaf.parameter), None, url)


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

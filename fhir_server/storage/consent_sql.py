"""The consent leaf as SQL: the meaning is search/permits.py, the form that of consent-sql.

A patient's directives stand in consent_rule as effective rows; one probe by owner finds those
that match, one more the exceptions of a row that has some, and for the few rows that are flagged
one more the further terms (consent_terms.py). A resource that lies in further
patients' compartments must pass for each of them; those are few, so on PostgreSQL a function
decides them: written out, its sub-plans would be set up at each execution of each search.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql import ColumnElement

from fhir_server.search.labels import ALL_FAMILIES, OLD_VERSION, TREATING
from fhir_server.storage import consent_terms
from fhir_server.storage.binding import ONE, ZERO, any_of, column, constant, number
from fhir_server.storage.schema import SHARED, compartment, consent_rule, relation
from fhir_server.storage.session import compile_sql
from fhir_server.storage.shape import Permits

Clause = ColumnElement[bool]
Number = ColumnElement[int]

# The alias of rows that are versions before the current one.
OLD = "v"
_OTHER = "o"
_BITS = int(ALL_FAMILIES).bit_length()
_BIGS: sa.types.TypeEngine[Any] = ARRAY(sa.BigInteger())
# "Nothing is treating": no family is taken away from those that are not permitted.
_NO_FAMILY = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """What is decided on: a resource's columns, and how the leaf's values are written."""

    rid: Number
    owner: Number
    mask: Number
    custodian: Number
    type_id: Number
    dialect: str
    value: Callable[[str], Number] = number
    values: Callable[[str], ColumnElement[list[int]]]


def permits(leaf: Permits, subject: str, type_id: int | None, dialect: str) -> Clause:
    """Return the test of `leaf` on the row `subject` (an alias), of resources of `type_id`.

    None: the row says itself of which type it is.
    """
    row = _row(subject, type_id, dialect)
    return sa.and_(_Leaf(leaf, row).clause(), _permitted_by_others(leaf, row, subject))


def permits_by_call(leaf: Permits, subject: str, type_id: int | None, dialect: str) -> Clause:
    """Return the same as a call of PostgreSQL's function, for few rows."""
    row = _row(subject, type_id, dialect)
    return sa.and_(_called(leaf, row, row.owner), _permitted_by_others(leaf, row, subject))


def _row(subject: str, type_id: int | None, dialect: str) -> _Subject:
    old = subject == OLD
    return _Subject(
        rid=constant(OLD_VERSION) if old else column(subject, "rid"),
        owner=column(subject, "owner"),
        mask=column(subject, "label_mask"),
        custodian=column(subject, "custodian_id"),
        type_id=column(subject, "type_id") if type_id is None else constant(type_id),
        dialect=dialect,
        values=_bound_array,
    )


def _permitted_by_others(leaf: Permits, row: _Subject, subject: str) -> Clause:
    """Return whether each further patient of the resource permits it."""
    other = compartment.alias(_OTHER)
    refuses = sa.not_(_of_other(leaf, row, column(_OTHER, "patient")))
    refused = (
        sa.select(ONE).select_from(other).where(other.c.rid == column(subject, "rid"), refuses)
    )
    unshared = row.mask.bitwise_and(constant(SHARED)) == ZERO
    return sa.or_(unshared, sa.not_(refused.exists()))


def functions() -> tuple[str, str]:
    """Return the DDL of PostgreSQL's functions: a rule's terms, and the leaf for one patient."""
    return consent_terms.FUNCTION, _function_of_leaf()


def _function_of_leaf() -> str:
    row = _Subject(
        rid=_argument("rid"),
        owner=_argument("owner"),
        mask=_argument("mask"),
        custodian=_argument("custodian"),
        type_id=_argument("type_id"),
        dialect="postgresql",
        value=_argument,
        values=lambda name: sa.literal_column(f"a_{name}", _BIGS),
    )
    leaf = Permits(
        own=("own",),
        actors=("actors",),
        purpose="purpose",
        at="at",
        unpermitted="unpermitted",
        treating="treating",
        self_asserted="self_asserted",
        absolute="absolute",
        own_withheld="own_withheld",
        overrides_denials=False,
    )
    clause = compile_sql(
        _Leaf(leaf, row).clause(overrides=_argument("overrides") == ONE), "postgresql"
    )
    kinds = {"own": "bigint[]", "actors": "bigint[]"}
    arguments = ", ".join(f"a_{name} {kinds.get(name, 'bigint')}" for name in _ARGUMENTS)
    return (
        f"CREATE OR REPLACE FUNCTION handoff_permits({arguments}) RETURNS boolean "
        f"LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN {clause.text}; END $$"
    )


_ARGUMENTS = (
    "rid",
    "owner",
    "mask",
    "custodian",
    "type_id",
    "own",
    "actors",
    "purpose",
    "at",
    "unpermitted",
    "treating",
    "self_asserted",
    "absolute",
    "own_withheld",
    "overrides",
)


def _of_other(leaf: Permits, row: _Subject, patient: Number) -> Clause:
    """Return whether `leaf` permits the row as the patient's."""
    if row.dialect == "sqlite":
        return _Leaf(leaf, row, patient).clause()
    return _called(leaf, row, patient)


def _called(leaf: Permits, row: _Subject, patient: Number) -> Clause:
    return sa.func.handoff_permits(
        row.rid,
        patient,
        row.mask,
        row.custodian,
        row.type_id,
        row.values(leaf.own[0]),
        row.values(leaf.actors[0]),
        number(leaf.purpose),
        number(leaf.at),
        number(leaf.unpermitted),
        constant(_NO_FAMILY) if leaf.treating is None else number(leaf.treating),
        number(leaf.self_asserted),
        number(leaf.absolute),
        number(leaf.own_withheld),
        constant(int(leaf.overrides_denials)),
        type_=sa.Boolean(),
    )


class _Leaf:
    """The leaf for one owner of a row."""

    def __init__(self, leaf: Permits, row: _Subject, owner: Number | None = None) -> None:
        self._leaf = leaf
        self._row = row
        self._owner = row.owner if owner is None else owner

    def clause(self, *, overrides: Clause | None = None) -> Clause:
        """Return the whole test, cheap parts first; `overrides` may lift denials at run time."""
        leaf, mask, value = self._leaf, self._row.mask, self._row.value
        own = sa.and_(
            self._one_of(self._row.custodian, leaf.own),
            mask.bitwise_and(value(leaf.own_withheld)) == ZERO,
        )
        lawful = mask.bitwise_and(value(leaf.absolute)) == ZERO
        return sa.or_(self._owner == ZERO, own, sa.and_(lawful, self._decided(overrides)))

    def _decided(self, overrides: Clause | None) -> Clause:
        """Return what matrix and directives say."""
        if self._row.dialect == "sqlite":
            return self._of_policy(self._treats(), overrides)
        # Looked up once; it stands in every comparison with a rule's actor.
        looked_up = sa.select(self._treats().label("treats")).offset(ZERO).subquery("w")
        treats = sa.literal_column("w.treats", sa.Boolean())
        decided = sa.select(self._of_policy(treats, overrides)).select_from(looked_up)
        return sa.type_coerce(decided.scalar_subquery(), sa.Boolean())

    def _of_policy(self, treats: Clause, overrides: Clause | None) -> Clause:
        covered = self._covered(treats)
        if self._leaf.overrides_denials:
            return covered
        undenied = sa.not_(self._denied(treats))
        return sa.and_(covered, undenied if overrides is None else sa.or_(overrides, undenied))

    def _covered(self, treats: Clause) -> Clause:
        """Each family is permitted by the matrix, by treating, or by permits that decide."""
        value = self._row.value
        left = self._row.mask.bitwise_and(value(self._leaf.unpermitted))
        uncovered = self._uncovered(treats)
        if self._leaf.treating is None:
            return sa.or_(left == ZERO, left.bitwise_and(uncovered) == ZERO)
        untreated = left.bitwise_and(value(self._leaf.treating))
        return sa.or_(
            left == ZERO,
            sa.and_(untreated == ZERO, treats),
            sa.case((treats, untreated), else_=left).bitwise_and(uncovered) == ZERO,
        )

    def _treats(self) -> Clause:
        treating = relation.alias()
        value, leaf = self._row.value, self._leaf
        found = (
            sa.select(ONE)
            .select_from(treating)
            .where(
                treating.c.owner == self._owner,
                self._one_of(treating.c.organization, leaf.actors),
                treating.c.since <= value(leaf.at),
                treating.c.until > value(leaf.at),
                treating.c.self_asserted <= value(leaf.self_asserted),
            )
        )
        return found.exists()

    def _uncovered(self, treats: Clause) -> Number:
        """Return the complement of the families that deciding permits cover."""
        rule = consent_rule.alias()
        if self._row.dialect == "postgresql":
            cover: ColumnElement[int] = sa.func.bit_or(rule.c.cover_mask)
        else:
            # No bit_or on SQLite; a family is covered where one of the rows has its bit.
            bits = [sa.func.max(rule.c.cover_mask.bitwise_and(_bit(n))) for n in range(_BITS)]
            cover = bits[0]
            for bit in bits[1:]:
                cover = cover.bitwise_or(bit)
        covered = (
            sa.select(sa.func.coalesce(cover, ZERO))
            .select_from(rule)
            .where(*self._deciding(rule, treats, deny=0))
        )
        return sa.type_coerce(covered.scalar_subquery(), sa.Integer()).bitwise_not()

    def _denied(self, treats: Clause) -> Clause:
        rule = consent_rule.alias()
        deciding = self._deciding(rule, treats, deny=1)
        return sa.select(ONE).select_from(rule).where(*deciding).exists()

    def _deciding(self, rule: sa.FromClause, treats: Clause, *, deny: int) -> list[Clause]:
        """A rule decides if it matches and no exception of it does."""
        child = consent_rule.alias()
        exception = (
            sa.select(ONE)
            .select_from(child)
            .where(
                child.c.owner == rule.c.owner,
                child.c.parent == rule.c.node,
                *self._matching(child, treats),
            )
        )
        return [
            rule.c.owner == self._owner,
            rule.c.deny == constant(deny),
            *self._matching(rule, treats),
            sa.or_(rule.c.has_kids == ZERO, sa.not_(exception.exists())),
        ]

    def _matching(self, rule: sa.FromClause, treats: Clause) -> list[Clause]:
        leaf, row = self._leaf, self._row
        treating = sa.and_(rule.c.actor_id == constant(TREATING), treats)
        excepted = self._one_of(rule.c.not_actor_id, leaf.actors)
        return [
            sa.or_(self._one_of(rule.c.actor_id, leaf.actors), treating),
            sa.or_(rule.c.not_actor_id == ZERO, sa.not_(excepted)),
            rule.c.purpose_mask.bitwise_and(row.value(leaf.purpose)) != ZERO,
            rule.c.valid_from <= row.value(leaf.at),
            rule.c.valid_to > row.value(leaf.at),
            any_of(rule.c.type_id, ZERO, row.type_id),
            any_of(rule.c.custodian_id, ZERO, row.custodian),
            rule.c.any_mask.bitwise_and(row.mask) != ZERO,
            sa.or_(rule.c.residual == ZERO, rule.c.residual == self._terms_that_hold(rule, treats)),
        ]

    def _terms_that_hold(self, rule: sa.FromClause, treats: Clause) -> Number:
        """Return how many terms of a rule hold; on SQLite the function finds out who treats."""
        row, leaf = self._row, self._leaf
        requester: list[ColumnElement[Any]] = [treats, row.values(leaf.actors[0])]
        if row.dialect == "sqlite":
            requester = [row.value(leaf.at), row.value(leaf.self_asserted)]
            requester.extend(map(number, leaf.actors))
        return sa.func.handoff_terms_that_hold(
            rule.c.owner, rule.c.node, row.rid, row.mask, *requester, type_=sa.Integer()
        )

    def _one_of(self, found: Number, names: tuple[str, ...]) -> Clause:
        """SQLite gets comparisons written out: an IN list costs 5 to 10 % more."""
        if self._row.dialect == "sqlite":
            return any_of(found, *map(number, names))
        return found == sa.any_(self._row.values(names[0]))


def _argument(name: str) -> Number:
    return sa.literal_column(f"a_{name}", sa.BigInteger())


def _bound_array(name: str) -> ColumnElement[list[int]]:
    return sa.bindparam(name, type_=_BIGS)


def _bit(position: int) -> Number:
    return constant(1 << position)

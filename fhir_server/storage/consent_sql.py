"""The consent leaf as SQL: the meaning is search/permits.py, the form that of consent-sql.

A patient's directives stand in consent_rule as effective rows; one probe by owner finds those
that match, one more the exceptions of a row that has some. A resource that lies in further
patients' compartments must pass for each of them.
"""

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement

from fhir_server.search.labels import ALL_FAMILIES, TREATING
from fhir_server.storage.binding import ONE, ZERO, any_of, column, constant, number, one_of
from fhir_server.storage.schema import SHARED, compartment, consent_rule, relation
from fhir_server.storage.shape import Permits

Clause = ColumnElement[bool]
Number = ColumnElement[int]
_BITS = int(ALL_FAMILIES).bit_length()


def permits(leaf: Permits, subject: str, type_id: int, dialect: str) -> Clause:
    """Return the test of `leaf` on the row `subject` (an alias), of resources of `type_id`."""
    alone = _OfOwner(leaf, subject, type_id, dialect)
    mask: Number = column(subject, "label_mask")
    other = compartment.alias()
    each = _OfOwner(leaf, subject, type_id, dialect, owner=other.c.patient)
    refused = (
        sa.select(ONE)
        .select_from(other)
        .where(other.c.rid == column(subject, "rid"), sa.not_(each.clause()))
    )
    unshared = mask.bitwise_and(constant(SHARED)) == ZERO
    return sa.and_(alone.clause(), sa.or_(unshared, sa.not_(refused.exists())))


class _OfOwner:
    """The leaf for one owner of the row `subject`."""

    def __init__(
        self,
        leaf: Permits,
        subject: str,
        type_id: int,
        dialect: str,
        *,
        owner: Number | None = None,
    ) -> None:
        self._leaf = leaf
        self._type_id = type_id
        self._dialect = dialect
        self._owner: Number = column(subject, "owner") if owner is None else owner
        self._mask: Number = column(subject, "label_mask")
        self._custodian: Number = column(subject, "custodian_id")

    def clause(self) -> Clause:
        """Return the whole test, cheap parts first."""
        leaf = self._leaf
        own = sa.and_(
            one_of(self._custodian, leaf.own, self._dialect),
            self._mask.bitwise_and(number(leaf.own_withheld)) == ZERO,
        )
        allowed = [self._mask.bitwise_and(number(leaf.absolute)) == ZERO, self._covered()]
        if not leaf.overrides_denials:
            allowed.append(sa.not_(self._denied()))
        return sa.or_(self._owner == ZERO, own, sa.and_(*allowed))

    def _covered(self) -> Clause:
        """Each family is permitted by the matrix, by treating, or by permits that decide."""
        open_ = self._mask.bitwise_and(number(self._leaf.unpermitted))
        uncovered = self._uncovered()
        if self._leaf.treating is None:
            return sa.or_(open_ == ZERO, open_.bitwise_and(uncovered) == ZERO)
        left = open_.bitwise_and(number(self._leaf.treating))
        treats = self._treats()
        return sa.or_(
            open_ == ZERO,
            sa.and_(left == ZERO, treats),
            sa.case((treats, left), else_=open_).bitwise_and(uncovered) == ZERO,
        )

    def _treats(self) -> Clause:
        treating = relation.alias()
        found = (
            sa.select(ONE)
            .select_from(treating)
            .where(
                treating.c.owner == self._owner,
                one_of(treating.c.organization, self._leaf.actors, self._dialect),
                treating.c.since <= number(self._leaf.at),
                treating.c.until > number(self._leaf.at),
                treating.c.self_asserted <= number(self._leaf.self_asserted),
            )
        )
        return found.exists()

    def _uncovered(self) -> Number:
        """Return the complement of the families that deciding permits cover."""
        rule = consent_rule.alias()
        if self._dialect == "postgresql":
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
            .where(*self._deciding(rule, deny=0))
        )
        return sa.type_coerce(covered.scalar_subquery(), sa.Integer()).bitwise_not()

    def _denied(self) -> Clause:
        rule = consent_rule.alias()
        found = sa.select(ONE).select_from(rule).where(*self._deciding(rule, deny=1))
        return found.exists()

    def _deciding(self, rule: sa.FromClause, *, deny: int) -> list[Clause]:
        """A rule decides if it matches and no exception of it does."""
        child = consent_rule.alias()
        exception = (
            sa.select(ONE)
            .select_from(child)
            .where(
                child.c.owner == rule.c.owner,
                child.c.parent == rule.c.node,
                *self._matching(child),
            )
        )
        return [
            rule.c.owner == self._owner,
            rule.c.deny == constant(deny),
            *self._matching(rule),
            sa.or_(rule.c.has_kids == ZERO, sa.not_(exception.exists())),
        ]

    def _matching(self, rule: sa.FromClause) -> list[Clause]:
        leaf = self._leaf
        named = one_of(rule.c.not_actor_id, leaf.actors, self._dialect)
        return [
            sa.or_(
                one_of(rule.c.actor_id, leaf.actors, self._dialect),
                sa.and_(rule.c.actor_id == constant(TREATING), self._treats()),
            ),
            sa.or_(rule.c.not_actor_id == ZERO, sa.not_(named)),
            rule.c.purpose_mask.bitwise_and(number(leaf.purpose)) != ZERO,
            rule.c.valid_from <= number(leaf.at),
            rule.c.valid_to > number(leaf.at),
            any_of(rule.c.type_id, ZERO, constant(self._type_id)),
            any_of(rule.c.custodian_id, ZERO, self._custodian),
            rule.c.any_mask.bitwise_and(self._mask) != ZERO,
        ]


def _bit(position: int) -> Number:
    return constant(1 << position)

"""The terms of consent rules (search.labels.Term), counted by a function of the database.

A function, as hardly any rule has terms: written out, its sub-plan would be set up at each
execution of each search on PostgreSQL, and SQLite's parser has no room for it in the leaf.
"""

import sqlite3

from fhir_server.search.labels import ALL_FAMILIES, TREATING
from fhir_server.storage.rule_rows import Kind

NAME = "handoff_terms_that_hold"
# A stored mask has other flags beside the families.
_FAMILIES = int(ALL_FAMILIES)

# Of how many terms of a node an alternative holds: PostgreSQL's.
FUNCTION = f"""
CREATE OR REPLACE FUNCTION {NAME}(a_owner bigint, a_node bigint, a_rid bigint, a_mask bigint,
  a_treats boolean, a_actors bigint[]) RETURNS bigint LANGUAGE plpgsql STABLE AS $$ BEGIN
  RETURN (SELECT count(DISTINCT t.term) FROM consent_term t
    WHERE t.owner = a_owner AND t.node = a_node AND (
      t.kind = {Kind.RESOURCE:d} AND t.value = a_rid
      OR t.kind = {Kind.LABELS:d} AND t.value & a_mask <> 0
      OR t.kind = {Kind.WITHIN:d} AND a_mask & {_FAMILIES} & ~t.value = 0
      OR t.kind = {Kind.ACTOR:d}
        AND (t.value = ANY(a_actors) OR t.value = {TREATING} AND a_treats)));
END $$"""  # noqa: S608 - our own numbers

_TERMS = f"""SELECT term, kind, value FROM consent_term
  WHERE owner = ? AND node = ? AND (kind <> {Kind.RESOURCE:d} OR value = ?)"""  # noqa: S608

_TREATING = """SELECT organization FROM relation
  WHERE owner = ? AND since <= ? AND until > ? AND self_asserted <= ?"""


def _holds(kind: int, value: int, mask: int, named: set[int]) -> bool:
    match kind:
        case Kind.RESOURCE:
            return True
        case Kind.LABELS:
            return bool(value & mask)
        case Kind.WITHIN:
            return not mask & _FAMILIES & ~value
        case _:
            return value in named


def add_function(driver: sqlite3.Connection) -> None:
    """Give a connection to SQLite the same function; who asks are its last arguments.

    It looks up itself whether they treat the owner at the time `at`, and by whose word, as a
    sub-select among its arguments would be too deep for SQLite's parser.
    """

    def count(  # noqa: PLR0913, PLR0917 - SQL has no names for arguments
        owner: int, node: int, rid: int, mask: int, at: int, self_asserted: int, *actors: int
    ) -> int:
        named = set(actors)
        if any(
            organization in named
            for (organization,) in driver.execute(_TREATING, (owner, at, at, self_asserted))
        ):
            named.add(TREATING)
        holding = {
            term
            for term, kind, value in driver.execute(_TERMS, (owner, node, rid))
            if _holds(kind, value, mask, named)
        }
        return len(holding)

    driver.create_function(NAME, -1, count)

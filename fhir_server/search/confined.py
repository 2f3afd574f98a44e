"""Confined queries: the only thing that the resource store answers, made only by `access`.

Each holds the caller's whole permission as an Expression over the resource type that it yields, so
that totals, pages, sort and includes are right by construction: the policy is inside the query.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fhir_server.search.expression import Expression
from fhir_server.search.query import HistoryQuery, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfinedRead:
    """One resource by id, or one version of it, under `permits`."""

    type: str
    id: str
    permits: Expression
    own: frozenset[int]
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfinedQuery:
    """A search under `permits`; each target type of an include has its own permission.

    A target type that is missing from `include_permits` may not be read at all. `own` are the
    custodians whose own form (`body_own`) the caller gets.
    """

    query: Query
    permits: Expression
    include_permits: Mapping[str, Expression]
    own: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfinedHistory:
    """A history under `permits`, which each version and its current resource must satisfy."""

    history: HistoryQuery
    permits: Expression
    own: frozenset[int]

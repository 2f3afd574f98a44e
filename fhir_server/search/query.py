"""A parsed search: what is asked for, before anyone decides what may be answered.

https://hl7.org/fhir/R4/search.html
"""

from dataclasses import dataclass, field
from enum import StrEnum

from fhir_server.search.expression import Everything, Expression
from fhir_server.search.parameter import Parameter

# Where a page begins: the values of the sort keys of the row before it, then that row's key.
Position = tuple[int | float | str | None, ...]


class Total(StrEnum):
    """https://hl7.org/fhir/R4/search.html#total ."""

    NONE = "none"
    ESTIMATE = "estimate"
    ACCURATE = "accurate"


class Summary(StrEnum):
    """https://hl7.org/fhir/R4/search.html#summary ."""

    TRUE = "true"
    TEXT = "text"
    DATA = "data"
    COUNT = "count"
    FALSE = "false"


@dataclass(frozen=True, slots=True, kw_only=True)
class SortKey:
    """One item of `_sort`; `parameter` None stands for `_lastUpdated`, `by_id` for `_id`."""

    parameter: Parameter | None = None
    by_id: bool = False
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Include:
    """`_include=source:parameter[:target]`; `target` None allows every target type.

    `parameter` None is `*`: every reference, of the type `source` where that is said. `reverse` is
    `_revinclude`; `iterate` goes on from what was included.
    https://hl7.org/fhir/R4/search.html#revinclude
    """

    parameter: Parameter | None = None
    source: str | None = None
    target: str | None = None
    reverse: bool = False
    iterate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A search of one type.

    `applied` are the parameters that were really evaluated, in order, for the `self` link, and
    `ignored` those that were left out. `elements` are the elements that are wanted, all if empty.
    `after` is the keyset position (values of the sort keys, then the row's key) of the page before.
    """

    type: str
    where: Expression = field(default_factory=Everything)
    sort: tuple[SortKey, ...] = ()
    count: int = 20
    total: Total = Total.NONE
    summary: Summary = Summary.FALSE
    includes: tuple[Include, ...] = ()
    elements: tuple[str, ...] = ()
    applied: tuple[tuple[str, str], ...] = ()
    # Not part of what is asked for.
    ignored: tuple[str, ...] = field(default=(), compare=False)
    after: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuery:
    """Instance history where `id` is given, type history where only `type` is.

    https://hl7.org/fhir/R4/http.html#history ; `since` is microseconds, as are the ends of `at`:
    versions that were current at some time in [lo, hi). Newest first. `after` is (lastUpdated,
    key, version) of the page before.
    """

    type: str
    id: str | None = None
    since: int | None = None
    at: tuple[int, int] | None = None
    count: int = 20
    after: tuple[int, int, int] | None = None

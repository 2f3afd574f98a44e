"""A parsed search: what is asked for, before anyone decides what may be answered.

https://hl7.org/fhir/R4/search.html
"""

from dataclasses import dataclass, field
from enum import StrEnum

from fhir_server.search.expression import Everything, Expression
from fhir_server.search.parameter import Parameter


class Total(StrEnum):
    """https://hl7.org/fhir/R4/search.html#total ."""

    NONE = "none"
    ESTIMATE = "estimate"
    ACCURATE = "accurate"


class Summary(StrEnum):
    """https://hl7.org/fhir/R4/search.html#summary ; `COUNT` is all that is served so far."""

    FALSE = "false"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class SortKey:
    """One item of `_sort`; `parameter` None stands for `_lastUpdated`, `by_id` for `_id`."""

    parameter: Parameter | None = None
    by_id: bool = False
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Include:
    """`_include=source:parameter[:target]`; `target` None allows every target type."""

    parameter: Parameter
    target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A type-level search.

    `applied` are the parameters that were really evaluated, in order, for the `self` link.
    `after` is the keyset position (values of the sort keys, then the row's key) of the page before.
    """

    type: str
    where: Expression = field(default_factory=Everything)
    sort: tuple[SortKey, ...] = ()
    count: int = 20
    total: Total = Total.NONE
    summary: Summary = Summary.FALSE
    includes: tuple[Include, ...] = ()
    applied: tuple[tuple[str, str], ...] = ()
    after: tuple[int | str | None, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuery:
    """Instance history where `id` is given, type history where only `type` is.

    https://hl7.org/fhir/R4/http.html#history ; `since` is microseconds; newest first. `after` is
    (lastUpdated, key, version) of the page before.
    """

    type: str
    id: str | None = None
    since: int | None = None
    count: int = 20
    after: tuple[int, int, int] | None = None

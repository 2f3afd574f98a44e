"""What extraction finds in a resource: the values that search parameters match on.

Every value carries its parameter's number; one parameter may have values of several kinds: a token
has strings too (what `:text` searches), a reference tokens (what `:identifier` searches).

Storage writes them as index rows; `matches()` reads
the very same values, so that the oracle and the database cannot index differently.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenValue:
    """`system` "" where there is none."""

    param_id: int
    system: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StringValue:
    """`normal` is case- and accent-folded (search/params/string.py); `exact` as written."""

    param_id: int
    normal: str
    exact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DateValue:
    """[lo, hi) in microseconds; an open end is -(2**62) or 2**62."""

    param_id: int
    lo: int
    hi: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceValue:
    """A reference to `type`/`id` on this server, or to an absolute `url` elsewhere."""

    param_id: int
    type: str | None = None
    id: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberValue:
    """[lo, hi]: of a plain number both are the number."""

    param_id: int
    lo: float
    hi: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityValue:
    """[lo, hi] in the unit `code` of `system`.

    One quantity may have several values: as written, under its unit's text, and in base units
    (`params.quantity.BASE_UNITS`).
    """

    param_id: int
    lo: float
    hi: float
    system: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UriValue:
    """A uri, compared exactly."""

    param_id: int
    value: str


Part = TokenValue | StringValue | DateValue | NumberValue | QuantityValue


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeValue:
    """One value for each component, all of one element; their own `param_id` is not looked at."""

    param_id: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """All index values of one resource; none stands twice."""

    tokens: tuple[TokenValue, ...] = ()
    strings: tuple[StringValue, ...] = ()
    dates: tuple[DateValue, ...] = ()
    references: tuple[ReferenceValue, ...] = ()
    numbers: tuple[NumberValue, ...] = ()
    quantities: tuple[QuantityValue, ...] = ()
    uris: tuple[UriValue, ...] = ()
    composites: tuple[CompositeValue, ...] = ()

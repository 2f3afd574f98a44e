"""A search parameter as it applies to one resource type.

https://hl7.org/fhir/R4/searchparameter.html
"""

from dataclasses import dataclass, field
from enum import StrEnum


class SearchType(StrEnum):
    """https://hl7.org/fhir/R4/valueset-search-param-type.html ."""

    NUMBER = "number"
    DATE = "date"
    STRING = "string"
    TOKEN = "token"  # noqa: S105 - a search parameter type, not a secret
    REFERENCE = "reference"
    COMPOSITE = "composite"
    QUANTITY = "quantity"
    URI = "uri"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """`code` on `base`; `param_id` is the 31-bit number that its index rows bear.

    `param_id` is a hash of "base.code", so that it is the same on every server and needs no table;
    two equal ones stop the server from starting.
    """

    base: str
    code: str
    param_id: int
    type: SearchType
    url: str
    expression: str
    targets: tuple[str, ...] = ()
    components: tuple[tuple[str, str], ...] = field(default=())

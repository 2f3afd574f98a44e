"""A FHIR request and response without a web framework.

https://hl7.org/fhir/R4/http.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class FhirRequest:
    """One interaction as asked for: over HTTP, or as an entry of a batch.

    `path` are the segments below the FHIR base, unquoted; `parameters` the query's pairs in order
    (with those of a form body for `_search`); `headers` have lower-case names. `base` is the FHIR
    base URL without a trailing slash.
    """

    method: str
    path: tuple[str, ...]
    base: str
    parameters: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class FhirResponse:
    """The answer: `body` is JSON bytes, empty where there is none.

    `headers` hold ETag, Last-Modified, Location and the like, with their usual names.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

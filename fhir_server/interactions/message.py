"""A FHIR request and response without a web framework.

https://hl7.org/fhir/R4/http.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fhir_server.fhir.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class FhirRequest:
    """One interaction as asked for: over HTTP, or as an entry of a batch.

    `path` are the segments below the FHIR base, unquoted; `parameters` the query's pairs in order
    (with those of a form body for `_search`); `headers` have lower-case names. `base` is the FHIR
    base URL without a trailing slash. `resource` is the body where it is parsed already, as that
    of a Bundle's entry is. `source` is the text that `body` was made from, where that was XML.
    `form` are the pairs that say how the answer is to be written, which its links repeat.
    """

    method: str
    path: tuple[str, ...]
    base: str
    parameters: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    resource: Resource | None = None
    source: bytes = b""
    form: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FhirResponse:
    """The answer: `body` is JSON bytes, empty where there is none.

    `headers` hold ETag, Last-Modified, Location and the like, with their usual names. `version`
    and `last_modified` (microseconds) are those of the version that the answer is about, for the
    entry of a batch, which states them in elements of its own.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    version: int | None = None
    last_modified: int | None = None

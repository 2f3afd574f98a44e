"""History: the versions of one resource, or of all resources of a type, newest first.

https://hl7.org/fhir/R4/http.html#history

A deletion is an entry with the request's method DELETE and no resource: an EHR that keeps its
patients in step learns of deletions from the type's history.
"""

from dataclasses import replace
from typing import cast

from fhir_server.access.repository import Repository
from fhir_server.fhir import bundle
from fhir_server.fhir.dates import InvalidDateError, parse
from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.interactions.cursor import Cursor
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.paging import Paging, next_link, start
from fhir_server.interactions.prefer import lenient
from fhir_server.search.query import HistoryQuery
from fhir_server.storage.rows import Stored

_PARAMETERS = frozenset({"_count", "_since"})


def history(request: FhirRequest, repository: Repository, paging: Paging) -> FhirResponse:
    """Return one page of the history of `[type]` or of `[type]/[id]`.

    Raises:
        InvalidSearchError: A parameter is unknown or malformed.
        InvalidRequestError: The cursor is not the caller's, or not of this history.
        NotFoundError: The resource is unknown, or not to be disclosed to this caller.
        ForbiddenError: The caller may not see this history.
    """
    page = start(request, repository, paging)
    query = _query(request, page.parameters, paging)
    if page.after:
        query = replace(query, after=cast("tuple[int, int, int]", page.after))
    rows = repository.history(query)
    links = [("self", f"{request.base}/{'/'.join(request.path)}")]
    if rows.after is not None:
        known = tuple(pair for pair in page.parameters if pair[0] in _PARAMETERS)
        following = Cursor(parameters=known, after=rows.after, at=page.at)
        links.append(next_link(request, repository, paging, following))
    entries = (_entry(request.base, stored) for stored in rows.versions)
    return FhirResponse(status=200, body=bundle.history(entries, links=links, total=rows.total))


def _query(
    request: FhirRequest, parameters: tuple[tuple[str, str], ...], paging: Paging
) -> HistoryQuery:
    unknown = [name for name, _ in parameters if name not in _PARAMETERS]
    if unknown and not lenient(request.headers):
        raise InvalidSearchError(
            f"`{unknown[0]}` is not a parameter of history; `_count` and `_since` are.",
            expression=unknown[0],
        )
    values = dict(parameters)
    return HistoryQuery(
        type=request.path[0],
        id=request.path[1] if request.path[1] != "_history" else None,
        since=_since(values["_since"]) if "_since" in values else None,
        count=_count(values["_count"], paging) if "_count" in values else paging.default_count,
    )


def _since(text: str) -> int:
    """Return the instant, in microseconds, from which on versions are wanted."""
    try:
        return parse(text).lo
    except InvalidDateError as error:
        raise InvalidSearchError(f"{error} `{text}` does not.", expression="_since") from None


def _count(text: str, paging: Paging) -> int:
    if not text.isascii() or not text.isdecimal() or int(text[:9]) == 0:
        raise InvalidSearchError(
            f"`_count` must be a whole number above 0, not `{text}`.", expression="_count"
        )
    return min(int(text[:9]), paging.max_count)


def _entry(base: str, stored: Stored) -> bundle.HistoryEntry:
    address = f"{stored.type}/{stored.id}"
    written = 201 if stored.version == 1 else 200
    return bundle.HistoryEntry(
        full_url=f"{base}/{address}",
        method=stored.method,
        url=stored.type if stored.method == "POST" else address,
        status=204 if stored.deleted else written,
        version=stored.version,
        last_modified=stored.last_updated,
        resource=stored.body,
    )

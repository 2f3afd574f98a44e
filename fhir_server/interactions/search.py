"""Search by GET and by POST: one page of a type's resources.

https://hl7.org/fhir/R4/http.html#search and https://hl7.org/fhir/R4/search.html

The `self` link states what was really evaluated; `next` is a sealed cursor.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from urllib.parse import urlencode

from fhir_server.access.repository import Repository
from fhir_server.fhir.bundle import SearchEntry, SearchMode, searchset
from fhir_server.interactions.cursor import Cursor
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.paging import Paging, next_link, start
from fhir_server.interactions.prefer import lenient
from fhir_server.search.parse import parse
from fhir_server.search.query import Query
from fhir_server.storage.rows import Stored


def search(request: FhirRequest, repository: Repository, paging: Paging) -> FhirResponse:
    """Return one page of what matches and the caller may have, with what it includes.

    Raises:
        InvalidSearchError: A parameter is unknown or malformed.
        InvalidRequestError: The cursor is not the caller's, or not of this search.
        ForbiddenError: The caller may not search this type.
    """
    page = start(request, repository, paging)
    query = _query(request, page, repository, paging)
    rows = repository.search(query)
    links = [("self", self_link(request, query.type, query.applied))]
    if rows.after is not None:
        # What was ignored leniently on the first page must not be refused on the next.
        following = Cursor(parameters=query.applied, after=rows.after, at=page.at)
        links.append(next_link(request, repository, paging, following))
    entries = chain(
        _entries(request.base, rows.matches, SearchMode.MATCH),
        _entries(request.base, rows.includes, SearchMode.INCLUDE),
    )
    return FhirResponse(status=200, body=searchset(entries, links=links, total=rows.total))


def self_link(request: FhirRequest, resource_type: str, applied: Sequence[tuple[str, str]]) -> str:
    """Return the URL of the search as it was understood."""
    return f"{request.base}/{resource_type}?{urlencode(applied)}".rstrip("?")


def _query(request: FhirRequest, page: Cursor, repository: Repository, paging: Paging) -> Query:
    query = parse(
        request.path[0],
        page.parameters,
        repository.ports.definitions,
        base=request.base,
        lenient=lenient(request.headers),
        default_count=paging.default_count,
        max_count=paging.max_count,
        at=page.at,
    )
    return replace(query, after=page.after) if page.after else query


def _entries(base: str, rows: Iterable[Stored], mode: SearchMode) -> Iterator[SearchEntry]:
    return (
        SearchEntry(full_url=f"{base}/{row.type}/{row.id}", resource=row.body or b"", mode=mode)
        for row in rows
    )

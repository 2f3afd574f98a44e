"""The Bundle that answers a search: entries, links, and what has to be said about them.

https://hl7.org/fhir/R4/search.html#return

The `self` link states what was really evaluated; `next` is a sealed cursor. What was left out of a
lenient search, and a limit that cuts what is included, stand in an OperationOutcome.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from urllib.parse import urlencode

from fhir_server.access.repository import Repository
from fhir_server.fhir import summary
from fhir_server.fhir.bundle import SearchEntry, SearchMode, searchset
from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.outcome import Issue, operation_outcome
from fhir_server.fhir.resource import Resource
from fhir_server.interactions.cursor import Cursor
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.paging import Paging, next_link
from fhir_server.search.query import Query, Summary
from fhir_server.storage.rows import SearchRows, Stored

Shorten = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A search that was answered: `query` is what was understood, of the first type at least.

    `applied` are the pairs of the `self` link, `page` where the page began.
    """

    query: Query
    rows: SearchRows
    applied: Sequence[tuple[str, str]]
    page: Cursor


def response(
    request: FhirRequest, repository: Repository, paging: Paging, found: Answered
) -> FhirResponse:
    """Return the Bundle of one page."""
    rows = found.rows
    links = [("self", self_link(request, found.applied))]
    if rows.after is not None:
        # What was ignored leniently on the first page must not be refused on the next.
        parameters = tuple(found.applied)
        following = Cursor(parameters=parameters, after=rows.after, at=found.page.at)
        links.append(next_link(request, repository, paging, following))
    shorten = shortener(found.query, repository.ports.definitions)
    entries = chain(
        _entries(request.base, rows.matches, SearchMode.MATCH, shorten),
        _entries(request.base, rows.includes, SearchMode.INCLUDE, shorten),
        _notes(found.query, cut=rows.cut),
    )
    return FhirResponse(status=200, body=searchset(entries, links=links, total=rows.total))


def self_link(request: FhirRequest, applied: Sequence[tuple[str, str]]) -> str:
    """Return the URL of the search as it was understood, in the format that was asked for."""
    path = "/".join(part for part in request.path if part != "_search")
    url = f"{request.base}/{path}".rstrip("/")
    return f"{url}?{urlencode((*applied, *request.form))}".rstrip("?")


def shortener(query: Query, definitions: Definitions) -> Shorten | None:
    """Return what makes the part of a body that is asked for; None where the whole is."""
    part = _part(query, definitions)
    return None if part is None else lambda body: encode(part(decode(body)))


def _part(query: Query, definitions: Definitions) -> Callable[[Resource], Resource] | None:
    if query.elements:
        return partial(summary.elements, names=query.elements, definitions=definitions)
    match query.summary:
        case Summary.TRUE:
            return partial(summary.summary, definitions=definitions)
        case Summary.TEXT:
            return partial(summary.text, definitions=definitions)
        case Summary.DATA:
            return summary.data
        case _:
            return None


def _entries(
    base: str, rows: Iterable[Stored], mode: SearchMode, shorten: Shorten | None
) -> Iterator[SearchEntry]:
    for row in rows:
        body = row.body or b""
        yield SearchEntry(
            full_url=f"{base}/{row.type}/{row.id}",
            resource=body if shorten is None else shorten(body),
            mode=mode,
        )


def _notes(query: Query, *, cut: bool) -> Iterator[SearchEntry]:
    """Yield the OperationOutcome, where there is something to say."""
    issues = [
        Issue(
            severity="warning",
            code="not-supported",
            diagnostics=f"`{name}` was left out of the search: it is not understood here.",
            expression=name,
        )
        for name in query.ignored
    ]
    if cut:
        text = "There is more to include than one answer holds: ask for fewer with `_count`."
        issues.append(Issue(severity="warning", code="too-costly", diagnostics=text))
    if issues:
        outcome = encode(operation_outcome(tuple(issues)))
        yield SearchEntry(full_url="", resource=outcome, mode=SearchMode.OUTCOME)

"""History: the versions of one resource, of a type, or of all types, newest first.

https://hl7.org/fhir/R4/http.html#history

A deletion is an entry with the request's method DELETE and no resource: an EHR that keeps its
patients in step learns of deletions from the type's history.
"""

from typing import cast

from fhir_server.access.repository import HistoryPage, Repository
from fhir_server.fhir import bundle
from fhir_server.fhir.dates import InvalidDateError, parse
from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.interactions.cursor import Cursor
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.paging import Paging, next_link, start
from fhir_server.interactions.prefer import lenient
from fhir_server.interactions.searchset import self_link
from fhir_server.search.query import HistoryQuery
from fhir_server.storage.rows import Stored

_PARAMETERS = frozenset({"_count", "_since", "_at"})
_TYPE = "_type"


def history(request: FhirRequest, repository: Repository, paging: Paging) -> FhirResponse:
    """Return one page of the history of `[type]` or of `[type]/[id]`.

    Raises:
        InvalidSearchError: A parameter is unknown or malformed.
        InvalidRequestError: The cursor is not the caller's, or not of this history.
        NotFoundError: The resource is unknown, or not to be disclosed to this caller.
        ForbiddenError: The caller may not see this history.
    """
    page = start(request, repository, paging)
    id_ = request.path[1] if request.path[1] != "_history" else None
    query = _query(request, page, paging, (request.path[0], id_))
    return _response(request, repository, paging, (page, repository.history(query)))


def history_system(request: FhirRequest, repository: Repository, paging: Paging) -> FhirResponse:
    """Return one page of the history of all types, or of those that `_type` names.

    Raises:
        InvalidSearchError: A parameter is unknown or malformed.
        InvalidRequestError: The cursor is not the caller's, or not of this history.
        ForbiddenError: The caller may see the history of no type, or not of one that it names.
    """
    page = start(request, repository, paging)
    known = repository.ports.definitions.resource_types
    named = [t for name, text in page.parameters if name == _TYPE for t in text.split(",")]
    if unknown := [type_ for type_ in named if type_ not in known]:
        raise InvalidSearchError(f"`{unknown[0]}` is no resource type.", expression=_TYPE)
    queries = [_query(request, page, paging, (type_, None)) for type_ in named or known]
    rows = repository.history_of_several(queries, named=bool(named))
    return _response(request, repository, paging, (page, rows))


def _response(
    request: FhirRequest,
    repository: Repository,
    paging: Paging,
    found: tuple[Cursor, HistoryPage],
) -> FhirResponse:
    page, rows = found
    known = tuple(pair for pair in page.parameters if pair[0] in {*_PARAMETERS, _TYPE})
    links = [("self", self_link(request, known))]
    if rows.after is not None:
        following = Cursor(parameters=known, after=rows.after, at=page.at)
        links.append(next_link(request, repository, paging, following))
    entries = (_entry(request.base, stored) for stored in rows.versions)
    return FhirResponse(status=200, body=bundle.history(entries, links=links, total=rows.total))


def _query(
    request: FhirRequest, page: Cursor, paging: Paging, address: tuple[str, str | None]
) -> HistoryQuery:
    known = _PARAMETERS if len(request.path) > 1 else {*_PARAMETERS, _TYPE}
    unknown = [name for name, _ in page.parameters if name not in known]
    if unknown and not lenient(request.headers):
        raise InvalidSearchError(
            f"`{unknown[0]}` is not a parameter of history; "
            f"{', '.join(f'`{name}`' for name in sorted(known))} are.",
            expression=unknown[0],
        )
    values = dict(page.parameters)
    type_, id_ = address
    return HistoryQuery(
        type=type_,
        id=id_,
        since=_since(values["_since"]) if "_since" in values else None,
        at=_at(values["_at"]) if "_at" in values else None,
        count=_count(values["_count"], paging) if "_count" in values else paging.default_count,
        after=cast("tuple[int, int, int]", page.after) if page.after else None,
    )


def _at(text: str) -> tuple[int, int]:
    """Return the interval, in microseconds, in which versions must have been current."""
    try:
        period = parse(text)
    except InvalidDateError as error:
        raise InvalidSearchError(f"{error} `{text}` does not.", expression="_at") from None
    return period.lo, period.hi


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

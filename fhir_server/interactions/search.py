"""Search by GET and by POST: of one type, of several, of a compartment.

https://hl7.org/fhir/R4/http.html#search and https://hl7.org/fhir/R4/search.html
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fhir_server.access.repository import Repository
from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.interactions.cursor import Cursor
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.paging import Paging, start
from fhir_server.interactions.prefer import lenient
from fhir_server.interactions.searchset import Answered, response
from fhir_server.search.compartments import COMPARTMENTS, membership, types_of
from fhir_server.search.expression import all_of
from fhir_server.search.parse import parse, parse_several
from fhir_server.search.query import Query
from fhir_server.search.terminology_codes import TerminologyCodes

_TYPE = "_type"
_EVERY = "*"
_COMPARTMENT_AND_TYPE = 3

Pairs = Sequence[tuple[str, str]]


def search(request: FhirRequest, repository: Repository, paging: Paging) -> FhirResponse:
    """Return one page of what matches and the caller may have, with what it includes.

    Raises:
        InvalidSearchError: A parameter is unknown or malformed.
        InvalidRequestError: The cursor is not the caller's, or not of this search.
        ForbiddenError: The caller may not search this type.
    """
    page = start(request, repository, paging)
    reading = Reading(request, repository, paging, page.at)
    query = reading(request.path[0], page.parameters, lenient(request.headers))
    query = _at(query, page)
    rows = repository.search(query)
    found = Answered(query=query, rows=rows, applied=query.applied, page=page)
    return response(request, repository, paging, found)


def search_system(request: FhirRequest, repository: Repository, paging: Paging) -> FhirResponse:
    """Return one page of resources of all types, or of those that `_type` names.

    https://hl7.org/fhir/R4/search.html#all ; only parameters that each type has can be used.

    Raises:
        InvalidSearchError: A parameter is unknown or malformed, or not one of each type.
        InvalidRequestError: The cursor is not the caller's, or not of this search.
        ForbiddenError: The caller may search none of the types, or not one that it names.
    """
    page = start(request, repository, paging)
    types, pairs = _types(page.parameters, repository.ports.definitions.resource_types)
    return _several(request, repository, paging, page, (types, pairs))


def compartment(request: FhirRequest, repository: Repository, paging: Paging) -> FhirResponse:
    """Return one page of what is about a patient, encounter, practitioner or related person.

    https://hl7.org/fhir/R4/compartmentdefinition.html ; `*` stands for every type in it.

    Raises:
        InvalidSearchError: As for `search_system`; or the type has no place in the compartment.
        InvalidRequestError: The cursor is not the caller's, or not of this search.
        ForbiddenError: The caller may not search this type.
    """
    of, _, type_ = request.path[:_COMPARTMENT_AND_TYPE]
    definitions = repository.ports.definitions
    if of not in COMPARTMENTS:
        raise InvalidSearchError(
            f"`{of}` has no compartment; {', '.join(f'`{each}`' for each in COMPARTMENTS)} have."
        )
    inside = types_of(of, definitions)
    page = start(request, repository, paging)
    if type_ == _EVERY:
        types, pairs = _types(page.parameters, inside)
        return _several(request, repository, paging, page, (types, pairs))
    if type_ not in inside:
        raise InvalidSearchError(f"`{type_}` has no place in the compartment of `{of}`.")
    reading = Reading(request, repository, paging, page.at)
    query = reading(type_, page.parameters, lenient(request.headers))
    query = _at(_member(request, repository, query), page)
    rows = repository.search(query)
    found = Answered(query=query, rows=rows, applied=query.applied, page=page)
    return response(request, repository, paging, found)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the searches of one request are read against."""

    request: FhirRequest
    repository: Repository
    paging: Paging
    at: int

    def __call__(self, type_: str, pairs: Pairs, leniently: bool) -> Query:  # noqa: FBT001 - search.parse.parse_several gives it
        """Return the search of `type_` that `pairs` ask for.

        Raises:
            InvalidSearchError: A parameter is unknown or malformed.
        """
        ports = self.repository.ports
        return parse(
            type_,
            pairs,
            ports.definitions,
            base=self.request.base,
            lenient=leniently,
            default_count=self.paging.default_count,
            max_count=self.paging.max_count,
            at=self.at,
            codes=TerminologyCodes(ports.terminology),
        )


def _member(request: FhirRequest, repository: Repository, query: Query) -> Query:
    """Return `query` of what lies in the compartment that the path names."""
    of, id_ = request.path[:2]
    inside = membership(of, id_, query.type, repository.ports.definitions)
    if inside is None:
        raise InvalidSearchError(f"`{query.type}` has no place in the compartment of `{of}`.")
    return replace(query, where=all_of(inside, query.where))


def _several(
    request: FhirRequest,
    repository: Repository,
    paging: Paging,
    page: Cursor,
    asked: tuple[tuple[str, ...], Pairs],
) -> FhirResponse:
    types, pairs = asked
    read = Reading(request, repository, paging, page.at)
    queries = parse_several(types, pairs, read, lenient=lenient(request.headers))
    if len(request.path) >= _COMPARTMENT_AND_TYPE:
        queries = tuple(_member(request, repository, query) for query in queries)
    queries = tuple(_at(query, page) for query in queries)
    said = [pair for pair in page.parameters if pair[0] == _TYPE]
    rows = repository.search_several(queries, named=bool(said))
    applied = (*said, *queries[0].applied)
    found = Answered(query=queries[0], rows=rows, applied=applied, page=page)
    return response(request, repository, paging, found)


def _types(pairs: Pairs, known: Sequence[str]) -> tuple[tuple[str, ...], Pairs]:
    """Return the types that `_type` names, all if it is not there; and the other pairs."""
    named = [type_ for name, text in pairs if name == _TYPE for type_ in text.split(",")]
    for type_ in named:
        if type_ not in known:
            raise InvalidSearchError(f"`{type_}` is none of the types here.", expression=_TYPE)
    rest = tuple(pair for pair in pairs if pair[0] != _TYPE)
    return tuple(dict.fromkeys(named)) or tuple(known), rest


def _at(query: Query, page: Cursor) -> Query:
    return replace(query, after=page.after) if page.after else query

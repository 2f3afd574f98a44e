"""$everything: all that is known about a patient, or about an encounter, page by page.

https://hl7.org/fhir/R4/patient-operation-everything.html and
https://hl7.org/fhir/R4/encounter-operation-everything.html

What lies in the compartment, each resource permitted for itself, with the directory entries that it
refers to. `start` and `end` bound the time of care; what has no such time is always there.
"""

from collections.abc import Iterator

from fhir_server.access.directory import DIRECTORY_TYPES
from fhir_server.access.repository import Repository
from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.interactions.cursor import Cursor
from fhir_server.interactions.message import FhirRequest, FhirResponse
from fhir_server.interactions.paging import Paging, start
from fhir_server.interactions.searchset import Answered, response
from fhir_server.search.compartments import membership, types_of
from fhir_server.search.expression import (
    Comparison,
    DateIn,
    Expression,
    HasValue,
    IdIs,
    Not,
    UpdatedIn,
    all_of,
    any_of,
)
from fhir_server.search.parameter import Parameter, SearchType
from fhir_server.search.parameters import parameters
from fhir_server.search.params.date import compared
from fhir_server.search.query import Include, Query

_BOUNDS = {"start": Comparison.GE, "end": Comparison.LE}
_SINCE, _TYPE, _COUNT = "_since", "_type", "_count"
# The first of them that a type has is the time of its care.
_CARE = (
    "date",
    "period",
    "onset-date",
    "recorded-date",
    "authored",
    "authoredon",
    "created",
    "sent",
)


def everything(request: FhirRequest, repository: Repository, paging: Paging) -> FhirResponse:
    """Return one page of what lies in the compartment of the resource that the URL names.

    Raises:
        InvalidSearchError: A parameter is unknown or malformed.
        InvalidRequestError: The cursor is not the caller's, or not of this request.
        NotFoundError: Unknown, or not to be disclosed to this caller.
        GoneError: Deleted.
        ForbiddenError: No scope for the resource, or for a type that `_type` names.
    """
    of, id_ = request.path[:2]
    repository.read(of, id_)
    page = start(request, repository, paging)
    definitions = repository.ports.definitions
    inside = types_of(of, definitions)
    named = [t for name, text in page.parameters if name == _TYPE for t in text.split(",")]
    if unknown := [type_ for type_ in named if type_ not in inside]:
        raise InvalidSearchError(
            f"`{unknown[0]}` has no place in the compartment of `{of}`.", expression=_TYPE
        )
    _require_known(page)
    queries = [
        _query(page, paging, definitions, (of, id_, type_))
        for type_ in dict.fromkeys(named or inside)
    ]
    rows = repository.search_several(queries, named=bool(named))
    found = Answered(query=queries[0], rows=rows, applied=page.parameters, page=page)
    return response(request, repository, paging, found)


def _require_known(page: Cursor) -> None:
    known = {*_BOUNDS, _SINCE, _TYPE, _COUNT}
    for name, _ in page.parameters:
        if name not in known:
            listed = ", ".join(f"`{each}`" for each in sorted(known))
            raise InvalidSearchError(
                f"`{name}` is no parameter of `$everything`; these are: {listed}.", expression=name
            )


def _query(
    page: Cursor, paging: Paging, definitions: Definitions, about: tuple[str, str, str]
) -> Query:
    of, id_, type_ = about
    where = [_inside(of, id_, type_, definitions)]
    care = _time_of_care(definitions, type_)
    count = paging.default_count
    for name, text in page.parameters:
        if name in _BOUNDS and care is not None:
            where.append(_bounded(care, _BOUNDS[name], text, page.at))
        elif name == _SINCE:
            _, (lo, hi) = compared(_SINCE, text, page.at)
            where.append(UpdatedIn(comparison=Comparison.GE, lo=lo, hi=hi))
        elif name == _COUNT:
            count = _counted(text, paging)
    return Query(
        type=type_,
        where=all_of(*where),
        count=count,
        includes=tuple(_outside(definitions, of)),
        after=page.after or None,
    )


def _inside(of: str, id_: str, type_: str, definitions: Definitions) -> Expression:
    if type_ == of:
        return IdIs(ids=(id_,))
    found = membership(of, id_, type_, definitions)
    if found is None:
        raise InvalidSearchError(f"`{type_}` has no place in the compartment of `{of}`.")
    return found


def _outside(definitions: Definitions, of: str) -> Iterator[Include]:
    """Yield what comes along: who and what the records name, and whose an encounter is."""
    for type_ in definitions.resource_types:
        if type_ in DIRECTORY_TYPES or (of == "Encounter" and type_ == "Patient"):
            yield Include(target=type_)


def _time_of_care(definitions: Definitions, type_: str) -> Parameter | None:
    known = parameters(definitions, type_)
    dates = (known.get(code) for code in _CARE)
    return next((one for one in dates if one and one.type is SearchType.DATE), None)


def _bounded(of: Parameter, comparison: Comparison, text: str, at: int) -> Expression:
    prefix, (lo, hi) = compared(of.code, text, at)
    if prefix is not Comparison.EQ:
        raise InvalidSearchError(f"`{text}` must be a date without a prefix.")
    within = DateIn(parameter=of, comparison=comparison, lo=lo, hi=hi)
    return any_of(within, Not(operand=HasValue(parameter=of)))


def _counted(text: str, paging: Paging) -> int:
    if not (text.isascii() and text.isdigit()) or int(text[:9]) == 0:
        raise InvalidSearchError(f"`{text}` is no number of resources.", expression=_COUNT)
    return min(int(text[:9]), paging.max_count)

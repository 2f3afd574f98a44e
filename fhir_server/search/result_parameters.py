"""The parameters that say how to answer a search and not what to find.

https://hl7.org/fhir/R4/search.html#return
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.search.asked import Asked
from fhir_server.search.parameter import SearchType
from fhir_server.search.parameters import ID, LAST_UPDATED
from fhir_server.search.query import Include, Query, SortKey, Summary, Total

COUNT = "_count"
# The form of the response, which the web layer negotiates.
FORM = frozenset({"_format", "_pretty"})
_SORTABLE = frozenset({SearchType.DATE, SearchType.STRING})
_LATER = (
    "_contained",
    "_containedType",
    "_content",
    "_elements",
    "_filter",
    "_list",
    "_query",
    "_revinclude",
    "_score",
    "_text",
    "_type",
)

Reader = Callable[[Query, str, Asked], Query]


def count(query: Query, text: str, asked: Asked) -> Query:
    """Read `_count`; what is above the server's limit is cut to it.

    Raises:
        InvalidSearchError: It is no whole number.
    """
    if not (text.isascii() and text.isdigit()):
        raise InvalidSearchError(f"`{text}` is no whole number for `_count`.", expression=COUNT)
    return replace(query, count=min(int(text[:9]), asked.max_count))


def sort(query: Query, text: str, asked: Asked) -> Query:
    """Read `_sort`: codes separated by commas, `-` for descending.

    Raises:
        InvalidSearchError: A code is unknown, or its type has no order here.
    """
    return replace(query, sort=tuple(_sort_key(item, asked) for item in text.split(",")))


def include(query: Query, text: str, asked: Asked) -> Query:
    """Read one `_include`: `Type:parameter` or `Type:parameter:Target`.

    Raises:
        InvalidSearchError: It does not name a reference parameter of the type searched for.
    """
    match text.split(":"):
        case [source, code, *target] if source == asked.type and len(target) < 2:  # noqa: PLR2004 - at most one target
            found = _included(asked, code, target[0] if target else None)
            return replace(query, includes=tuple(dict.fromkeys((*query.includes, found))))
        case _:
            raise InvalidSearchError(
                f"`_include={text}` is not of the form `{asked.type}:parameter` or "
                f"`{asked.type}:parameter:Target`.",
                expression="_include",
            )


def summary(query: Query, text: str, _: Asked) -> Query:
    """Read `_summary`.

    Raises:
        InvalidSearchError: It is none that this server gives.
    """
    if text not in {value.value for value in Summary}:
        raise InvalidSearchError(
            f"`_summary={text}` is not supported; `count` and `false` are.", expression="_summary"
        )
    return replace(query, summary=Summary(text))


def total(query: Query, text: str, _: Asked) -> Query:
    """Read `_total`.

    Raises:
        InvalidSearchError: It is none of `none`, `estimate`, `accurate`.
    """
    if text not in {value.value for value in Total}:
        raise InvalidSearchError(
            f"`_total={text}` is none of `none`, `estimate`, `accurate`.", expression="_total"
        )
    return replace(query, total=Total(text))


READERS: Mapping[str, Reader] = {
    COUNT: count,
    "_sort": sort,
    "_include": include,
    "_summary": summary,
    "_total": total,
}
REPEATABLE = frozenset({"_include"})


def reader(name: str) -> Reader | None:
    """Return what reads the result parameter `name`, None where `name` is a criterion.

    Raises:
        InvalidSearchError: The specification has it, this server does not.
    """
    code, _, modifier = name.partition(":")
    if code in _LATER or (code in READERS and modifier):
        raise InvalidSearchError(f"`{name}` is not supported yet.", expression=name)
    return READERS.get(code)


def settled(query: Query) -> Query:
    """Return `query` with what its parameters imply of each other.

    A page of none, like `_summary=count`, asks for the number only.
    """
    if query.summary is not Summary.COUNT and query.count > 0:
        return query
    return replace(
        query, count=0, summary=Summary.COUNT, total=Total.ACCURATE, sort=(), includes=()
    )


def _sort_key(item: str, asked: Asked) -> SortKey:
    descending = item.startswith("-")
    code = item.removeprefix("-")
    if code == LAST_UPDATED:
        return SortKey(descending=descending)
    if code == ID:
        return SortKey(by_id=True, descending=descending)
    parameter = asked.parameter(code, "_sort")
    if parameter.type not in _SORTABLE:
        raise InvalidSearchError(
            f"`_sort` by `{code}` is not supported: its type is `{parameter.type}`, and only "
            "`date` and `string` have an order here.",
            expression="_sort",
        )
    return SortKey(parameter=parameter, descending=descending)


def _included(asked: Asked, code: str, target: str | None) -> Include:
    parameter = asked.parameter(code, "_include")
    if parameter.type is not SearchType.REFERENCE:
        raise InvalidSearchError(
            f"`_include` of `{code}` is not possible: it is no reference.", expression="_include"
        )
    known = parameter.targets or asked.here.types
    if target is not None and target not in known:
        raise InvalidSearchError(f"`{code}` does not refer to `{target}`.", expression="_include")
    return Include(parameter=parameter, target=target)

"""The parameters that say how to answer a search and not what to find.

https://hl7.org/fhir/R4/search.html#return
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.search import includes
from fhir_server.search.asked import Asked
from fhir_server.search.parameter import SearchType
from fhir_server.search.parameters import ID, LAST_UPDATED
from fhir_server.search.query import Query, SortKey, Summary, Total

COUNT = "_count"
# The form of the response, which the web layer negotiates.
FORM = frozenset({"_format", "_pretty"})
_UNSORTABLE = frozenset({SearchType.COMPOSITE, SearchType.SPECIAL})
_LATER = (
    "_contained",
    "_containedType",
    "_content",
    "_filter",
    "_query",
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


def summary(query: Query, text: str, _: Asked) -> Query:
    """Read `_summary`.

    Raises:
        InvalidSearchError: There is no such summary.
    """
    if text not in {value.value for value in Summary}:
        raise InvalidSearchError(
            f"`_summary={text}` is none of `true`, `text`, `data`, `count`, `false`.",
            expression="_summary",
        )
    return replace(query, summary=Summary(text))


def elements(query: Query, text: str, asked: Asked) -> Query:
    """Read `_elements`: names of elements at the top of the resource.

    Raises:
        InvalidSearchError: The type has no such element.
    """
    table = asked.definitions.structure(asked.type).elements[asked.type]
    known = {element.name for element in table}
    names = [name.removeprefix(f"{asked.type}.") for name in text.split(",")]
    if unknown := [name for name in names if name not in known]:
        raise InvalidSearchError(
            f"`{unknown[0]}` is no element of `{asked.type}`.", expression="_elements"
        )
    return replace(query, elements=tuple(dict.fromkeys((*query.elements, *names))))


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
    "_include": includes.include,
    "_revinclude": includes.revinclude,
    "_include:iterate": partial(includes.include, iterate=True),
    "_revinclude:iterate": partial(includes.revinclude, iterate=True),
    "_summary": summary,
    "_elements": elements,
    "_total": total,
}
REPEATABLE = frozenset(
    {"_include", "_revinclude", "_include:iterate", "_revinclude:iterate", "_elements"}
)


def reader(name: str) -> Reader | None:
    """Return what reads the result parameter `name`, None where `name` is a criterion.

    Raises:
        InvalidSearchError: The specification has it, this server does not.
    """
    code, _, modifier = name.partition(":")
    found = READERS.get(name)
    if found is None and (code in _LATER or code in READERS):
        what = f"The modifier `:{modifier}` of `{code}`" if code in READERS else f"`{name}`"
        raise InvalidSearchError(f"{what} is not supported here.", expression=name)
    return found


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
    if parameter.type in _UNSORTABLE:
        raise InvalidSearchError(
            f"`_sort` by `{code}` is not possible: a `{parameter.type}` has no order.",
            expression="_sort",
        )
    return SortKey(parameter=parameter, descending=descending)

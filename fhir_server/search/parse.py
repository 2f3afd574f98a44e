"""The pairs of a query string to a Query.

https://hl7.org/fhir/R4/search.html ; unknown or malformed parameters are refused, unless the
client asks for lenient handling (https://hl7.org/fhir/R4/search.html#errors): then they are left
out, of the search as of the `self` link.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.search import result_parameters
from fhir_server.search.asked import Asked
from fhir_server.search.criteria import criterion
from fhir_server.search.expression import Expression, all_of
from fhir_server.search.params.reference import Here
from fhir_server.search.params.token_sets import Codes
from fhir_server.search.query import Query


def parse(  # noqa: PLR0913 - what a search is read against, each named by its caller
    type_name: str,
    pairs: Sequence[tuple[str, str]],
    definitions: Definitions,
    *,
    base: str,
    lenient: bool,
    default_count: int,
    max_count: int,
    at: int,
    codes: Codes | None = None,
) -> Query:
    """Return the search of `type_name` that `pairs` ask for.

    `base` is the server's FHIR base URL and `at` the time of the request in microseconds. `codes`
    answers the modifiers that need terminology.
    `Query.applied` are the pairs that were used, with the `_count` that was used.

    Raises:
        InvalidSearchError: A parameter, modifier or value is unknown or malformed (not `lenient`).
        KeyError: `type_name` is no resource type.
    """
    asked = Asked(
        type=type_name,
        definitions=definitions,
        here=Here(base=base, types=_types(definitions)),
        max_count=max_count,
        at=at,
        codes=codes,
    )
    definitions.type_id(type_name)
    reading = _Reading(asked, Query(type=type_name, count=min(default_count, max_count)))
    for name, text in pairs:
        if name in result_parameters.FORM:
            continue
        try:
            reading.read(name, text)
        except InvalidSearchError:
            if not lenient:
                raise
            reading.ignore(name)
    return reading.query()


def parse_several(
    types: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    read: Callable[[str, Sequence[tuple[str, str]], bool], Query],
    *,
    lenient: bool,
) -> tuple[Query, ...]:
    """Return the search of each of `types`, all of which must know every parameter.

    `read` reads pairs for a type, leniently or not.

    Raises:
        InvalidSearchError: One does not know a parameter, or the order is one type's own.
        KeyError: One is no resource type.
    """
    used = list(pairs)
    if lenient:
        known = [set(read(type_, pairs, True).applied) for type_ in types]  # noqa: FBT003 - lenient
        names = {name for name, _ in set.intersection(*known)} if known else set()
        used = [pair for pair in pairs if pair[0] in names]
    queries = tuple(read(type_, used, False) for type_ in types)  # noqa: FBT003 - not lenient
    ignored = tuple(dict.fromkeys(name for name, text in pairs if (name, text) not in used))
    for query in queries:
        if any(key.parameter is not None for key in query.sort):
            raise InvalidSearchError(
                "Several types have no order but that of `_lastUpdated` and `_id`.",
                expression="_sort",
            )
    return tuple(replace(query, ignored=ignored) for query in queries)


@cache
def _types(definitions: Definitions) -> frozenset[str]:
    return frozenset(definitions.resource_types)


class _Reading:
    """A query as far as it has been read."""

    def __init__(self, asked: Asked, query: Query) -> None:
        self._asked = asked
        self._query = query
        self._where: list[Expression] = []
        self._applied: list[tuple[str, str]] = []
        self._ignored: list[str] = []

    def read(self, name: str, text: str) -> None:
        reader = result_parameters.reader(name)
        if reader is None:
            self._where.append(criterion(self._asked, name, text))
            self._applied.append((name, text))
            return
        if name not in result_parameters.REPEATABLE and name in dict(self._applied):
            raise InvalidSearchError(f"`{name}` can be given only once.", expression=name)
        self._query = reader(self._query, text, self._asked)
        used = str(self._query.count) if name == result_parameters.COUNT else text
        self._applied.append((name, used))

    def ignore(self, name: str) -> None:
        """Note a parameter that was left out."""
        self._ignored.append(name)

    def query(self) -> Query:
        return replace(
            result_parameters.settled(self._query),
            where=all_of(*self._where),
            applied=tuple(self._applied),
            ignored=tuple(dict.fromkeys(self._ignored)),
        )

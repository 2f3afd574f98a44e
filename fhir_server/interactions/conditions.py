"""Conditional interactions: what is changed is named by a search and not by an id.

https://hl7.org/fhir/R4/http.html#ccreate , `#cond-update`, `#cdelete` and
https://hl7.org/fhir/R4/http.html#trules (conditional references)

A condition sees what its caller may see and nothing else. It is always read strictly: a filter that
is not understood must not widen what is changed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import parse_qsl

from fhir_server.access.conditions import Guard
from fhir_server.access.repository import Repository
from fhir_server.fhir.outcome import (
    ConditionChangedError,
    InvalidRequestError,
    PreconditionError,
)
from fhir_server.search.expression import Everything
from fhir_server.search.parse import parse
from fhir_server.search.query import Query
from fhir_server.search.terminology_codes import TerminologyCodes
from fhir_server.storage.rows import Stored

# So many resources may one conditional delete delete.
MOST_DELETED = 100
_TRIES = 5
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Criteria, and what they found."""

    query: Query
    found: tuple[Stored, ...]

    @property
    def match(self) -> Stored | None:
        """The one resource that was found, if one was."""
        return self.found[0] if self.found else None

    @property
    def guard(self) -> Guard:
        """What must still hold when the change is made."""
        return Guard(query=self.query, ids=tuple(match.id for match in self.found))


def condition(
    repository: Repository, type_: str, pairs: Sequence[tuple[str, str]], *, most: int = 1
) -> Condition:
    """Return the resources of `type_` that `pairs` find, of which there may be `most`.

    Raises:
        InvalidSearchError: A criterion is unknown or malformed.
        InvalidRequestError: There is none.
        PreconditionError: They find more.
        ForbiddenError: The caller may not search the type.
    """
    ports = repository.ports
    query = parse(
        type_,
        pairs,
        ports.definitions,
        base=ports.base,
        lenient=False,
        default_count=most + 1,
        max_count=most + 1,
        at=repository.context.at,
        codes=TerminologyCodes(ports.terminology),
    )
    if query.where == Everything():
        raise InvalidRequestError(f"A condition on `{type_}` must name at least one criterion.")
    query = replace(query, count=most + 1, sort=(), includes=())
    found = repository.search(query).matches
    if len(found) > most:
        raise PreconditionError(
            f"The criteria find more than {most} of `{type_}`; nothing was changed."
        )
    return Condition(query=query, found=found)


def criteria(text: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of If-None-Exist, which may begin with `?` or with the type.

    Raises:
        InvalidRequestError: They are not percent-encoded UTF-8.
    """
    _, mark, query = text.partition("?")
    try:
        return tuple(parse_qsl(query if mark else text, keep_blank_values=True, errors="strict"))
    except ValueError:
        raise InvalidRequestError(
            "The criteria must be percent-encoded UTF-8.", expression="http.If-None-Exist"
        ) from None


def referred(repository: Repository, reference: str) -> str:
    """Return `Type/id` of the one resource that a conditional reference is to.

    Raises:
        PreconditionError: There is none, or there are several.
        InvalidSearchError: Its criteria are unknown or malformed.
    """
    type_, _, query = reference.removeprefix(f"{repository.ports.base}/").partition("?")
    if not repository.ports.definitions.is_resource_type(type_):
        raise InvalidRequestError(f"`{reference}` does not begin with a resource type.")
    found = condition(repository, type_, criteria(query)).match
    if found is None:
        raise PreconditionError(f"`{reference}` finds nothing that is known to you.")
    return f"{type_}/{found.id}"


def until_settled(attempt: Callable[[], T]) -> T:
    """Return `attempt()`, made anew while what it depends on changes under it.

    Raises:
        ConditionChangedError: It changed every time.
    """
    for _ in range(_TRIES - 1):
        try:
            return attempt()
        except ConditionChangedError:
            continue
    return attempt()

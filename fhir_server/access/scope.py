"""What the token's scopes let the caller do, asked before anything is looked up.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html

The prefix matters. `system/` counts for backend services only, `user/` and `patient/` for tokens
that a person granted. `patient/` reaches the launch patient's compartment, and reads directory
data, which is about nobody; what a role may not have was left out when the token was granted.
A scope with a query reaches what matches it; several scopes of a type together reach what any of
them does, for reading and for writing alike.
"""

from collections.abc import Iterator

from fhir_server.access.compartment import in_compartment
from fhir_server.access.context import AccessContext
from fhir_server.access.directory import DIRECTORY_TYPES
from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.outcome import ForbiddenError, InvalidSearchError
from fhir_server.search.expression import (
    Everything,
    Expression,
    Nothing,
    all_of,
    any_of,
    goes_elsewhere,
)
from fhir_server.search.parse import parse
from fhir_server.smart.scopes import Level, Scope

_VERBS = {"c": "create", "r": "read", "u": "update", "d": "delete", "s": "search"}
_READING = frozenset("rs")


def readable(
    context: AccessContext, type_: str, letter: str, definitions: Definitions, *, base: str
) -> Expression:
    """Return which resources of `type_` the scopes let the caller reach by `letter` of "cruds".

    Raises:
        ForbiddenError: None.
    """
    found = reach(context, type_, letter, definitions, base=base)
    if found == Nothing():
        raise _forbidden(type_, letter)
    return found


def reach(
    context: AccessContext, type_: str, letter: str, definitions: Definitions, *, base: str
) -> Expression:
    """Return the same as `readable`; `Nothing` where there is no scope."""
    if context.system:
        return Everything()
    reached: list[Expression] = []
    for scope in _granting(context, type_, letter):
        found = _of(scope, context, type_, letter, definitions, base=base)
        if found == Everything():
            return found
        reached.append(found)
    return any_of(*reached)


def out_of_reach() -> ForbiddenError:
    """Return the refusal of a change beyond what the token's scopes reach."""
    return ForbiddenError(
        "The token's scopes do not reach this resource: see its launch patient, and the queries"
        " of its scopes."
    )


def _of(  # noqa: PLR0913 - what a scope is read against
    scope: Scope,
    context: AccessContext,
    type_: str,
    letter: str,
    definitions: Definitions,
    *,
    base: str,
) -> Expression:
    narrowed = _narrowed(scope, context, type_, definitions, base=base)
    if scope.level is not Level.PATIENT:
        return narrowed
    if type_ in DIRECTORY_TYPES and letter in _READING:
        return narrowed
    about = in_compartment(type_, context.launch_patient, definitions)
    return Nothing() if Nothing() in (about, narrowed) else all_of(about, narrowed)


def _narrowed(
    scope: Scope, context: AccessContext, type_: str, definitions: Definitions, *, base: str
) -> Expression:
    if not scope.query:
        return Everything()
    try:
        query = parse(
            type_,
            scope.query,
            definitions,
            base=base,
            lenient=False,
            default_count=1,
            max_count=1,
            at=context.at,
        )
    except InvalidSearchError:
        # A scope that says what this type cannot be searched by grants nothing of it.
        return Nothing()
    # What another resource says cannot be what a token is limited to.
    return Nothing() if goes_elsewhere(query.where) else query.where


def _granting(context: AccessContext, type_: str, letter: str) -> Iterator[Scope]:
    return (
        scope
        for scope in context.scopes
        if (scope.level is Level.SYSTEM) == (not context.user_id)
        and scope.type in ("*", type_)
        and letter in scope.interactions
    )


def _forbidden(type_: str, letter: str) -> ForbiddenError:
    return ForbiddenError(f"The token has no scope to {_VERBS[letter]} `{type_}`.")

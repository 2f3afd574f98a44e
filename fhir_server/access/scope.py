"""What the token's scopes let the caller do at all, asked before anything is looked up.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html

Only `system/` scopes count: there is neither a user nor a launch patient behind a token yet, and
a `user/` or `patient/` scope without one would be limited by nothing. A scope with a query narrows
what is read; it does not allow to write.
"""

from collections.abc import Iterator

from fhir_server.access.context import AccessContext
from fhir_server.fhir.definitions import Definitions
from fhir_server.fhir.outcome import ForbiddenError, InvalidSearchError
from fhir_server.search.expression import Everything, Expression, Nothing, any_of
from fhir_server.search.parse import parse
from fhir_server.smart.scopes import Level, Scope

_VERBS = {"c": "create", "r": "read", "u": "update", "d": "delete", "s": "search"}


def readable(
    context: AccessContext, type_: str, letter: str, definitions: Definitions, *, base: str
) -> Expression:
    """Return which resources of `type_` the scopes let the caller `r`ead or `s`earch.

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
    return any_of(*_each(context, type_, letter, definitions, base=base))


def require_write(context: AccessContext, type_: str, letter: str) -> None:
    """Require a scope to `c`reate, `u`pdate or `d`elete resources of `type_`.

    Raises:
        ForbiddenError: There is none.
    """
    if context.system:
        return
    if not any(not scope.query for scope in _granting(context, type_, letter)):
        raise _forbidden(type_, letter)


def _each(
    context: AccessContext, type_: str, letter: str, definitions: Definitions, *, base: str
) -> Iterator[Expression]:
    for scope in _granting(context, type_, letter):
        if not scope.query:
            yield Everything()
            return
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
            continue
        yield query.where


def _granting(context: AccessContext, type_: str, letter: str) -> Iterator[Scope]:
    return (
        scope
        for scope in context.scopes
        if scope.level is Level.SYSTEM
        and scope.type in ("*", type_)
        and letter in scope.interactions
    )


def _forbidden(type_: str, letter: str) -> ForbiddenError:
    return ForbiddenError(f"The token has no scope to {_VERBS[letter]} `{type_}`.")

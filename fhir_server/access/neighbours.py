"""What a search may ask of other resources: each that a chain goes through must be permitted too.

https://hl7.org/fhir/R4/search.html#chaining ; else `_has` and chains would tell what is in records
that the caller may not see, by what they find and what they do not.
"""

from collections.abc import Callable
from dataclasses import replace

from fhir_server.search.expression import (
    And,
    Chain,
    Expression,
    Not,
    Or,
    Referrer,
    all_of,
)

# The permission to see resources of a type.
Permission = Callable[[str], Expression]


def confined(expression: Expression, permission: Permission) -> Expression:
    """Return `expression` in which every resource but the one searched for must be permitted.

    Raises:
        ForbiddenError: What `permission` raises, for a type of which nothing may be seen.
    """
    match expression:
        case And() | Or():
            return replace(
                expression,
                operands=tuple(confined(operand, permission) for operand in expression.operands),
            )
        case Not():
            return Not(operand=confined(expression.operand, permission))
        case Chain():
            return replace(expression, where=_permitted(expression.type, expression, permission))
        case Referrer():
            base = expression.parameter.base
            return replace(expression, where=_permitted(base, expression, permission))
        case _:
            return expression


def _permitted(type_: str, link: Chain | Referrer, permission: Permission) -> Expression:
    return all_of(confined(link.where, permission), permission(type_))

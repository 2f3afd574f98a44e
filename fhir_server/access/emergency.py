"""What an emergency token may ask: about one person at a time, whom the caller can name.

A client of an emergency department has no user behind it whom break-glass could ask for a reason.
So it finds a Patient only by identifier or by family name with birth date, searches everything
else only with exactly one `patient`, and sees the history of no type. Ids cannot be guessed, so
that a read by id is about one person by itself.
"""

from fhir_server.fhir.outcome import ForbiddenError
from fhir_server.fhir.resource import MICROSECONDS
from fhir_server.search.expression import (
    And,
    Comparison,
    DateIn,
    Expression,
    Or,
    RefersTo,
    StringStarts,
    TokenIs,
)
from fhir_server.search.query import Query

_DAY = 24 * 3600 * MICROSECONDS
_SHORTEST_FAMILY = 2
_PATIENT_PARAMETERS = frozenset({"patient", "subject"})


def patient_of(query: Query) -> str | None:
    """Return the id of the one patient whom a search is about; None for a search for Patients.

    Raises:
        ForbiddenError: It is about nobody in particular, or about several.
    """
    wanted = query.where.operands if isinstance(query.where, And) else (query.where,)
    if query.type == "Patient":
        if any(map(_identifies, wanted)) or (
            any(map(_is_family, wanted)) and any(map(_is_birth_date, wanted))
        ):
            return None
        raise ForbiddenError(
            "An emergency token searches Patient by one `identifier`, or by `family` and "
            "`birthdate`."
        )
    patients = {
        found.id
        for found in wanted
        if isinstance(found, RefersTo)
        and found.type == "Patient"
        and found.parameter.code in _PATIENT_PARAMETERS
    } | {patient for found in wanted if (patient := _compartment_of(found)) is not None}
    if len(patients) != 1 or None in patients:
        raise ForbiddenError(
            f"An emergency token searches `{query.type}` with exactly one `patient`."
        )
    return patients.pop()


def _compartment_of(found: Expression) -> str | None:
    """Return the id of the one Patient whom all alternatives name, as a compartment's do."""
    if not isinstance(found, Or):
        return None
    named = {
        one.id if isinstance(one, RefersTo) and one.type == "Patient" else None
        for one in found.operands
    }
    return named.pop() if len(named) == 1 else None


def _identifies(found: Expression) -> bool:
    return (
        isinstance(found, TokenIs)
        and found.parameter.code == "identifier"
        and found.code is not None
    )


def _is_family(found: Expression) -> bool:
    return (
        isinstance(found, StringStarts)
        and found.parameter.code == "family"
        and len(found.prefix) >= _SHORTEST_FAMILY
    )


def _is_birth_date(found: Expression) -> bool:
    return (
        isinstance(found, DateIn)
        and found.parameter.code == "birthdate"
        and found.comparison is Comparison.EQ
        and found.hi - found.lo <= _DAY
    )

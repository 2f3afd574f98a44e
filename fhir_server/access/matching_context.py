"""The search of the internal matching context: who else has one of these identifiers.

It runs without a caller's permission, since the same person may be known where this caller may not
look. Its ids go to intake and no further.
"""

from collections.abc import Iterable

from fhir_server.fhir.definitions import Definitions
from fhir_server.search.expression import TokenIs, any_of
from fhir_server.search.parameters import parameters
from fhir_server.search.query import Query

_MOST = 100


def patients_with(identifiers: Iterable[tuple[str, str]], definitions: Definitions) -> Query:
    """Return the search for Patients that have one of `identifiers` (system, value)."""
    parameter = parameters(definitions, "Patient")["identifier"]
    where = any_of(
        *(TokenIs(parameter=parameter, system=system, code=value) for system, value in identifiers)
    )
    return Query(type="Patient", where=where, count=_MOST)

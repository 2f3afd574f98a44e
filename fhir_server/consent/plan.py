"""The plan: the policy for one requester as the one expression that a search carries.

It holds exactly what `decide` permits; per patient, the rules of `compile` stand in the database.
"""

from dataclasses import replace

from fhir_server.consent import matrix
from fhir_server.consent.model import Request
from fhir_server.search.expression import ConsentPermits
from fhir_server.search.labels import ALL_FAMILIES


def plan(request: Request, *, system: bool = False) -> ConsentPermits:
    """Return the permission of a requester; whom it treats is asked per patient."""
    row = matrix.row(request.purpose, medical_personnel=request.medical_personnel)
    return ConsentPermits(
        own=frozenset({request.organization}) if row.own else frozenset(),
        actors=request.actors,
        purpose=int(request.purpose),
        at=request.at,
        matrix=int(row.anyone),
        matrix_treating=int(row.treating),
        absolute=int(row.absolute),
        own_withheld=int(row.own_withheld),
        system=system,
    )


def directory_only(leaf: ConsentPermits) -> ConsentPermits:
    """Return the permission of the same requester to nothing that is about a person."""
    return replace(leaf, own=frozenset(), absolute=int(ALL_FAMILIES), system=False)

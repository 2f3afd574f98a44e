"""Changes that depend on what a search finds: they are made only while it still finds that.

https://hl7.org/fhir/R4/http.html#ccreate ; two writers who both find nothing must not both create.
Each holds a lock that is named by the condition, then looks once more, inside the transaction that
makes the change; whoever comes second finds what the first has made.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from fhir_server.access.confine import Confinement
from fhir_server.fhir.outcome import ConditionChangedError
from fhir_server.search.query import Query
from fhir_server.storage.hashes import digest
from fhir_server.storage.transaction import WriteTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """`query` must still find exactly the resources with these ids when the change is made.

    Its `count` is above the number of `ids`, so that one more would show.
    """

    query: Query
    ids: tuple[str, ...]


def require_unchanged(
    transaction: WriteTransaction, guards: Sequence[Guard], confinement: Confinement
) -> None:
    """Hold the conditions of `guards` until the transaction ends, and look once more.

    Raises:
        ConditionChangedError: One finds something else by now.
        ForbiddenError: The caller may not search so.
    """
    transaction.hold(map(_name, guards))
    for guard in guards:
        found = transaction.matching(confinement.search(guard.query))
        if sorted(found) != sorted(guard.ids):
            raise ConditionChangedError


def _name(guard: Guard) -> bytes:
    """Return what names the condition, whoever states it and in whatever order."""
    pairs = sorted(guard.query.applied)
    return digest(msgspec.json.encode((guard.query.type, pairs)).decode())

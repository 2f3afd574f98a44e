"""One resource as a search sees it: everything on which an Expression can turn."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from fhir_server.search.indexed import Indexed
from fhir_server.search.labels import OLD_VERSION, ConsentRow, Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A current resource, its index values, and the policy data of its owner.

    `key` is that of the resource, OLD_VERSION for an older version of it.
    `owner` is the key of the Patient to whom it belongs, 0 for directory data, and `patient_id`
    that Patient's logical id, None where the owner is no Patient. `labels` is a mask of
    search.labels.Family, `last_updated` microseconds. `relations` and `rules` are the owner's.
    `also` is the same resource as that of each further patient, who has a say too.
    """

    type: str
    type_id: int
    id: str
    key: int = OLD_VERSION
    owner: int
    patient_id: str | None = None
    custodian: int
    labels: int
    last_updated: int
    indexed: Indexed = field(default_factory=Indexed)
    relations: tuple[Relation, ...] = ()
    rules: tuple[ConsentRow, ...] = ()
    also: tuple["Candidate", ...] = ()


class Around(Protocol):
    """The other resources there are, to which chains lead."""

    def of(self, type_: str) -> Iterable[Candidate]:
        """Return the live resources of a type."""
        ...

"""The values that pass between access and storage."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fhir_server.facts.encounter import EncounterFact
from fhir_server.search.indexed import Indexed
from fhir_server.search.labels import Relation
from fhir_server.search.query import Position

# (resource type, logical id)
Address = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One version of a resource as the caller may have it.

    `body` is complete JSON with id and meta stamped, None for a deletion. `method` is the HTTP
    method that made the version (POST, PUT, DELETE). `last_updated` is microseconds.
    """

    key: int
    type: str
    id: str
    version: int
    last_updated: int
    method: str
    deleted: bool
    owner: int
    custodian: int
    labels: int
    body: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRows:
    """One page. `after` is the keyset position of the next page, None on the last.

    `cut`: there is more to include than one answer may hold.
    """

    matches: tuple[Stored, ...]
    includes: tuple[Stored, ...] = ()
    total: int | None = None
    after: Position | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRows:
    """One page of versions, newest first."""

    versions: tuple[Stored, ...]
    total: int | None = None
    after: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledConsent:
    """A Consent as it stands; of one that was deleted, what it said last."""

    key: int
    custodian: int
    deleted: bool
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """The current state of an address inside a write transaction, locked until it ends.

    An address that is only referred to so far has a key and no Current.
    """

    key: int
    version: int
    deleted: bool
    owner: int
    custodian: int
    labels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One new version to be stored.

    `owner` 0 is directory data. `indexed` is None for a deletion (all index rows go). `patients`
    are further compartments (patients other than the owner that the resource names). `body` is
    what others than the custodian get, `body_own` the custodian's form where it differs.
    """

    key: int
    type: str
    id: str
    version: int
    method: str
    owner: int
    custodian: int
    labels: int
    body: bytes | None
    body_own: bytes | None = None
    indexed: Indexed | None = None
    patients: tuple[int, ...] = ()
    relations: tuple[Relation, ...] = ()
    fact: EncounterFact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that a message was taken, written in the transaction of what it caused.

    `key` is unique (agency|system|messageId, or a Bundle's hash); a second commit with it raises
    ReplayedError with the first result. `record` and `record_version` guard against older versions
    of the same record: a commit with a version that is not above the last raises StaleError.
    """

    key: str
    result: bytes
    record: str | None = None
    record_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One request, or one patient of whom it disclosed something.

    `recorded` is microseconds; `patient` 0 for the request's own row; `custodians` are the
    agencies whose data it concerned, and whose privacy officers may read the row.
    """

    recorded: int
    request_id: str
    client_id: str
    organization: int
    purpose: str
    interaction: str
    type: str
    id: str = ""
    version: int = 0
    outcome: int = 0
    status: int = 200
    patient: int = 0
    custodian: int = 0
    count: int = 0
    flags: int = 0
    user_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of addresses, allocated where they were new."""

    by_address: Mapping[Address, int] = field(default_factory=dict)

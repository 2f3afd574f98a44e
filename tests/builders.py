"""Values of the store, with everything a test does not care about filled in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from fhir_server.facts.encounter import EncounterFact
from fhir_server.search.confined import ConfinedHistory, ConfinedQuery, ConfinedRead
from fhir_server.search.expression import Everything, Expression
from fhir_server.search.indexed import DateValue, Indexed, ReferenceValue, StringValue, TokenValue
from fhir_server.search.labels import Family, Relation
from fhir_server.search.parameter import Parameter, SearchType
from fhir_server.search.query import HistoryQuery, Query
from fhir_server.storage.resources import ResourceStore
from fhir_server.storage.rows import Address, Stored, Version
from fhir_server.storage.transaction import WriteTransaction

NOW = 1_770_000_000_000_000


def parameter(code: str, param_id: int, kind: SearchType, *targets: str) -> Parameter:
    return Parameter(
        base="Encounter",
        code=code,
        param_id=param_id,
        type=kind,
        url="",
        expression="",
        targets=targets,
    )


CLASS = parameter("class", 101, SearchType.TOKEN)
STATUS = parameter("status", 102, SearchType.TOKEN)
DATE = parameter("date", 103, SearchType.DATE)
SUBJECT = parameter("subject", 104, SearchType.REFERENCE, "Patient", "Group")
PROVIDER = parameter("service-provider", 105, SearchType.REFERENCE, "Organization")
NAME = parameter("name", 106, SearchType.STRING)
LENGTH = parameter("length", 107, SearchType.QUANTITY)
CHANCE = parameter("chance", 108, SearchType.NUMBER)
SOURCE = parameter("source", 109, SearchType.URI)
PART_OF = parameter("part-of", 110, SearchType.REFERENCE, "Encounter")
CODE_LENGTH = parameter("code-length", 111, SearchType.COMPOSITE)
CODE_TEXT = parameter("code-text", 112, SearchType.COMPOSITE)
CODE_RANGE = parameter("code-range", 113, SearchType.COMPOSITE)


def token(code: str, system: str = "", of: Parameter = CLASS) -> TokenValue:
    return TokenValue(param_id=of.param_id, system=system, code=code)


def date(lo: int, hi: int, of: Parameter = DATE) -> DateValue:
    return DateValue(param_id=of.param_id, lo=lo, hi=hi)


def string(text: str, of: Parameter = NAME) -> StringValue:
    return StringValue(param_id=of.param_id, normal=text.casefold(), exact=text)


def reference(type_: str, id_: str, of: Parameter = SUBJECT) -> ReferenceValue:
    return ReferenceValue(param_id=of.param_id, type=type_, id=id_)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A resource to be stored; owner, custodian and patients are given by address."""

    type: str = "Encounter"
    id: str
    owner: Address | None = ("Patient", "ann")
    custodian: Address = ("Organization", "mct")
    labels: int = int(Family.BASE)
    indexed: Indexed = field(default_factory=Indexed)
    patients: tuple[Address, ...] = ()
    relations: tuple[tuple[Address, Address, int, int, bool], ...] = ()
    fact: EncounterFact | None = None
    body: bytes | None = None
    body_own: bytes | None = None


def put(store: ResourceStore, *drafts: Draft, now: int = NOW) -> tuple[int, dict[Address, int]]:
    """Create or update `drafts` in one transaction; return its stamp and all keys."""
    with store.transaction(now=now) as transaction:
        keys = write(transaction, *drafts)
    return transaction.stamp, keys


def write(transaction: WriteTransaction, *drafts: Draft) -> dict[Address, int]:
    """Create or update `drafts`; return the keys of all addresses in them."""
    keys = transaction.keys(_addresses(drafts))
    current = transaction.current((draft.type, draft.id) for draft in drafts)
    versions = []
    for draft in drafts:
        before = current.get((draft.type, draft.id))
        number = before.version + 1 if before else 1
        versions.append(_version(draft, keys, number))
    transaction.write(versions)
    return keys


def delete(store: ResourceStore, type_: str, id_: str, *, now: int = NOW) -> int:
    """Delete a resource; return the stamp."""
    with store.transaction(now=now) as transaction:
        found = transaction.current([(type_, id_)])[type_, id_]
        transaction.write(
            [
                Version(
                    key=found.key,
                    type=type_,
                    id=id_,
                    version=found.version + 1,
                    method="DELETE",
                    owner=found.owner,
                    custodian=found.custodian,
                    labels=found.labels,
                    body=None,
                )
            ]
        )
        stamp: int = transaction.stamp
    return stamp


def _addresses(drafts: Iterable[Draft]) -> set[Address]:
    found: set[Address] = set()
    for draft in drafts:
        found |= {(draft.type, draft.id), draft.custodian, *draft.patients}
        found |= {address for relation in draft.relations for address in relation[:2]}
        if draft.owner is not None:
            found.add(draft.owner)
    return found


def _version(draft: Draft, keys: dict[Address, int], number: int) -> Version:
    key = keys[draft.type, draft.id]
    return Version(
        key=key,
        type=draft.type,
        id=draft.id,
        version=number,
        method="POST" if number == 1 else "PUT",
        owner=0 if draft.owner is None else keys[draft.owner],
        custodian=keys[draft.custodian],
        labels=draft.labels,
        body=draft.body or f'{{"resourceType":"{draft.type}","id":"{draft.id}"}}'.encode(),
        body_own=draft.body_own,
        indexed=draft.indexed,
        patients=tuple(keys[patient] for patient in draft.patients),
        relations=tuple(
            Relation(
                patient=keys[patient],
                organization=keys[organization],
                since=since,
                until=until,
                source=key,
                asserted_by_self=by_self,
            )
            for patient, organization, since, until, by_self in draft.relations
        ),
        fact=draft.fact,
    )


def read(store: ResourceStore, type_: str, id_: str, version: int | None = None) -> Stored | None:
    """Read without any confinement."""
    asked = ConfinedRead(type=type_, id=id_, permits=Everything(), own=frozenset(), version=version)
    return store.read(asked)


def confined(query: Query, permits: Expression | None = None) -> ConfinedQuery:
    return ConfinedQuery(
        query=query, permits=permits or Everything(), include_permits={}, own=frozenset()
    )


def confined_history(history: HistoryQuery, permits: Expression | None = None) -> ConfinedHistory:
    return ConfinedHistory(history=history, permits=permits or Everything(), own=frozenset())


def found_ids(store: ResourceStore, asked: ConfinedQuery) -> list[str]:
    """Return the ids of all pages, in order."""
    ids: list[str] = []
    while True:
        page = store.search(asked)
        ids += [match.id for match in page.matches]
        if page.after is None:
            return ids
        asked = replace(asked, query=replace(asked.query, after=page.after))


def ids_of(rows: Sequence[Stored]) -> list[str]:
    return [row.id for row in rows]

"""Transaction: all of a Bundle's changes or none of them.

https://hl7.org/fhir/R4/http.html#trules

Deletions come before creates, creates before updates and patches; references between entries are
replaced by the ids that the server assigns; an identity may stand only once. What is conditional is
looked up first, and must still be so when the changes are made. All changes are one commit of the
gate, which is the only way in which anything is written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from fhir_server.access.changes import Change, Committed, Create, Delete, Update
from fhir_server.access.repository import Receipting, Repository
from fhir_server.fhir.outcome import (
    FhirError,
    InvalidRequestError,
    InvalidResourceError,
    Issue,
    NotSupportedError,
    PreconditionError,
    VersionConflictError,
)
from fhir_server.fhir.resource import Resource, type_of
from fhir_server.interactions import links, respond
from fhir_server.interactions.conditional import if_match
from fhir_server.interactions.conditions import (
    MOST_DELETED,
    Condition,
    condition,
    criteria,
    referred,
    until_settled,
)
from fhir_server.interactions.entry import Entry, elements, entry
from fhir_server.interactions.message import FhirRequest
from fhir_server.interactions.patch import patched, patching
from fhir_server.interactions.update import require_id
from fhir_server.storage.rows import Receipt

READS = frozenset({"GET", "HEAD"})
# https://hl7.org/fhir/R4/http.html#trules : the order in which entries are processed.
_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2}
_IF_NONE_EXIST = "if-none-exist"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What an entry does to `type`/`id`; the id of a create is fresh.

    `creates`: there is no such resource yet, whatever the entry's method.
    """

    entry: Entry
    type: str
    id: str
    creates: bool = False

    @property
    def target(self) -> str:
        """The relative URL of what the entry writes."""
        return f"{self.type}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """An entry with its condition looked up: what it writes, or the resource that was there."""

    entry: Entry
    writes: tuple[Write, ...] = ()
    condition: Condition | None = None

    @property
    def target(self) -> str:
        """The relative URL to which references to the entry lead, "" where there is none."""
        if self.writes:
            return self.writes[0].target
        match = self.condition.match if self.condition is not None else None
        return "" if match is None else f"{match.type}/{match.id}"


def transaction(
    bundle: Resource, repository: Repository, receipt: Receipt | Receipting | None = None
) -> tuple[Committed, ...]:
    """Make every change of a transaction Bundle; the results are in the order of its writes.

    Raises:
        InvalidRequestError: An entry is malformed, or an identity stands twice.
        InvalidResourceError: An entry's resource is not what its request says.
        NotSupportedError: An entry is of a kind that is not served.
        PreconditionError: Criteria find several resources, or a reference none.
        FhirError: What `Repository.commit` raises, with the fault's place in the Bundle.
    """
    parsed = [entry(index, element) for index, element in enumerate(elements(bundle))]
    return commit([found for found in parsed if found.method not in READS], repository, receipt)


def commit(
    entries: Sequence[Entry],
    repository: Repository,
    receipt: Receipt | Receipting | None = None,
) -> tuple[Committed, ...]:
    """Make the changes of `entries`, none of which is a read; the results are in their order.

    Raises:
        FhirError: As for `transaction`.
    """
    return until_settled(lambda: _commit(entries, repository, receipt))


def _commit(
    entries: Sequence[Entry], repository: Repository, receipt: Receipt | Receipting | None
) -> tuple[Committed, ...]:
    resolved = [_resolved(found, repository) for found in entries]
    writes = sorted((write for found in resolved for write in found.writes), key=_turn)
    _require_unique(writes)
    targets = {
        found.entry.full_url: found.target
        for found in resolved
        if found.entry.full_url and found.target
    }
    linked = _Linking(links.Links(targets, repository.ports.definitions), repository)
    changes = [_change(found, linked) for found in writes]

    def in_order(done: tuple[Committed, ...]) -> tuple[Committed, ...]:
        by_entry: dict[int, Committed] = {}
        for write, result in zip(writes, done, strict=True):
            by_entry.setdefault(write.entry.index, result)
        return tuple(by_entry.get(found.entry.index) or _unwritten(found) for found in resolved)

    written = (lambda done: receipt(in_order(done))) if callable(receipt) else receipt
    guards = [found.condition.guard for found in resolved if found.condition is not None]
    try:
        return in_order(repository.commit(changes, written, guards))
    except FhirError as error:
        error.issues = tuple(_placed(issue, writes) for issue in error.issues)
        raise


def _turn(write: Write) -> int:
    return _ORDER[write.entry.method]


def _resolved(found: Entry, repository: Repository) -> Resolved:
    """Return what an entry writes; where it is conditional, after a look at what there is."""
    if found.method not in _ORDER or any(part[:1] in {"$", "_"} for part in found.path):
        raise NotSupportedError(
            f"{found.method} `{'/'.join(found.path)}` is not supported in a transaction.",
            expression=f"{found.expression}.request",
        )
    conditional = found.method != "POST" and len(found.path) == 1
    if conditional or _IF_NONE_EXIST in found.headers:
        try:
            return _conditional(found, repository)
        except FhirError as error:
            where = f"{found.expression}.request"
            error.issues = tuple(replace(issue, expression=where) for issue in error.issues)
            raise
    if found.parameters:
        raise InvalidRequestError(
            f"A {found.method} of one resource has no parameters.",
            expression=f"{found.expression}.request.url",
        )
    if len(found.path) != (1 if found.method == "POST" else 2) or not all(found.path):
        raise InvalidRequestError(
            f"`{'/'.join(found.path)}` is not a URL for {found.method}.",
            expression=f"{found.expression}.request.url",
        )
    if found.method == "POST":
        return Resolved(entry=found, writes=(_create(found, repository),))
    return Resolved(entry=found, writes=(Write(entry=found, type=found.path[0], id=found.path[1]),))


def _create(found: Entry, repository: Repository) -> Write:
    return Write(entry=found, type=found.path[0], id=repository.new_id(), creates=True)


def _conditional(found: Entry, repository: Repository) -> Resolved:
    """https://hl7.org/fhir/R4/http.html#ccreate , `#cond-update` and `#cdelete` ."""
    type_ = found.path[0]
    if not repository.ports.definitions.is_resource_type(type_):
        raise InvalidRequestError(f"`{type_}` is not a resource type of FHIR R4.")
    pairs = found.parameters
    if found.method == "POST":
        pairs = criteria(found.headers[_IF_NONE_EXIST])
    most = MOST_DELETED if found.method == "DELETE" else 1
    looked = condition(repository, type_, pairs, most=most)
    return Resolved(
        entry=found, writes=tuple(_of_condition(found, looked, repository)), condition=looked
    )


def _of_condition(found: Entry, looked: Condition, repository: Repository) -> Iterator[Write]:
    match found.method:
        case "POST":
            if looked.match is None:
                yield _create(found, repository)
        case "PUT" if looked.match is None and not (found.resource or {}).get("id"):
            yield _create(found, repository)
        case "PUT":
            id_ = looked.match.id if looked.match else str((found.resource or {}).get("id"))
            yield Write(entry=found, type=found.path[0], id=id_)
        case _:
            if found.method == "PATCH" and not looked.found:
                raise PreconditionError("The criteria find nothing to patch that is known to you.")
            for one in looked.found:
                yield Write(entry=found, type=found.path[0], id=one.id)


def _unwritten(found: Resolved) -> Committed:
    """Return the result of an entry that had nothing to do: what it wanted was so already."""
    match = found.condition.match if found.condition is not None else None
    if match is not None:
        return respond.as_committed(match)
    return Committed(
        type=found.entry.path[0],
        id="",
        version=0,
        last_updated=0,
        method="DELETE",
        created=False,
        body=None,
    )


def _require_unique(writes: Sequence[Write]) -> None:
    seen: dict[str, int] = {}
    for found in writes:
        for name in filter(None, (found.target, found.entry.full_url)):
            first = seen.setdefault(name, found.entry.index)
            if first != found.entry.index:
                raise InvalidRequestError(
                    f"`{name}` stands already in `Bundle.entry[{first}]`.",
                    expression=found.entry.expression,
                )


@dataclass(frozen=True, slots=True)
class _Linking:
    """The links of a Bundle; conditional references are looked up when they are met."""

    links: links.Links
    repository: Repository

    def replaced(self, resource: Resource, full_url: str) -> Resource:
        """Return `resource` with its links replaced.

        Raises:
            FhirError: A reference leads nowhere, or to several resources.
        """
        while True:
            try:
                return self.links.replaced(resource, full_url)
            except links.ConditionalReferenceError as error:
                self.links.add(error.reference, referred(self.repository, error.reference))


def _change(write: Write, linked: _Linking) -> Change:
    where = write.entry.expression
    try:
        version = if_match(write.entry.headers)
    except InvalidRequestError as error:
        raise InvalidRequestError(str(error), expression=f"{where}.request.ifMatch") from None
    if write.entry.method == "DELETE":
        return Delete(type=write.type, id=write.id, if_match=version)
    if write.entry.method == "PATCH":
        return _patch(write, linked, version)
    resource = _linked(write, linked)
    if write.creates:
        return Create(type=write.type, resource=resource, id=write.id)
    return Update(type=write.type, id=write.id, resource=resource, if_match=version)


def _patch(write: Write, linked: _Linking, version: int | None) -> Update:
    """Return the update that a patch is: of the version that was read, which must still be it."""
    where = f"{write.entry.expression}.resource"
    try:
        stored = linked.repository.read(write.type, write.id)
    except FhirError as error:
        error.issues = tuple(replace(issue, expression=where) for issue in error.issues)
        raise
    if version not in {None, stored.version}:
        raise VersionConflictError(
            f"`{version}` is not the current version; read it again.",
            expression=f"{write.entry.expression}.request.ifMatch",
        )
    inner = FhirRequest(method="PATCH", path=(), base="", resource=write.entry.resource or {})
    try:
        after = patched(stored, patching(inner, linked.repository))
    except FhirError as error:
        error.issues = tuple(replace(issue, expression=where) for issue in error.issues)
        raise
    resource = linked.replaced(after, write.entry.full_url)
    return Update(type=write.type, id=write.id, resource=resource, if_match=stored.version)


def _resource(write: Write) -> Resource:
    where = f"{write.entry.expression}.resource"
    resource = write.entry.resource
    if resource is None or type_of(resource) != write.type:
        raise InvalidResourceError(
            f"The entry must have a resource of the type that its URL names, `{write.type}`.",
            expression=where,
        )
    # A conditional update need not say the id of what it finds.
    if write.entry.method == "PUT" and not (write.creates or _finds(write, resource)):
        try:
            require_id(resource, write.id)
        except InvalidResourceError as error:
            raise InvalidResourceError(str(error), expression=f"{where}.id") from None
    return resource


def _finds(write: Write, resource: Resource) -> bool:
    return len(write.entry.path) == 1 and "id" not in resource


def _linked(write: Write, linked: _Linking) -> Resource:
    resource = _resource(write)
    try:
        return linked.replaced(resource, write.entry.full_url)
    except FhirError as error:
        where = f"{write.entry.expression}.resource"
        error.issues = tuple(replace(issue, expression=where) for issue in error.issues)
        raise


def _placed(issue: Issue, writes: Sequence[Write]) -> Issue:
    """Return `issue` with its FHIRPath from the Bundle's root."""
    if not 0 <= issue.change < len(writes):
        return issue
    where = writes[issue.change].entry.expression
    match issue.expression:
        case None:
            return replace(issue, expression=where)
        case "http.If-Match":
            return replace(issue, expression=f"{where}.request.ifMatch")
        case path:
            root = writes[issue.change].type
            below = path.removeprefix(root).removeprefix(".")
            return replace(issue, expression=f"{where}.resource.{below}".rstrip("."))

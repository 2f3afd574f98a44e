"""Transaction: all of a Bundle's changes or none of them.

https://hl7.org/fhir/R4/http.html#trules

Deletions come before creates, creates before updates; references between entries are replaced by
the ids that the server assigns; an identity may stand only once. All changes are one commit of
the gate, which is the only way in which anything is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fhir_server.access.changes import Change, Committed, Create, Delete, Update
from fhir_server.access.repository import Receipting, Repository
from fhir_server.fhir.outcome import (
    FhirError,
    InvalidRequestError,
    InvalidResourceError,
    Issue,
    NotSupportedError,
)
from fhir_server.fhir.resource import Resource, type_of
from fhir_server.interactions import links
from fhir_server.interactions.conditional import if_match
from fhir_server.interactions.entry import Entry, elements, entry
from fhir_server.interactions.update import require_id
from fhir_server.storage.rows import Receipt

READS = frozenset({"GET", "HEAD"})
# https://hl7.org/fhir/R4/http.html#trules : the order in which entries are processed.
_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """An entry that changes `type`/`id`; the id of a create is fresh."""

    entry: Entry
    type: str
    id: str

    @property
    def target(self) -> str:
        """The relative URL of what the entry writes."""
        return f"{self.type}/{self.id}"


def transaction(
    bundle: Resource, repository: Repository, receipt: Receipt | Receipting | None = None
) -> tuple[Committed, ...]:
    """Make every change of a transaction Bundle; the results are in the order of its writes.

    Raises:
        InvalidRequestError: An entry is malformed, or an identity stands twice.
        InvalidResourceError: An entry's resource is not what its request says.
        NotSupportedError: An entry is conditional, or of a kind that is not served.
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
    writes = sorted((_write(found, repository) for found in entries), key=_turn)
    _require_unique(writes)
    targets = {found.entry.full_url: found.target for found in writes if found.entry.full_url}
    linked = links.Links(targets, repository.ports.definitions)
    changes = [_change(found, linked) for found in writes]

    def in_order(done: tuple[Committed, ...]) -> tuple[Committed, ...]:
        by_entry = {found.entry.index: result for found, result in zip(writes, done, strict=True)}
        return tuple(by_entry[found.index] for found in entries)

    written = (lambda done: receipt(in_order(done))) if callable(receipt) else receipt
    try:
        return in_order(repository.commit(changes, written))
    except FhirError as error:
        error.issues = tuple(_placed(issue, writes) for issue in error.issues)
        raise


def _turn(write: Write) -> int:
    return _ORDER[write.entry.method]


def _write(found: Entry, repository: Repository) -> Write:
    if found.method not in _ORDER or any(part[:1] in {"$", "_"} for part in found.path):
        raise NotSupportedError(
            f"{found.method} `{'/'.join(found.path)}` is not supported in a transaction.",
            expression=f"{found.expression}.request",
        )
    if found.parameters or "if-none-exist" in found.headers:
        raise NotSupportedError(
            "Conditional entries are not supported; nothing was changed.",
            expression=f"{found.expression}.request",
        )
    if len(found.path) != (1 if found.method == "POST" else 2) or not all(found.path):
        raise InvalidRequestError(
            f"`{'/'.join(found.path)}` is not a URL for {found.method}.",
            expression=f"{found.expression}.request.url",
        )
    if found.method == "POST":
        return Write(entry=found, type=found.path[0], id=repository.new_id())
    return Write(entry=found, type=found.path[0], id=found.path[1])


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


def _change(write: Write, linked: links.Links) -> Change:
    where = write.entry.expression
    try:
        version = if_match(write.entry.headers)
    except InvalidRequestError as error:
        raise InvalidRequestError(str(error), expression=f"{where}.request.ifMatch") from None
    if write.entry.method == "DELETE":
        return Delete(type=write.type, id=write.id, if_match=version)
    resource = _linked(write, linked)
    if write.entry.method == "POST":
        return Create(type=write.type, resource=resource, id=write.id)
    return Update(type=write.type, id=write.id, resource=resource, if_match=version)


def _resource(write: Write) -> Resource:
    where = f"{write.entry.expression}.resource"
    resource = write.entry.resource
    if resource is None or type_of(resource) != write.type:
        raise InvalidResourceError(
            f"The entry must have a resource of the type that its URL names, `{write.type}`.",
            expression=where,
        )
    if write.entry.method == "PUT":
        try:
            require_id(resource, write.id)
        except InvalidResourceError as error:
            raise InvalidResourceError(str(error), expression=f"{where}.id") from None
    return resource


def _linked(write: Write, linked: links.Links) -> Resource:
    resource = _resource(write)
    try:
        return linked.replaced(resource, write.entry.full_url)
    except (InvalidRequestError, NotSupportedError) as error:
        where = f"{write.entry.expression}.resource"
        raise type(error)(str(error), expression=where) from None


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

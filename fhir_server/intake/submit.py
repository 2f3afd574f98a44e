"""From a request's body to results: the one way of native records into the server.

Each record is one transaction of its own: it is taken whole or refused whole, whatever becomes of
the others. A message that was taken before gets its first answer again, byte for byte.
"""

from collections.abc import Sequence

from fhir_server.access.changes import Change, Committed, Create, Update
from fhir_server.access.repository import Repository
from fhir_server.fhir import dates
from fhir_server.fhir.outcome import (
    ConflictError,
    FhirError,
    ReplayedError,
    StaleError,
    UnavailableError,
    VersionConflictError,
)
from fhir_server.intake import envelope, result
from fhir_server.intake.fault import Fault
from fhir_server.intake.on_file import OnFile, address, find
from fhir_server.intake.plan import Plan, Status, plan
from fhir_server.intake.prepare import Prepared, prepared
from fhir_server.intake.record import Mapped, Record
from fhir_server.intake.result import Answer, Result
from fhir_server.intake.sender import naming
from fhir_server.intake.source import Identify
from fhir_server.matching import exact
from fhir_server.storage.rows import Address, Receipt

# More than a handful of writers of one record at once is no accident.
_MOST_ATTEMPTS = 10


def submit(record: Record, body: bytes, repository: Repository, identify: Identify) -> Answer:
    """Take the records of a request's body.

    Raises:
        InvalidResourceError: The body is not JSON.
        InvalidRequestError: It is neither a message nor an array of messages.
        ForbiddenError: An agency is not the client's, or its scopes do not let it write.
        UnavailableError: The database is busy. What was taken until then stands, and is answered
            as taken when the request is sent again.
    """
    messages = envelope.read(body, record)
    found = list(prepared(messages, repository, naming(repository, identify)))
    return result.answer(_taken(found, repository))


def _taken(found: Sequence[Prepared | Result], repository: Repository) -> list[Result]:
    desks = _desks([each for each in found if isinstance(each, Prepared)], repository)
    written: set[Address] = set()
    results = []
    for each in found:
        if isinstance(each, Prepared):
            agency, on_file = desks[each.source.organization]
            addresses = {address(resource) for resource in each.mapped.everything}
            # What an earlier record of the batch has written is not as it was when it was read.
            results.append(_take(each, agency, None if addresses & written else on_file))
            written |= addresses
        else:
            results.append(each)
    return results


def _desks(
    found: Sequence[Prepared], repository: Repository
) -> dict[str, tuple[Repository, OnFile]]:
    """Return, by its Organization's id, each agency's own repository and what it has on file."""
    mapped: dict[str, list[Mapped]] = {}
    for each in found:
        mapped.setdefault(each.source.organization, []).append(each.mapped)
    desks = {}
    for organization, records in mapped.items():
        # The agency, and not who hands in for it, is the custodian.
        agency = repository.submitting_for(organization).assigning_ids()
        desks[organization] = (agency, find(agency, records))
    return desks


def _take(prepared_: Prepared, repository: Repository, on_file: OnFile | None) -> Result:
    """Take one record; where another writer came between, look again and try again."""
    for attempt in range(1, _MOST_ATTEMPTS + 1):
        current = on_file or find(repository, [prepared_.mapped])
        planned = plan(prepared_.mapped, prepared_.record, current)
        try:
            return _commit(prepared_, planned, current, repository)
        except ReplayedError as replayed:
            return Result(refused=False, body=replayed.result)
        except UnavailableError:
            raise
        except StaleError:
            # Another writer brought a newer version while this one was being written.
            planned = Plan(status=Status.STALE)
            return _commit(prepared_, planned, current, repository)
        except (ConflictError, VersionConflictError) as error:
            if attempt == _MOST_ATTEMPTS:
                return _refused(prepared_, error)
            on_file = None
        except FhirError as error:
            return _refused(prepared_, error)
    raise AssertionError


def _commit(prepared_: Prepared, planned: Plan, on_file: OnFile, repository: Repository) -> Result:
    made: list[Result] = []

    def receipt(committed: tuple[Committed, ...]) -> Receipt:
        _require_as_planned(prepared_, planned, committed)
        made.append(_accepted(prepared_, planned, committed, on_file))
        return _receipt(prepared_, planned, made[-1])

    changes = [_linked(change, repository) for change in planned.changes]
    repository.commit(changes, receipt)
    return made[-1]


def _require_as_planned(prepared_: Prepared, planned: Plan, committed: Sequence[Committed]) -> None:
    """Require that a record that was planned as new is new: else another writer came between.

    Raises:
        VersionConflictError: There is an earlier version of the record, of which we know nothing.
    """
    main = address(prepared_.mapped.resources[0])
    found = (each.created for each in committed if (each.type, each.id) == main)
    if planned.status is Status.CREATED and not all(found):
        raise VersionConflictError("The record came in twice at once.")


def _accepted(
    prepared_: Prepared, planned: Plan, committed: Sequence[Committed], on_file: OnFile
) -> Result:
    main = prepared_.mapped.resources[0]
    unchanged = on_file.stored.get(address(main)) if planned.status is Status.UNCHANGED else None
    return result.accepted(
        prepared_.handed.kind.name,
        prepared_.record["id"],
        planned.status,
        resources=[(f"{each.type}/{each.id}", each.version) for each in committed]
        + ([(f"{unchanged.type}/{unchanged.id}", unchanged.version)] if unchanged else []),
        warnings=prepared_.warnings,
    )


def _receipt(prepared_: Prepared, planned: Plan, answered: Result) -> Receipt:
    source, kind = prepared_.source, prepared_.handed.kind.name
    message = (source.organization, source.system, source.message_id, kind)
    key = "\x1f".join(("intake", *message, str(prepared_.handed.number)))
    if not planned.changes:
        return Receipt(key=key, result=answered.body)
    version = prepared_.record.get("recordVersion")
    record = "\x1f".join((source.organization, kind, prepared_.record["id"]))
    if version is None:
        # Records without a version are ordered among themselves by when they were sent.
        record, version = f"{record}\x1fsent", dates.parse(source.sent_at).lo
    return Receipt(key=key, result=answered.body, record=record, record_version=version)


def _linked(change: Change, repository: Repository) -> Change:
    """Return a change of a Patient with links to the same person's Patients at other agencies."""
    if not isinstance(change, Create | Update) or change.type != "Patient":
        return change
    identifiers = exact.strong(change.resource)
    if not identifiers or change.id is None:
        return change
    found = exact.links(change.id, repository.candidates(identifiers))
    if not found:
        return change
    resource = {**change.resource, "link": found}
    if isinstance(change, Create):
        return Create(type=change.type, id=change.id, resource=resource)
    return Update(type=change.type, id=change.id, resource=resource, if_match=change.if_match)


def _refused(prepared_: Prepared, error: FhirError) -> Result:
    """Return the gate's refusal of a record, named by the record's path."""
    handed = prepared_.handed
    faults = tuple(
        Fault(path=handed.path, message=f"{issue.diagnostics} ({issue.expression})")
        if issue.expression
        else Fault(path=handed.path, message=issue.diagnostics)
        for issue in error.issues
    )
    return result.refused(handed.kind.name, prepared_.record["id"], faults, error)

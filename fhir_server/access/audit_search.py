"""AuditEvents: rows of the audit log, for the privacy officer of the agency that they concern.

https://hl7.org/fhir/R4/auditevent.html#search . They are rendered when asked for, and can be
searched by `patient`, `date`, `entity`, `altid` (the client's id), `_lastUpdated` and `_id`.
"""

from collections.abc import Iterable
from dataclasses import replace

from fhir_server.access.context import AccessContext
from fhir_server.audit.events import Event, audit_event
from fhir_server.fhir.json import encode
from fhir_server.fhir.outcome import ForbiddenError, InvalidSearchError
from fhir_server.search.expression import (
    And,
    Comparison,
    DateIn,
    Everything,
    Expression,
    IdIs,
    RefersTo,
    TokenIs,
    UpdatedIn,
)
from fhir_server.search.query import Query, Total
from fhir_server.storage.audit_log import AuditLog, AuditQuery, LoggedRow
from fhir_server.storage.rows import SearchRows, Stored

TYPE = "AuditEvent"
_NOBODY = -1


def require_privacy_officer(context: AccessContext) -> None:
    """Require a client that is registered as its agency's privacy officer.

    Raises:
        ForbiddenError: It is none.
    """
    if not context.privacy_officer:
        raise ForbiddenError("AuditEvents are for the privacy officer of an agency.")


def patient_in(query: Query) -> str | None:
    """Return the id of the patient whom a search for AuditEvents names, if it names one."""
    for found in _conjuncts(query.where):
        if isinstance(found, RefersTo) and found.parameter.code == "patient":
            return found.id
    return None


def audit_query(query: Query, custodian: int, patient: int | None) -> AuditQuery:
    """Return the look into the log that `query` is; `patient` is the key of `patient_in`.

    Raises:
        InvalidSearchError: It cannot be searched so.
    """
    _require_supported(query)
    asked = AuditQuery(custodians=frozenset({custodian}), count=query.count)
    for found in _conjuncts(query.where):
        asked = _narrowed(asked, found, patient)
    if query.after is not None:
        recorded, id_ = query.after
        asked = replace(asked, after=(int(recorded or 0), int(id_ or 0)))
    return asked


def one(custodian: int, id_: str) -> AuditQuery:
    """Return the look for one row by the logical id of its AuditEvent."""
    return AuditQuery(custodians=frozenset({custodian}), id=_number(id_), count=1)


def answer(log: AuditLog, asked: AuditQuery, query: Query) -> SearchRows:
    """Return the page of AuditEvents that the log has for `asked`."""
    page = log.search(asked, total=query.total is Total.ACCURATE)
    return SearchRows(matches=tuple(rendered(log, page.rows)), total=page.total, after=page.after)


def rendered(log: AuditLog, rows: Iterable[LoggedRow]) -> list[Stored]:
    """Return `rows` as AuditEvents, with ids for keys."""
    found = tuple(rows)
    keys = {key for row in found for key in (row.row.organization, row.row.patient) if key}
    ids = log.ids_of(keys)
    return [_stored(row, ids) for row in found]


def _stored(logged: LoggedRow, ids: dict[int, str]) -> Stored:
    row = logged.row
    event = Event(
        id=str(logged.id),
        recorded=row.recorded,
        request_id=row.request_id,
        client_id=row.client_id,
        organization=ids.get(row.organization, ""),
        purpose=row.purpose,
        interaction=row.interaction,
        type=row.type,
        resource_id=row.id,
        version=row.version,
        outcome=row.outcome,
        patient=ids.get(row.patient, ""),
        count=row.count,
        flags=row.flags,
        user_id=row.user_id,
    )
    return Stored(
        key=logged.id,
        type=TYPE,
        id=str(logged.id),
        version=1,
        last_updated=row.recorded,
        method="POST",
        deleted=False,
        owner=0,
        custodian=row.custodian,
        labels=0,
        body=encode(audit_event(event)),
    )


def _conjuncts(where: Expression) -> tuple[Expression, ...]:
    if isinstance(where, Everything):
        return ()
    return where.operands if isinstance(where, And) else (where,)


def _require_supported(query: Query) -> None:
    newest_first = all(
        key.descending and (key.parameter is None or key.parameter.code == "date")
        for key in query.sort
    )
    if query.includes or not newest_first or any(key.by_id for key in query.sort):
        raise InvalidSearchError("AuditEvents come newest first and without includes.")


def _narrowed(asked: AuditQuery, found: Expression, patient: int | None) -> AuditQuery:
    match found:
        case RefersTo() if found.parameter.code == "patient" and found.type == "Patient":
            return replace(asked, patient=_NOBODY if patient is None else patient)
        case RefersTo() if found.parameter.code == "entity" and found.id is not None:
            return replace(asked, type=found.type, entity_id=found.id)
        case TokenIs() if found.parameter.code == "altid" and found.code is not None:
            return replace(asked, client_id=found.code)
        case DateIn() if found.parameter.code == "date":
            return _within(asked, found)
        case UpdatedIn():
            return _within(asked, found)
        case IdIs(ids=(id_,)):
            return replace(asked, id=_number(id_))
        case _:
            raise InvalidSearchError(
                "AuditEvents can be searched by one each of `patient`, `entity`, `altid` and "
                "`_id`, and by `date` and `_lastUpdated`."
            )


def _within(asked: AuditQuery, found: DateIn | UpdatedIn) -> AuditQuery:
    since, until = _bounds(found)
    if asked.since is not None:
        since = asked.since if since is None else max(since, asked.since)
    if asked.until is not None:
        until = asked.until if until is None else min(until, asked.until)
    return replace(asked, since=since, until=until)


def _bounds(found: DateIn | UpdatedIn) -> tuple[int | None, int | None]:
    """Return [since, until) of the instants that compare with the interval of the search."""
    match found.comparison:
        case Comparison.EQ | Comparison.AP:
            return found.lo, found.hi
        case Comparison.GE:
            return found.lo, None
        case Comparison.GT | Comparison.SA:
            return found.hi, None
        case Comparison.LE:
            return None, found.hi
        case Comparison.LT | Comparison.EB:
            return None, found.lo
        case _:
            raise InvalidSearchError("The prefix `ne` is not supported for AuditEvents.")


def _number(id_: str) -> int:
    """Return the number of the row; no row has the number of a text that is none of ours."""
    return int(id_) if id_.isascii() and id_.isdigit() and len(id_) < len(str(1 << 62)) else _NOBODY

"""The audit log: one narrow row per request, and one per patient of whom it disclosed something.

Rendered as AuditEvent (https://hl7.org/fhir/R4/auditevent.html) when a privacy officer asks.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa

from fhir_server.fhir.outcome import UnavailableError
from fhir_server.storage import set_sql
from fhir_server.storage.audit_journal import File
from fhir_server.storage.engine import Database
from fhir_server.storage.failures import translated
from fhir_server.storage.rows import AuditRow
from fhir_server.storage.schema import resource_key
from fhir_server.storage.schema_log import audit_log
from fhir_server.storage.session import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """What to find: rows of `custodians` only, newest first.

    `since` and `until` bound `recorded`, microseconds, half open; `after` is the (recorded, id) of
    the last row of the page before. `id` asks for one row.
    """

    custodians: frozenset[int]
    since: int | None = None
    until: int | None = None
    patient: int | None = None
    client_id: str | None = None
    type: str | None = None
    entity_id: str | None = None
    id: int | None = None
    count: int = 20
    after: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRow:
    """A row of the log with its number."""

    id: int
    row: AuditRow


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """`after` is the position of the next page, None on the last; `total` counts all that match."""

    rows: tuple[LoggedRow, ...]
    after: tuple[int, int] | None = None
    total: int | None = None


class AuditLog:
    """The log of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, rows: Sequence[AuditRow], *, durable: bool) -> None:
        """Append the rows of one answer; `durable`: they would survive a power failure.

        On SQLite they go by way of the process's journal, which is emptied when it is long enough
        and no writer is at work.

        Raises:
            UnavailableError: They could not be written, so nothing may be disclosed.
        """
        journal = self._database.journal
        if journal is not None:
            entry = journal.append(rows, durable=durable)
            if entry % _ENTRIES == 0:
                with suppress(UnavailableError):
                    self._settle(journal.files(own=True), wait_seconds=0)
            return
        if not durable:
            # One statement is a transaction of its own, and one round trip.
            self._database.read(
                lambda session: session.run_each(set_sql.insert(audit_log), audit_rows(rows))
            )
            return
        with self._database.begin(durable=True) as connection:
            session = self._database.session(connection.connection.driver_connection)
            session.run_each(set_sql.insert(audit_log), audit_rows(rows))

    def settle(self) -> None:
        """Take over what is in the journals of all processes, also of those that are gone.

        Raises:
            UnavailableError: The database is away, or busy for too long.
        """
        journal = self._database.journal
        if journal is not None:
            self._settle(journal.files())

    def _settle(self, files: Iterator[File], *, wait_seconds: float | None = None) -> None:
        for file in files:
            while file.last() > self._settled(file):
                self._take_over(file, wait_seconds)

    def _take_over(self, file: File, wait_seconds: float | None) -> None:
        """Take over a part of a file; another process may have been quicker."""
        # On disk before it is forgotten there: what was durable must remain so.
        with self._database.begin(durable=True, wait_seconds=wait_seconds) as connection:
            session = self._database.session(connection.connection.driver_connection)
            batch = file.after(_settled(session.fetch(_SETTLED, (_key(file),))))
            if batch is None:
                return
            session.run_each(set_sql.insert(audit_log), audit_rows(batch.rows))
            session.run(_SETTLE, (_key(file), str(batch.last).encode()))
        with translated():
            file.forget(batch.last)

    def _settled(self, file: File) -> int:
        """Return the number of the last entry that was taken over."""
        key = _key(file)
        return _settled(self._database.read(lambda session: session.fetch(_SETTLED, (key,))))

    def search(self, query: AuditQuery, *, total: bool = False) -> AuditPage:
        """Return one page of what `query.custodians` may see of the log, all of it until now.

        Raises:
            UnavailableError: The database is away, or too busy to take the journals over.
        """
        self.settle()
        where = _where(query)
        page = (
            sa.select(*_COLUMNS)
            .where(where, _after(query))
            .order_by(audit_log.c.recorded.desc(), audit_log.c.id.desc())
            .limit(query.count + 1)
        )
        counted = sa.select(sa.func.count()).select_from(audit_log).where(where)
        with self._database.connect() as connection:
            found = [LoggedRow(id=row[0], row=_audit_row(row)) for row in connection.execute(page)]
            number = connection.execute(counted).scalar_one() if total else None
        rows = tuple(found[: query.count])
        more = len(found) > query.count
        after = (rows[-1].row.recorded, rows[-1].id) if rows and more else None
        return AuditPage(rows=rows, after=after, total=number)

    def ids_of(self, keys: Collection[int]) -> dict[int, str]:
        """Return the logical ids of the organisations and patients with these keys.

        Raises:
            UnavailableError: The database is away.
        """
        if not keys:
            return {}
        named = sa.select(resource_key.c.rid, resource_key.c.fhir_id)
        with self._database.connect() as connection:
            rows = connection.execute(named.where(resource_key.c.rid.in_(sorted(keys))))
            return {key: id_ for key, id_ in rows}  # noqa: C416 - a Row is no pair to mypy


def audit_rows(rows: Sequence[AuditRow]) -> list[Row]:
    """Return `rows` in the order of the table's columns."""
    return [
        (
            row.recorded,
            row.request_id,
            row.client_id,
            row.organization,
            row.purpose,
            row.interaction,
            row.type,
            row.id,
            row.version,
            row.outcome,
            row.status,
            row.patient,
            row.custodian,
            row.count,
            row.flags,
            row.user_id,
        )
        for row in rows
    ]


_COLUMNS = tuple(audit_log.columns)
# A search looks into the journals anyway; this is about how many rows one transaction moves.
_ENTRIES = 512
# By the identity of each file, the number of its last entry that was taken over.
_SETTLED = "SELECT value FROM deployment WHERE key = ?"
_SETTLE = (
    "INSERT INTO deployment (key, value) VALUES (?, ?)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)


def _key(file: File) -> str:
    return f"audit journal {file.identity}"


def _settled(found: Sequence[Row]) -> int:
    return int(found[0][0]) if found else 0


def _audit_row(row: "sa.Row[tuple[object, ...]]") -> AuditRow:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    values["id"] = values.pop("fhir_id")
    return AuditRow(**values)


def _where(query: AuditQuery) -> sa.ColumnElement[bool]:
    columns = audit_log.c
    tests: list[sa.ColumnElement[bool]] = [columns.custodian.in_(sorted(query.custodians))]
    if query.since is not None:
        tests.append(columns.recorded >= query.since)
    if query.until is not None:
        tests.append(columns.recorded < query.until)
    wanted = (
        (columns.patient, query.patient),
        (columns.client_id, query.client_id),
        (columns.type, query.type),
        (columns.fhir_id, query.entity_id),
        (columns.id, query.id),
    )
    tests += [column == value for column, value in wanted if value is not None]
    return sa.and_(*tests)


def _after(query: AuditQuery) -> sa.ColumnElement[bool]:
    if query.after is None:
        return sa.true()
    recorded, id_ = query.after
    columns = audit_log.c
    return sa.or_(
        columns.recorded < recorded, sa.and_(columns.recorded == recorded, columns.id < id_)
    )

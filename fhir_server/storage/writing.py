"""New versions, written set by set: one statement per table for a whole transaction.

On update only the difference of the derived rows is written.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from fhir_server.fhir.definitions import Definitions
from fhir_server.storage import schema, set_sql, statements
from fhir_server.storage.bodies import pack
from fhir_server.storage.index_rows import TABLES, rows_of, stored_mask
from fhir_server.storage.rows import Address, Version
from fhir_server.storage.session import Row, Session

# What is there and what is to be there, by table.
Rows = Mapping[str, set[Row]]


def write_versions(
    session: Session,
    versions: Sequence[Version],
    keys: Mapping[Address, int],
    definitions: Definitions,
    stamped: tuple[int, int],
) -> None:
    """Write `versions`, stamped (transaction, microseconds), and what is derived from them.

    Raises:
        CollisionError: A version is not the one after the current.
    """
    wanted: defaultdict[str, set[Row]] = defaultdict(set)
    for version in versions:
        for name, rows in rows_of(version, keys, definitions).items():
            wanted[name] |= rows
    changed = [version.key for version in versions if version.version > 1]
    present = _present(session, changed) if changed else {}
    with session.together():
        _write_documents(session, versions, definitions, stamped)
        for table in TABLES:
            had, has = present.get(table.name, set()), wanted[table.name]
            key = [table.c.keys().index(name) for name in table.info["key"]]
            gone = [tuple(row[place] for place in key) for row in had - has]
            session.run_each(set_sql.delete(table), gone)
            session.run_each(set_sql.insert(table), sorted(has - had, key=_place))


def _place(row: Row) -> int:
    """Rows of one resource lie together, in the order of the resources."""
    rid: int = row[0]
    return rid


def _present(session: Session, changed: Sequence[int]) -> Rows:
    """Return the derived rows of the resources `changed`."""
    listed = session.list_of(changed)
    queries = [(_text(set_sql.of_resources(table), session), (listed,)) for table in TABLES]
    found = session.fetch_each(queries)
    return {table.name: set(rows) for table, rows in zip(TABLES, found, strict=True)}


def _write_documents(
    session: Session,
    versions: Sequence[Version],
    definitions: Definitions,
    stamped: tuple[int, int],
) -> None:
    new: list[Row] = []
    changed: list[Row] = []
    for version in versions:
        row = _document(version, definitions.type_id(version.type), stamped)
        (new if version.version == 1 else changed).append(row)
    session.run_each(set_sql.insert(schema.resource), sorted(new, key=_place))
    if changed:
        listed = session.list_of(row[0] for row in changed)
        session.run(statements.ARCHIVE.text(session.dialect), (listed,))
        if session.dialect == "sqlite":
            changed = [(*row, row[0], row[1] - 1) for row in changed]
        session.run_each(set_sql.replace(schema.resource), changed)


def _document(version: Version, type_id: int, stamped: tuple[int, int]) -> Row:
    tx, stamp = stamped
    return (
        version.key,
        version.version,
        int(version.body is None),
        version.owner,
        type_id,
        version.id,
        stamp,
        tx,
        version.method,
        version.custodian,
        stored_mask(version),
        pack(version.body),
        pack(version.body_own),
    )


def _text(sql: set_sql.SetSql, session: Session) -> str:
    return sql.sqlite if session.dialect == "sqlite" else sql.postgresql

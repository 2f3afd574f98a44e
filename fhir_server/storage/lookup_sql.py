"""Statements for reads by id and histories; each holds the permission inside."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import ColumnElement

from fhir_server.storage import schema
from fhir_server.storage.binding import constant, number, ours, then
from fhir_server.storage.clauses import Subject, clause, fence
from fhir_server.storage.consent_sql import OLD
from fhir_server.storage.search_sql import STORED, Rows
from fhir_server.storage.shape import Shape
from fhir_server.storage.value_sql import Clause, key_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One resource by the id bound under `id`; `version` names a version's number."""

    dialect: str
    type_id: int
    id: str
    permits: Shape
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """Versions of a type, or of the resource with the id under `id`, newest first.

    `type_id` is a number, or the name of one that is bound; `at` are the ends of an interval in
    which a version must have been current.
    """

    dialect: str
    type_id: int | str
    permits: Shape
    limit: int | None
    id: str | None = None
    since: str | None = None
    at: tuple[str, str] | None = None
    after: tuple[str, str, str] | None = None


def read(lookup: Lookup) -> Rows | sa.CompoundSelect[Any]:
    """Return the statement for the current version, or for one version."""
    current, permitted = _current(lookup.type_id, lookup.permits, lookup.dialect)
    found = [current.c.rid == key_of(lookup.type_id, lookup.id), permitted]
    newest = sa.select(*_columns(current)).select_from(current).where(*found)
    if lookup.version is None:
        return newest
    older, both = _older(lookup.type_id, lookup.permits, lookup.dialect)
    version = number(lookup.version)
    return sa.union_all(
        newest.where(current.c.version == version),
        sa.select(*_columns(older))
        .select_from(then(older, current, lookup.dialect))
        .where(older.c.rid == current.c.rid, older.c.version == version, *found, both),
    )


def history(versions: Versions) -> Rows:
    """Return the statement for a page of versions, or for all where there is no limit."""
    current, permitted = _current(versions.type_id, versions.permits, versions.dialect)
    older, both = _older(versions.type_id, versions.permits, versions.dialect)
    newest = sa.select(*_columns(current)).where(permitted, *_within(versions, current))
    replaced = [] if versions.at is None else [_ended(older, current) > number(versions.at[0])]
    before = (
        sa.select(*_columns(older))
        .select_from(then(older, current, versions.dialect))
        .where(older.c.rid == current.c.rid, *_within(versions, older), *replaced, permitted, both)
    )
    ways = [_newest_first(rows, versions.limit) for rows in (newest, before)]
    together = sa.union_all(*(sa.select(rows.subquery()) for rows in ways)).subquery()
    return _newest_first(sa.select(*together.c), versions.limit)


def _current(type_id: int | str, permits: Shape, dialect: str) -> tuple[sa.FromClause, Clause]:
    return schema.resource.alias("r"), clause(permits, _subject("r", type_id, dialect))


def _older(type_id: int | str, permits: Shape, dialect: str) -> tuple[sa.FromClause, Clause]:
    """Return the versions before, and the permission that each must satisfy itself."""
    return schema.resource_version.alias(OLD), clause(permits, _subject(OLD, type_id, dialect))


def _subject(alias: str, type_id: int | str, dialect: str) -> Subject:
    known = type_id if isinstance(type_id, int) else None
    return Subject(alias=alias, type_id=known, dialect=dialect)


def _columns(table: sa.FromClause) -> list[ColumnElement[Any]]:
    return [table.c[name] for name in STORED]


def _within(versions: Versions, table: sa.FromClause) -> list[Clause]:
    bounds = [table.c.type_id == ours(versions.type_id), fence(table.c.tx, versions.dialect)]
    if versions.id is not None and isinstance(versions.type_id, int):
        bounds.append(table.c.rid == key_of(versions.type_id, versions.id))
    if versions.since is not None:
        bounds.append(table.c.last_updated >= number(versions.since))
    if versions.at is not None:
        bounds.append(table.c.last_updated < number(versions.at[1]))
    if versions.after is not None:
        position = sa.tuple_(*(number(name) for name in versions.after))
        bounds.append(sa.tuple_(table.c.last_updated, table.c.rid, table.c.version) < position)
    return bounds


def _ended(older: sa.FromClause, current: sa.FromClause) -> ColumnElement[int]:
    """Return when the next version took the place of an older one."""
    following = schema.resource_version.alias()
    next_ = sa.select(following.c.last_updated).where(
        following.c.rid == older.c.rid, following.c.version == older.c.version + constant(1)
    )
    return sa.func.coalesce(next_.scalar_subquery(), current.c.last_updated)


def _newest_first(rows: Rows, limit: int | None) -> Rows:
    if limit is None:
        return rows
    chosen = rows.selected_columns
    ordered = rows.order_by(chosen.last_updated.desc(), chosen.rid.desc(), chosen.version.desc())
    return ordered.limit(constant(limit))

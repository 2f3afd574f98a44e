"""The rows that are derived from one version of a resource."""

from collections.abc import Iterable, Mapping
from dataclasses import astuple

import sqlalchemy as sa

from fhir_server.facts.encounter import EncounterFact
from fhir_server.fhir.definitions import Definitions
from fhir_server.search.indexed import (
    CompositeValue,
    DateValue,
    Indexed,
    NumberValue,
    QuantityValue,
    ReferenceValue,
    StringValue,
    TokenValue,
)
from fhir_server.search.labels import Relation
from fhir_server.storage import schema
from fhir_server.storage.hashes import system_key, url_key
from fhir_server.storage.rows import Address, Version
from fhir_server.storage.session import Row

# Every table whose rows belong to one resource, in the order in which they are written.
TABLES: tuple[sa.Table, ...] = (
    schema.ix_token,
    schema.ix_string,
    schema.ix_date,
    schema.ix_number,
    schema.ix_quantity,
    schema.ix_reference,
    schema.ix_uri,
    schema.ix_composite,
    schema.compartment,
    schema.relation,
    schema.fact_encounter,
)
_LEAST, _GREATEST = 1, 2
_NOTHING = Indexed()


def addresses(versions: Iterable[Version]) -> set[Address]:
    """Return the addresses on this server to which the versions refer."""
    return {
        (found.type, found.id)
        for version in versions
        if version.indexed is not None
        for found in version.indexed.references
        if found.type is not None and found.id is not None
    }


def stored_mask(version: Version) -> int:
    """Return `label_mask`: the families, and whether further patients have a say."""
    return version.labels | (schema.SHARED if version.patients else 0)


def rows_of(
    version: Version, keys: Mapping[Address, int], definitions: Definitions
) -> dict[str, set[Row]]:
    """Return the rows by table; `keys` has the key of every address referred to."""
    rid, owner = version.key, version.owner
    values = version.indexed or _NOTHING
    policy = (stored_mask(version), version.custodian)
    dates = [(value.param_id, value.lo, value.hi) for value in values.dates]
    strings = [(value.param_id, value.normal, value.exact) for value in values.strings]
    rows: dict[str, set[Row]] = {
        "ix_token": {
            (rid, owner, value.param_id, value.code, system_key(value.system))
            for value in values.tokens
        },
        "ix_string": {(rid, owner, *row, edge) for row, edge in _edges(strings)},
        "ix_date": {(rid, owner, *row, edge, *policy) for row, edge in _edges(dates)},
        "ix_number": {(rid, owner, value.param_id, value.lo, value.hi) for value in values.numbers},
        "ix_quantity": {
            (rid, owner, value.param_id, value.lo, value.hi, system_key(value.system), value.code)
            for value in values.quantities
        },
        "ix_reference": {
            (rid, owner, *_reference(value, keys, definitions)) for value in values.references
        },
        "ix_uri": {(rid, owner, value.param_id, value.value) for value in values.uris},
        "ix_composite": {(rid, owner, *_composite(value)) for value in values.composites},
        "compartment": {(rid, owner, patient) for patient in version.patients},
        "relation": {_relation(rid, relation) for relation in version.relations},
        "fact_encounter": {_fact(version, version.fact)} if version.fact else set(),
    }
    return {table: found for table, found in rows.items() if found}


def _edges(rows: list[Row]) -> Iterable[tuple[Row, int]]:
    """Mark, for each parameter, the least and the greatest row: what a sort goes by."""
    if len(rows) == 1:
        return [(rows[0], _LEAST | _GREATEST)]
    least: dict[int, Row] = {}
    greatest: dict[int, Row] = {}
    for row in sorted(rows):
        least.setdefault(row[0], row)
        greatest[row[0]] = row
    return [
        (row, _LEAST * (least[row[0]] == row) + _GREATEST * (greatest[row[0]] == row))
        for row in rows
    ]


def _reference(value: ReferenceValue, keys: Mapping[Address, int], definitions: Definitions) -> Row:
    if value.type is not None and value.id is not None:
        return value.param_id, keys[value.type, value.id], definitions.type_id(value.type)
    return value.param_id, url_key(value.url or ""), 0


def _composite(value: CompositeValue) -> Row:
    """Return the row of a combination: value_sql._composite says which part stands where."""
    code, system, code2, system2 = "", 0, "", 0
    ranges: list[float] = []
    for place, part in enumerate(value.parts):
        match part:
            case TokenValue() if place == 0:
                code, system = part.code, system_key(part.system)
            case TokenValue():
                code2, system2 = part.code, system_key(part.system)
            case StringValue():
                code2 = part.normal
            case QuantityValue():
                code2, system2 = part.code, system_key(part.system)
                ranges += [part.lo, part.hi]
            case DateValue() | NumberValue():
                ranges += [float(part.lo), float(part.hi)]
    lo, hi, lo2, hi2 = (*ranges, 0.0, 0.0, 0.0, 0.0)[:4]
    return value.param_id, code, system, code2, system2, lo, hi, lo2, hi2


def _relation(rid: int, relation: Relation) -> Row:
    return (
        rid,
        relation.patient,
        relation.organization,
        relation.since,
        relation.until,
        int(relation.asserted_by_self),
    )


def _fact(version: Version, fact: EncounterFact) -> Row:
    values = (int(value) if isinstance(value, bool) else value for value in astuple(fact))
    return version.key, version.owner, version.custodian, *values

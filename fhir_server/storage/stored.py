"""A fetched row → the value that is handed out."""

from fhir_server.fhir.definitions import Definitions
from fhir_server.storage.bodies import unpack
from fhir_server.storage.rows import Stored
from fhir_server.storage.schema import SHARED
from fhir_server.storage.session import Row


def stored(row: Row, definitions: Definitions, own: frozenset[int]) -> Stored:
    """Return the version in `row` (search_sql.STORED); its custodian gets the own form."""
    (rid, version, deleted, owner, type_id, fhir_id) = row[:6]
    (last_updated, method, custodian, mask, body, body_own) = row[6:12]
    if body_own is not None and custodian in own:
        body = body_own
    return Stored(
        key=rid,
        type=definitions.type_name(type_id),
        id=fhir_id,
        version=version,
        last_updated=last_updated,
        method=method,
        deleted=bool(deleted),
        owner=owner,
        custodian=custodian,
        labels=mask & ~SHARED,
        body=unpack(body),
    )

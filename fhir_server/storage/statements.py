"""The few fixed statements of the hot path, written by hand for each database; values are bound.

Lists travel as one value: an array on PostgreSQL, a JSON list on SQLite.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fixed:
    """One statement in the words of both databases."""

    sqlite: str
    postgresql: str

    def text(self, dialect: str) -> str:
        """Return the statement for `sqlite` or `postgresql`."""
        return self.sqlite if dialect == "sqlite" else self.postgresql


# The stamp of a write transaction, at the clock ($1, microseconds): (tx, stamp).
STAMP = Fixed(
    "UPDATE write_stamp SET last = max(last + 1, ?) WHERE only = 1 RETURNING 0, last",
    "SELECT tx, stamp FROM handoff_begin_write($1)",
)

# Addresses as (type_id, fhir_id) pairs; type_id, fhir_id, rid of those that have a key.
FIND_KEYS = Fixed(
    """SELECT k.type_id, k.fhir_id, k.rid FROM json_each(?) j
       CROSS JOIN resource_key k ON k.type_id = j.value ->> 0 AND k.fhir_id = j.value ->> 1""",
    """SELECT k.type_id, k.fhir_id, k.rid
       FROM unnest($1::smallint[], $2::text[]) a(type_id, fhir_id)
       JOIN resource_key k ON k.type_id = a.type_id AND k.fhir_id = a.fhir_id""",
)
# In the order of their addresses, so that two writers cannot wait for each other in a circle.
ADD_KEYS = Fixed(
    """INSERT INTO resource_key (type_id, fhir_id) SELECT j.value ->> 0, j.value ->> 1
       FROM json_each(?) j WHERE true ON CONFLICT DO NOTHING RETURNING type_id, fhir_id, rid""",
    """INSERT INTO resource_key (type_id, fhir_id)
       SELECT type_id, fhir_id FROM unnest($1::smallint[], $2::text[]) a(type_id, fhir_id)
       ON CONFLICT DO NOTHING RETURNING type_id, fhir_id, rid""",
)

# The state of resources, locked in the order of their keys.
CURRENT = Fixed(
    """SELECT rid, version, deleted, owner, custodian_id, label_mask FROM resource
       WHERE rid IN (SELECT value FROM json_each(?))""",
    """SELECT rid, version, deleted, owner, custodian_id, label_mask FROM resource
       WHERE rid = ANY($1::bigint[]) ORDER BY rid FOR UPDATE""",
)
BODIES = Fixed(
    """SELECT rid, coalesce(body_own, body) FROM resource
       WHERE rid IN (SELECT value FROM json_each(?)) AND deleted = 0""",
    """SELECT rid, coalesce(body_own, body) FROM resource
       WHERE rid = ANY($1::bigint[]) AND deleted = 0""",
)

_COLUMNS = (
    "rid, version, deleted, owner, type_id, fhir_id, last_updated, tx, method, custodian_id, "
    "label_mask, body, body_own"
)
# What is about to be replaced goes to the versions before.
ARCHIVE = Fixed(
    f"""INSERT INTO resource_version ({_COLUMNS}) SELECT {_COLUMNS} FROM resource
        WHERE rid IN (SELECT value FROM json_each(?))""",  # noqa: S608 - our own columns
    f"""INSERT INTO resource_version ({_COLUMNS}) SELECT {_COLUMNS} FROM resource
        WHERE rid = ANY($1::bigint[])""",  # noqa: S608 - our own columns
)

# The owner is locked first, so that of two writers the second sees what the first has written.
LOCK_KEY = Fixed(
    "SELECT 1 FROM resource_key WHERE rid = ?",
    "SELECT 1 FROM resource_key WHERE rid = $1 FOR UPDATE",
)
# A patient's Consents; of a deleted one what it said last, as what it replaced stays replaced.
CONSENTS = Fixed(
    """SELECT r.rid, r.custodian_id, r.deleted,
         coalesce(r.body_own, r.body, v.body_own, v.body) FROM resource r
       LEFT JOIN resource_version v
         ON r.deleted = 1 AND v.rid = r.rid AND v.version = r.version - 1
       WHERE r.type_id = ?2
       AND (r.owner = ?1 OR r.rid IN (SELECT c.rid FROM compartment c WHERE c.patient = ?1))
       ORDER BY r.rid""",
    """SELECT r.rid, r.custodian_id, r.deleted,
         coalesce(r.body_own, r.body, v.body_own, v.body) FROM resource r
       LEFT JOIN resource_version v
         ON r.deleted = 1 AND v.rid = r.rid AND v.version = r.version - 1
       WHERE r.type_id = $2
       AND (r.owner = $1 OR r.rid IN (SELECT c.rid FROM compartment c WHERE c.patient = $1))
       ORDER BY r.rid""",
)
# The live resources that belong to a patient, or lie in the patient's compartment too.
OF_PATIENT = Fixed(
    """SELECT rid, coalesce(body_own, body) FROM resource
       WHERE deleted = 0
       AND (owner = ?1 OR rid IN (SELECT c.rid FROM compartment c WHERE c.patient = ?1))
       ORDER BY rid""",
    """SELECT rid, coalesce(body_own, body) FROM resource
       WHERE deleted = 0
       AND (owner = $1 OR rid IN (SELECT c.rid FROM compartment c WHERE c.patient = $1))
       ORDER BY rid""",
)
FORGET_RULES = Fixed(
    "DELETE FROM consent_rule WHERE owner = ?", "DELETE FROM consent_rule WHERE owner = $1"
)
FORGET_TERMS = Fixed(
    "DELETE FROM consent_term WHERE owner = ?", "DELETE FROM consent_term WHERE owner = $1"
)
# Patients with rules about some of their resources only (kind 3): what is written of theirs has to
# be held against these. On PostgreSQL no writer of their Consents is at work until this one ends.
WATCHED = Fixed(
    """SELECT DISTINCT owner FROM consent_term
       WHERE owner IN (SELECT value FROM json_each(?)) AND kind = 3""",
    "SELECT * FROM handoff_watched($1::bigint[])",
)

# Nothing comes back where the message was taken before; waits for a writer who is at it.
ADD_RECEIPT = Fixed(
    "INSERT INTO receipt (key, result) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING 1",
    "INSERT INTO receipt (key, result) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1",
)
RECEIPT = Fixed(
    "SELECT result FROM receipt WHERE key = ?", "SELECT result FROM receipt WHERE key = $1"
)
# Touches the row only where the version rises; returns nothing for an older or equal one.
RAISE_VERSION = Fixed(
    """INSERT INTO record_version (record, version) VALUES (?, ?)
       ON CONFLICT (record) DO UPDATE SET version = excluded.version
       WHERE excluded.version > record_version.version RETURNING version""",
    """INSERT INTO record_version (record, version) VALUES ($1, $2)
       ON CONFLICT (record) DO UPDATE SET version = excluded.version
       WHERE excluded.version > record_version.version RETURNING version""",
)
# Held until the transaction ends; on SQLite there is one writer anyway. The rows go at once: what
# others wait for is the end of the transaction that put them there.
HOLD_CONDITIONS = Fixed(
    "",
    "INSERT INTO condition_lock (key) SELECT unnest($1::bytea[]) ON CONFLICT DO NOTHING",
)
RELEASE_CONDITIONS = Fixed("", "DELETE FROM condition_lock WHERE key = ANY($1::bytea[])")
RAISE_SPAN = Fixed(
    """INSERT INTO date_span (param_id, max_span) VALUES (?, ?)
       ON CONFLICT (param_id) DO UPDATE SET max_span = max(max_span, excluded.max_span)""",
    """INSERT INTO date_span (param_id, max_span) VALUES ($1, $2)
       ON CONFLICT (param_id)
       DO UPDATE SET max_span = greatest(date_span.max_span, excluded.max_span)""",
)

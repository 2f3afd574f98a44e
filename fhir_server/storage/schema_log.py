"""The tables beside the documents: audit, receipts of messages, what the deployment keeps."""

import sqlalchemy as sa

from fhir_server.storage.schema import BIG, BYTES, SERIAL, SMALL, TEXT, metadata

# storage.rows.AuditRow; rendered as AuditEvent when asked for.
audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("id", SERIAL, primary_key=True, autoincrement=True),
    sa.Column("recorded", BIG, nullable=False),
    sa.Column("request_id", TEXT, nullable=False),
    sa.Column("client_id", TEXT, nullable=False),
    sa.Column("organization", BIG, nullable=False),
    sa.Column("purpose", TEXT, nullable=False),
    sa.Column("interaction", TEXT, nullable=False),
    sa.Column("type", TEXT, nullable=False),
    sa.Column("fhir_id", TEXT, nullable=False),
    sa.Column("version", sa.Integer(), nullable=False),
    sa.Column("outcome", SMALL, nullable=False),
    sa.Column("status", SMALL, nullable=False),
    sa.Column("patient", BIG, nullable=False),
    sa.Column("custodian", BIG, nullable=False),
    sa.Column("count", sa.Integer(), nullable=False),
    sa.Column("flags", sa.Integer(), nullable=False),
    # The account of the person behind the client; "" where there is none.
    sa.Column("user_id", TEXT, nullable=False, server_default=""),
)
sa.Index("audit_log_custodian", audit_log.c.custodian, audit_log.c.recorded, audit_log.c.id)
sa.Index("audit_log_patient", audit_log.c.patient, audit_log.c.recorded)

# storage.rows.Receipt; both keys are hashes.
receipt = sa.Table(
    "receipt",
    metadata,
    sa.Column("key", BYTES, primary_key=True),
    sa.Column("result", BYTES, nullable=False),
)
record_version = sa.Table(
    "record_version",
    metadata,
    sa.Column("record", BYTES, primary_key=True),
    sa.Column("version", BIG, nullable=False),
)

# Values that this deployment made for itself, such as its secret.
deployment = sa.Table(
    "deployment",
    metadata,
    sa.Column("key", TEXT, primary_key=True),
    sa.Column("value", BYTES, nullable=False),
)

# SQLite's only: the last stamp of a write. PostgreSQL has the sequences `write_stamp`, `write_tx`.
write_stamp = sa.Table(
    "write_stamp",
    metadata,
    sa.Column("only", SMALL, primary_key=True, autoincrement=False),
    sa.Column("last", BIG, nullable=False),
    info={"dialect": "sqlite"},
)

# Held by a transaction whose changes depend on what a search finds; the key is a hash of it.
condition_lock = sa.Table(
    "condition_lock",
    metadata,
    sa.Column("key", BYTES, primary_key=True),
)

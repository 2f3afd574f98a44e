"""The documents, what is derived from them, and the logs beside them."""

from alembic import op

from fhir_server.storage import schema, schema_log

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    schema.resource_key,
    schema.resource,
    schema.resource_version,
    schema.ix_token,
    schema.ix_string,
    schema.ix_date,
    schema.ix_number,
    schema.ix_quantity,
    schema.ix_reference,
    schema.ix_uri,
    schema.date_span,
    schema.compartment,
    schema.relation,
    schema.consent_rule,
    schema.fact_encounter,
    schema_log.audit_log,
    schema_log.receipt,
    schema_log.record_version,
    schema_log.deployment,
)

# The order of transaction numbers and that of stamps must be the same, so both are taken under
# one short lock; sequences, because those are not rolled back and seen by everybody at once.
_BEGIN_WRITE = """
CREATE FUNCTION handoff_begin_write(clock bigint, OUT tx bigint, OUT stamp bigint)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_lock(4611012);
  tx := pg_current_xact_id()::text::bigint;
  SELECT greatest(last_value + 1, clock) INTO stamp FROM write_stamp;
  PERFORM setval('write_stamp', stamp), setval('write_tx', tx);
  PERFORM pg_advisory_unlock(4611012);
END $$
"""


def upgrade() -> None:
    bind = op.get_bind()
    schema.metadata.create_all(bind, tables=_TABLES, checkfirst=False)
    if bind.dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE write_stamp")
        op.execute("CREATE SEQUENCE write_tx")
        op.execute(_BEGIN_WRITE)
    else:
        schema_log.write_stamp.create(bind)
        op.execute("INSERT INTO write_stamp VALUES (1, 0)")

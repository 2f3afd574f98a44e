"""The documents, what is derived from them, and the logs beside them."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_POSTGRESQL = """
CREATE TABLE resource_key (rid BIGSERIAL NOT NULL, type_id SMALLINT NOT NULL, fhir_id TEXT
  COLLATE "C" NOT NULL, PRIMARY KEY (rid), CONSTRAINT resource_key_address UNIQUE (type_id,
  fhir_id));
CREATE TABLE resource (rid BIGINT NOT NULL, version INTEGER NOT NULL, deleted SMALLINT NOT NULL,
  owner BIGINT NOT NULL, type_id SMALLINT NOT NULL, fhir_id TEXT COLLATE "C" NOT NULL,
  last_updated BIGINT NOT NULL, tx BIGINT NOT NULL, method TEXT COLLATE "C" NOT NULL,
  custodian_id BIGINT NOT NULL, label_mask INTEGER NOT NULL, body BYTEA, body_own BYTEA, PRIMARY
  KEY (rid));
CREATE INDEX resource_updated ON resource (type_id, last_updated, rid, owner, label_mask,
  custodian_id, deleted, tx);
CREATE INDEX resource_owner ON resource (owner, type_id, last_updated, rid);
CREATE TABLE resource_version (rid BIGINT NOT NULL, version INTEGER NOT NULL, deleted SMALLINT
  NOT NULL, owner BIGINT NOT NULL, type_id SMALLINT NOT NULL, fhir_id TEXT COLLATE "C" NOT NULL,
  last_updated BIGINT NOT NULL, tx BIGINT NOT NULL, method TEXT COLLATE "C" NOT NULL,
  custodian_id BIGINT NOT NULL, label_mask INTEGER NOT NULL, body BYTEA, body_own BYTEA, PRIMARY
  KEY (rid, version));
CREATE INDEX resource_version_updated ON resource_version (type_id, last_updated, rid);
CREATE TABLE ix_token (rid BIGINT NOT NULL, owner BIGINT NOT NULL, param_id INTEGER NOT NULL,
  code TEXT COLLATE "C" NOT NULL, system BIGINT NOT NULL);
CREATE INDEX ix_token_owner ON ix_token (owner, param_id, code, rid, system);
CREATE INDEX ix_token_rid ON ix_token (rid);
CREATE INDEX ix_token_all ON ix_token (param_id, code, system, owner, rid);
CREATE TABLE ix_string (rid BIGINT NOT NULL, owner BIGINT NOT NULL, param_id INTEGER NOT NULL,
  normal TEXT COLLATE "C" NOT NULL, exact TEXT COLLATE "C" NOT NULL, edge SMALLINT NOT NULL);
CREATE INDEX ix_string_all ON ix_string (param_id, normal, rid, owner, edge);
CREATE INDEX ix_string_rid ON ix_string (rid);
CREATE INDEX ix_string_owner ON ix_string (owner, param_id, normal, rid, edge);
CREATE TABLE ix_date (rid BIGINT NOT NULL, owner BIGINT NOT NULL, param_id INTEGER NOT NULL, lo
  BIGINT NOT NULL, hi BIGINT NOT NULL, edge SMALLINT NOT NULL, label_mask INTEGER NOT NULL,
  custodian_id BIGINT NOT NULL);
CREATE INDEX ix_date_all ON ix_date (param_id, lo, rid, hi, edge, owner, label_mask,
  custodian_id);
CREATE INDEX ix_date_owner ON ix_date (owner, param_id, lo, rid, hi, edge, label_mask,
  custodian_id);
CREATE INDEX ix_date_odd ON ix_date (param_id, lo, rid) WHERE (hi = 4611686018427387904 OR lo =
  -4611686018427387904 OR edge <> 3);
CREATE INDEX ix_date_rid ON ix_date (rid);
CREATE TABLE ix_number (rid BIGINT NOT NULL, owner BIGINT NOT NULL, param_id INTEGER NOT NULL,
  lo DOUBLE PRECISION NOT NULL, hi DOUBLE PRECISION NOT NULL);
CREATE INDEX ix_number_all ON ix_number (param_id, lo, hi, owner, rid);
CREATE INDEX ix_number_rid ON ix_number (rid);
CREATE INDEX ix_number_owner ON ix_number (owner, param_id, lo, hi, rid);
CREATE TABLE ix_quantity (rid BIGINT NOT NULL, owner BIGINT NOT NULL, param_id INTEGER NOT NULL,
  lo DOUBLE PRECISION NOT NULL, hi DOUBLE PRECISION NOT NULL, system BIGINT NOT NULL, code TEXT
  COLLATE "C" NOT NULL);
CREATE INDEX ix_quantity_owner ON ix_quantity (owner, param_id, lo, hi, rid);
CREATE INDEX ix_quantity_all ON ix_quantity (param_id, lo, hi, owner, rid);
CREATE INDEX ix_quantity_rid ON ix_quantity (rid);
CREATE TABLE ix_reference (rid BIGINT NOT NULL, owner BIGINT NOT NULL, param_id INTEGER NOT
  NULL, target BIGINT NOT NULL, target_type SMALLINT NOT NULL);
CREATE INDEX ix_reference_owner ON ix_reference (owner, param_id, target, rid);
CREATE INDEX ix_reference_rid ON ix_reference (rid);
CREATE INDEX ix_reference_all ON ix_reference (param_id, target, owner, rid);
CREATE TABLE ix_uri (rid BIGINT NOT NULL, owner BIGINT NOT NULL, param_id INTEGER NOT NULL,
  value TEXT COLLATE "C" NOT NULL);
CREATE INDEX ix_uri_rid ON ix_uri (rid);
CREATE INDEX ix_uri_all ON ix_uri (param_id, value, owner, rid);
CREATE INDEX ix_uri_owner ON ix_uri (owner, param_id, value, rid);
CREATE TABLE date_span (param_id INTEGER NOT NULL, max_span BIGINT NOT NULL, PRIMARY KEY
  (param_id));
CREATE TABLE compartment (rid BIGINT NOT NULL, owner BIGINT NOT NULL, patient BIGINT NOT NULL);
CREATE INDEX compartment_rid ON compartment (rid);
CREATE INDEX compartment_patient ON compartment (patient, rid, owner);
CREATE TABLE relation (rid BIGINT NOT NULL, owner BIGINT NOT NULL, organization BIGINT NOT NULL,
  since BIGINT NOT NULL, until BIGINT NOT NULL, self_asserted SMALLINT NOT NULL);
CREATE INDEX relation_rid ON relation (rid);
CREATE INDEX relation_owner ON relation (owner, organization, since, until, self_asserted);
CREATE INDEX relation_organization ON relation (organization, until, owner);
CREATE TABLE consent_rule (owner BIGINT NOT NULL, deny SMALLINT NOT NULL, seq INTEGER NOT NULL,
  actor_id BIGINT NOT NULL, not_actor_id BIGINT NOT NULL, purpose_mask BIGINT NOT NULL, type_id
  SMALLINT NOT NULL, custodian_id BIGINT NOT NULL, any_mask INTEGER NOT NULL, cover_mask INTEGER
  NOT NULL, valid_from BIGINT NOT NULL, valid_to BIGINT NOT NULL, node INTEGER NOT NULL, parent
  INTEGER NOT NULL, has_kids SMALLINT NOT NULL, CONSTRAINT consent_rule_key PRIMARY KEY (owner,
  deny, seq));
CREATE INDEX consent_rule_actor ON consent_rule (actor_id, owner);
CREATE TABLE fact_encounter (rid BIGINT NOT NULL, owner BIGINT NOT NULL, custodian_id BIGINT NOT
  NULL, status TEXT COLLATE "C" NOT NULL, received BIGINT NOT NULL, on_scene BIGINT, cleared
  BIGINT, disposition TEXT COLLATE "C" NOT NULL, responder_model TEXT COLLATE "C" NOT NULL,
  dispatch_source TEXT COLLATE "C" NOT NULL, offense_level TEXT COLLATE "C" NOT NULL, voluntary
  SMALLINT, in_person SMALLINT NOT NULL, arrestable SMALLINT, arrested SMALLINT, cited SMALLINT,
  known_person SMALLINT NOT NULL);
CREATE INDEX fact_encounter_received ON fact_encounter (received, custodian_id);
CREATE INDEX fact_encounter_rid ON fact_encounter (rid);
CREATE TABLE audit_log (id BIGSERIAL NOT NULL, recorded BIGINT NOT NULL, request_id TEXT COLLATE
  "C" NOT NULL, client_id TEXT COLLATE "C" NOT NULL, organization BIGINT NOT NULL, purpose TEXT
  COLLATE "C" NOT NULL, interaction TEXT COLLATE "C" NOT NULL, type TEXT COLLATE "C" NOT NULL,
  fhir_id TEXT COLLATE "C" NOT NULL, version INTEGER NOT NULL, outcome SMALLINT NOT NULL, status
  SMALLINT NOT NULL, patient BIGINT NOT NULL, custodian BIGINT NOT NULL, count INTEGER NOT NULL,
  flags INTEGER NOT NULL, PRIMARY KEY (id));
CREATE INDEX audit_log_patient ON audit_log (patient, recorded);
CREATE INDEX audit_log_custodian ON audit_log (custodian, recorded, id);
CREATE TABLE receipt (key BYTEA NOT NULL, result BYTEA NOT NULL, PRIMARY KEY (key));
CREATE TABLE record_version (record BYTEA NOT NULL, version BIGINT NOT NULL, PRIMARY KEY
  (record));
CREATE TABLE deployment (key TEXT COLLATE "C" NOT NULL, value BYTEA NOT NULL, PRIMARY KEY (key))
"""

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

_SQLITE = """
CREATE TABLE resource_key (rid INTEGER NOT NULL, type_id SMALLINT NOT NULL, fhir_id TEXT NOT
  NULL, PRIMARY KEY (rid), CONSTRAINT resource_key_address UNIQUE (type_id, fhir_id));
CREATE TABLE resource (rid INTEGER NOT NULL, version INTEGER NOT NULL, deleted SMALLINT NOT
  NULL, owner BIGINT NOT NULL, type_id SMALLINT NOT NULL, fhir_id TEXT NOT NULL, last_updated
  BIGINT NOT NULL, tx BIGINT NOT NULL, method TEXT NOT NULL, custodian_id BIGINT NOT NULL,
  label_mask INTEGER NOT NULL, body BLOB, body_own BLOB, PRIMARY KEY (rid));
CREATE INDEX resource_updated ON resource (type_id, last_updated, rid, owner, label_mask,
  custodian_id, deleted, tx);
CREATE INDEX resource_owner ON resource (owner, type_id, last_updated, rid);
CREATE TABLE resource_version (rid BIGINT NOT NULL, version INTEGER NOT NULL, deleted SMALLINT
  NOT NULL, owner BIGINT NOT NULL, type_id SMALLINT NOT NULL, fhir_id TEXT NOT NULL,
  last_updated BIGINT NOT NULL, tx BIGINT NOT NULL, method TEXT NOT NULL, custodian_id BIGINT
  NOT NULL, label_mask INTEGER NOT NULL, body BLOB, body_own BLOB, PRIMARY KEY (rid, version));
CREATE INDEX resource_version_updated ON resource_version (type_id, last_updated, rid);
CREATE TABLE ix_token (rid BIGINT NOT NULL, owner BIGINT NOT NULL, param_id INTEGER NOT NULL,
  code TEXT NOT NULL, system BIGINT NOT NULL, CONSTRAINT ix_token_key PRIMARY KEY (rid,
  param_id, code, system)) WITHOUT ROWID;
CREATE INDEX ix_token_owner ON ix_token (owner, param_id, code, rid, system);
CREATE INDEX ix_token_all ON ix_token (param_id, code, system, owner, rid);
CREATE TABLE ix_string (rid BIGINT NOT NULL, owner BIGINT NOT NULL, param_id INTEGER NOT NULL,
  normal TEXT NOT NULL, exact TEXT NOT NULL, edge SMALLINT NOT NULL, CONSTRAINT ix_string_key
  PRIMARY KEY (rid, param_id, normal, exact)) WITHOUT ROWID;
CREATE INDEX ix_string_all ON ix_string (param_id, normal, rid, owner, edge);
CREATE INDEX ix_string_owner ON ix_string (owner, param_id, normal, rid, edge);
CREATE TABLE ix_date (rid BIGINT NOT NULL, owner BIGINT NOT NULL, param_id INTEGER NOT NULL, lo
  BIGINT NOT NULL, hi BIGINT NOT NULL, edge SMALLINT NOT NULL, label_mask INTEGER NOT NULL,
  custodian_id BIGINT NOT NULL, CONSTRAINT ix_date_key PRIMARY KEY (rid, param_id, lo, hi))
  WITHOUT ROWID;
CREATE INDEX ix_date_all ON ix_date (param_id, lo, rid, hi, edge, owner, label_mask,
  custodian_id);
CREATE INDEX ix_date_owner ON ix_date (owner, param_id, lo, rid, hi, edge, label_mask,
  custodian_id);
CREATE INDEX ix_date_odd ON ix_date (param_id, lo, rid) WHERE (hi = 4611686018427387904 OR lo =
  -4611686018427387904 OR edge <> 3);
CREATE TABLE ix_number (rid BIGINT NOT NULL, owner BIGINT NOT NULL, param_id INTEGER NOT NULL,
  lo DOUBLE NOT NULL, hi DOUBLE NOT NULL, CONSTRAINT ix_number_key PRIMARY KEY (rid, param_id,
  lo, hi)) WITHOUT ROWID;
CREATE INDEX ix_number_all ON ix_number (param_id, lo, hi, owner, rid);
CREATE INDEX ix_number_owner ON ix_number (owner, param_id, lo, hi, rid);
CREATE TABLE ix_quantity (rid BIGINT NOT NULL, owner BIGINT NOT NULL, param_id INTEGER NOT NULL,
  lo DOUBLE NOT NULL, hi DOUBLE NOT NULL, system BIGINT NOT NULL, code TEXT NOT NULL, CONSTRAINT
  ix_quantity_key PRIMARY KEY (rid, param_id, lo, hi, system, code)) WITHOUT ROWID;
CREATE INDEX ix_quantity_owner ON ix_quantity (owner, param_id, lo, hi, rid);
CREATE INDEX ix_quantity_all ON ix_quantity (param_id, lo, hi, owner, rid);
CREATE TABLE ix_reference (rid BIGINT NOT NULL, owner BIGINT NOT NULL, param_id INTEGER NOT
  NULL, target BIGINT NOT NULL, target_type SMALLINT NOT NULL, CONSTRAINT ix_reference_key
  PRIMARY KEY (rid, param_id, target)) WITHOUT ROWID;
CREATE INDEX ix_reference_owner ON ix_reference (owner, param_id, target, rid);
CREATE INDEX ix_reference_all ON ix_reference (param_id, target, owner, rid);
CREATE TABLE ix_uri (rid BIGINT NOT NULL, owner BIGINT NOT NULL, param_id INTEGER NOT NULL,
  value TEXT NOT NULL, CONSTRAINT ix_uri_key PRIMARY KEY (rid, param_id, value)) WITHOUT ROWID;
CREATE INDEX ix_uri_all ON ix_uri (param_id, value, owner, rid);
CREATE INDEX ix_uri_owner ON ix_uri (owner, param_id, value, rid);
CREATE TABLE date_span (param_id INTEGER NOT NULL, max_span BIGINT NOT NULL, PRIMARY KEY
  (param_id));
CREATE TABLE compartment (rid BIGINT NOT NULL, owner BIGINT NOT NULL, patient BIGINT NOT NULL,
  CONSTRAINT compartment_key PRIMARY KEY (rid, patient)) WITHOUT ROWID;
CREATE INDEX compartment_patient ON compartment (patient, rid, owner);
CREATE TABLE relation (rid BIGINT NOT NULL, owner BIGINT NOT NULL, organization BIGINT NOT NULL,
  since BIGINT NOT NULL, until BIGINT NOT NULL, self_asserted SMALLINT NOT NULL, CONSTRAINT
  relation_key PRIMARY KEY (rid, owner, organization, since, until, self_asserted)) WITHOUT
  ROWID;
CREATE INDEX relation_owner ON relation (owner, organization, since, until, self_asserted);
CREATE INDEX relation_organization ON relation (organization, until, owner);
CREATE TABLE consent_rule (owner BIGINT NOT NULL, deny SMALLINT NOT NULL, seq INTEGER NOT NULL,
  actor_id BIGINT NOT NULL, not_actor_id BIGINT NOT NULL, purpose_mask BIGINT NOT NULL, type_id
  SMALLINT NOT NULL, custodian_id BIGINT NOT NULL, any_mask INTEGER NOT NULL, cover_mask INTEGER
  NOT NULL, valid_from BIGINT NOT NULL, valid_to BIGINT NOT NULL, node INTEGER NOT NULL, parent
  INTEGER NOT NULL, has_kids SMALLINT NOT NULL, CONSTRAINT consent_rule_key PRIMARY KEY (owner,
  deny, seq)) WITHOUT ROWID;
CREATE INDEX consent_rule_actor ON consent_rule (actor_id, owner);
CREATE TABLE fact_encounter (rid BIGINT NOT NULL, owner BIGINT NOT NULL, custodian_id BIGINT NOT
  NULL, status TEXT NOT NULL, received BIGINT NOT NULL, on_scene BIGINT, cleared BIGINT,
  disposition TEXT NOT NULL, responder_model TEXT NOT NULL, dispatch_source TEXT NOT NULL,
  offense_level TEXT NOT NULL, voluntary SMALLINT, in_person SMALLINT NOT NULL, arrestable
  SMALLINT, arrested SMALLINT, cited SMALLINT, known_person SMALLINT NOT NULL, CONSTRAINT
  fact_encounter_key PRIMARY KEY (rid)) WITHOUT ROWID;
CREATE INDEX fact_encounter_received ON fact_encounter (received, custodian_id);
CREATE TABLE audit_log (id INTEGER NOT NULL, recorded BIGINT NOT NULL, request_id TEXT NOT NULL,
  client_id TEXT NOT NULL, organization BIGINT NOT NULL, purpose TEXT NOT NULL, interaction TEXT
  NOT NULL, type TEXT NOT NULL, fhir_id TEXT NOT NULL, version INTEGER NOT NULL, outcome
  SMALLINT NOT NULL, status SMALLINT NOT NULL, patient BIGINT NOT NULL, custodian BIGINT NOT
  NULL, count INTEGER NOT NULL, flags INTEGER NOT NULL, PRIMARY KEY (id));
CREATE INDEX audit_log_patient ON audit_log (patient, recorded);
CREATE INDEX audit_log_custodian ON audit_log (custodian, recorded, id);
CREATE TABLE receipt ("key" BLOB NOT NULL, result BLOB NOT NULL, PRIMARY KEY ("key"));
CREATE TABLE record_version (record BLOB NOT NULL, version BIGINT NOT NULL, PRIMARY KEY
  (record));
CREATE TABLE deployment ("key" TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY ("key"));
CREATE TABLE write_stamp (only SMALLINT NOT NULL, last BIGINT NOT NULL, PRIMARY KEY (only))
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _execute(_POSTGRESQL)
        op.execute("CREATE SEQUENCE write_stamp")
        op.execute("CREATE SEQUENCE write_tx")
        op.execute(_BEGIN_WRITE)
    else:
        _execute(_SQLITE)
        op.execute("INSERT INTO write_stamp VALUES (1, 0)")


def _execute(script: str) -> None:
    for statement in script.split(";"):
        op.execute(statement)

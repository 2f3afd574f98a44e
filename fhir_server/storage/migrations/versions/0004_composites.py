"""Composite parameters, and locks on what a condition finds."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_POSTGRESQL = """
CREATE TABLE ix_composite (rid BIGINT NOT NULL, owner BIGINT NOT NULL, param_id INTEGER NOT NULL,
  code TEXT COLLATE "C" NOT NULL, system BIGINT NOT NULL, code2 TEXT COLLATE "C" NOT NULL,
  system2 BIGINT NOT NULL, lo DOUBLE PRECISION NOT NULL, hi DOUBLE PRECISION NOT NULL,
  lo2 DOUBLE PRECISION NOT NULL, hi2 DOUBLE PRECISION NOT NULL);
CREATE INDEX ix_composite_rid ON ix_composite (rid);
CREATE INDEX ix_composite_owner ON ix_composite (owner, param_id, code, rid);
CREATE INDEX ix_composite_all ON ix_composite (param_id, code, owner, rid);
CREATE INDEX ix_number_ranged ON ix_number (param_id, hi, rid) WHERE (lo <> hi);
CREATE INDEX ix_quantity_ranged ON ix_quantity (param_id, hi, rid) WHERE (lo <> hi);
CREATE TABLE condition_lock ("key" BYTEA NOT NULL, PRIMARY KEY ("key"))
"""

_SQLITE = """
CREATE TABLE ix_composite (rid BIGINT NOT NULL, owner BIGINT NOT NULL, param_id INTEGER NOT NULL,
  code TEXT NOT NULL, system BIGINT NOT NULL, code2 TEXT NOT NULL, system2 BIGINT NOT NULL,
  lo DOUBLE NOT NULL, hi DOUBLE NOT NULL, lo2 DOUBLE NOT NULL, hi2 DOUBLE NOT NULL,
  CONSTRAINT ix_composite_key PRIMARY KEY (rid, param_id, code, system, code2, system2, lo, hi,
  lo2, hi2)) WITHOUT ROWID;
CREATE INDEX ix_composite_owner ON ix_composite (owner, param_id, code, rid);
CREATE INDEX ix_composite_all ON ix_composite (param_id, code, owner, rid);
CREATE INDEX ix_number_ranged ON ix_number (param_id, hi, rid) WHERE (lo <> hi);
CREATE INDEX ix_quantity_ranged ON ix_quantity (param_id, hi, rid) WHERE (lo <> hi);
CREATE TABLE condition_lock ("key" BLOB NOT NULL, PRIMARY KEY ("key"))
"""


def upgrade() -> None:
    script = _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE
    for statement in script.split(";"):
        op.execute(statement)

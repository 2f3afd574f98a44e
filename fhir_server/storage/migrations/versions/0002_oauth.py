"""Clients, access tokens, and assertions that were used."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_POSTGRESQL = """
CREATE TABLE oauth_client (client_id TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT
  NULL, organization BIGINT NOT NULL, organization_id TEXT COLLATE "C" NOT NULL, jwks TEXT
  COLLATE "C" NOT NULL, scopes TEXT COLLATE "C" NOT NULL, purposes BIGINT NOT NULL, submits_for
  TEXT COLLATE "C" NOT NULL, assign_ids SMALLINT NOT NULL, medical_personnel SMALLINT NOT NULL,
  privacy_officer SMALLINT NOT NULL, registered_at BIGINT NOT NULL, revoked_at BIGINT, PRIMARY
  KEY (client_id));
CREATE TABLE oauth_token (token_hash BYTEA NOT NULL, client_id TEXT COLLATE "C" NOT NULL,
  expires_at BIGINT NOT NULL, purpose BIGINT NOT NULL, scopes TEXT COLLATE "C" NOT NULL, actors
  TEXT COLLATE "C" NOT NULL, PRIMARY KEY (token_hash));
CREATE INDEX oauth_token_client ON oauth_token (client_id);
CREATE INDEX oauth_token_expires ON oauth_token (expires_at);
CREATE TABLE oauth_assertion (assertion_hash BYTEA NOT NULL, expires_at BIGINT NOT NULL,
  PRIMARY KEY (assertion_hash));
CREATE INDEX oauth_assertion_expires ON oauth_assertion (expires_at)
"""

_SQLITE = """
CREATE TABLE oauth_client (client_id TEXT NOT NULL, name TEXT NOT NULL, organization BIGINT
  NOT NULL, organization_id TEXT NOT NULL, jwks TEXT NOT NULL, scopes TEXT NOT NULL, purposes
  BIGINT NOT NULL, submits_for TEXT NOT NULL, assign_ids SMALLINT NOT NULL, medical_personnel
  SMALLINT NOT NULL, privacy_officer SMALLINT NOT NULL, registered_at BIGINT NOT NULL,
  revoked_at BIGINT, PRIMARY KEY (client_id));
CREATE TABLE oauth_token (token_hash BLOB NOT NULL, client_id TEXT NOT NULL, expires_at BIGINT
  NOT NULL, purpose BIGINT NOT NULL, scopes TEXT NOT NULL, actors TEXT NOT NULL, PRIMARY KEY
  (token_hash)) WITHOUT ROWID;
CREATE INDEX oauth_token_client ON oauth_token (client_id);
CREATE INDEX oauth_token_expires ON oauth_token (expires_at);
CREATE TABLE oauth_assertion (assertion_hash BLOB NOT NULL, expires_at BIGINT NOT NULL,
  PRIMARY KEY (assertion_hash)) WITHOUT ROWID;
CREATE INDEX oauth_assertion_expires ON oauth_assertion (expires_at)
"""


def upgrade() -> None:
    script = _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE
    for statement in script.split(";"):
        op.execute(statement)

"""Accounts, roles, logins and sessions; grants, codes, launches and signing keys of apps."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ADDED = (
    "ALTER TABLE oauth_client ADD COLUMN auth_method {text} NOT NULL DEFAULT 'private_key_jwt'",
    "ALTER TABLE oauth_client ADD COLUMN secret_hash {bytes}",
    "ALTER TABLE oauth_client ADD COLUMN jwks_uri {text} NOT NULL DEFAULT ''",
    "ALTER TABLE oauth_client ADD COLUMN redirect_uris {text} NOT NULL DEFAULT '[]'",
    "ALTER TABLE oauth_client ADD COLUMN launch_uri {text} NOT NULL DEFAULT ''",
    "ALTER TABLE oauth_client ADD COLUMN context_scopes {text} NOT NULL DEFAULT ''",
    "ALTER TABLE oauth_client ADD COLUMN launches SMALLINT NOT NULL DEFAULT 0",
    "ALTER TABLE oauth_client ADD COLUMN introspects SMALLINT NOT NULL DEFAULT 0",
    "ALTER TABLE oauth_token ADD COLUMN grant_id {text} NOT NULL DEFAULT ''",
    "CREATE INDEX oauth_token_grant ON oauth_token (grant_id)",
    "ALTER TABLE audit_log ADD COLUMN user_id {text} NOT NULL DEFAULT ''",
)

_POSTGRESQL = """
CREATE TABLE oauth_grant (grant_id TEXT COLLATE "C" NOT NULL, client_id TEXT COLLATE "C" NOT
  NULL, account_id TEXT COLLATE "C" NOT NULL, role_id TEXT COLLATE "C" NOT NULL, session_id TEXT
  COLLATE "C" NOT NULL, scopes TEXT COLLATE "C" NOT NULL, context_scopes TEXT COLLATE "C" NOT
  NULL, purpose BIGINT NOT NULL, patient TEXT COLLATE "C" NOT NULL, context TEXT COLLATE "C" NOT
  NULL, nonce TEXT COLLATE "C" NOT NULL, authenticated_at BIGINT NOT NULL, granted_at BIGINT NOT
  NULL, expires_at BIGINT NOT NULL, revoked_at BIGINT, PRIMARY KEY (grant_id));
CREATE INDEX oauth_grant_account ON oauth_grant (account_id);
CREATE INDEX oauth_grant_expires ON oauth_grant (expires_at);
CREATE INDEX oauth_grant_session ON oauth_grant (session_id);
CREATE TABLE oauth_code (code_hash BYTEA NOT NULL, grant_id TEXT COLLATE "C" NOT NULL,
  client_id TEXT COLLATE "C" NOT NULL, redirect_uri TEXT COLLATE "C" NOT NULL, code_challenge
  TEXT COLLATE "C" NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT, PRIMARY KEY
  (code_hash));
CREATE INDEX oauth_code_expires ON oauth_code (expires_at);
CREATE TABLE oauth_refresh (token_hash BYTEA NOT NULL, grant_id TEXT COLLATE "C" NOT NULL,
  client_id TEXT COLLATE "C" NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT, PRIMARY KEY
  (token_hash));
CREATE INDEX oauth_refresh_expires ON oauth_refresh (expires_at);
CREATE TABLE oauth_launch (handle_hash BYTEA NOT NULL, launcher TEXT COLLATE "C" NOT NULL,
  client_id TEXT COLLATE "C" NOT NULL, organization BIGINT NOT NULL, context TEXT COLLATE "C"
  NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT, PRIMARY KEY (handle_hash));
CREATE INDEX oauth_launch_expires ON oauth_launch (expires_at);
CREATE TABLE oauth_request (handle_hash BYTEA NOT NULL, visit_hash BYTEA NOT NULL, parameters
  TEXT COLLATE "C" NOT NULL, expires_at BIGINT NOT NULL, PRIMARY KEY (handle_hash));
CREATE INDEX oauth_request_expires ON oauth_request (expires_at);
CREATE TABLE signing_key (kid TEXT COLLATE "C" NOT NULL, public TEXT COLLATE "C" NOT NULL,
  sealed BYTEA NOT NULL, made_at BIGINT NOT NULL, retired_at BIGINT, PRIMARY KEY (kid));
CREATE TABLE account (account_id TEXT COLLATE "C" NOT NULL, login TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL, fhir_user TEXT COLLATE "C" NOT NULL, created_at BIGINT NOT
  NULL, disabled_at BIGINT, PRIMARY KEY (account_id), UNIQUE (login));
CREATE TABLE account_role (role_id TEXT COLLATE "C" NOT NULL, account_id TEXT COLLATE "C" NOT
  NULL, role TEXT COLLATE "C" NOT NULL, organization BIGINT NOT NULL, organization_id TEXT
  COLLATE "C" NOT NULL, since BIGINT NOT NULL, until BIGINT NOT NULL, PRIMARY KEY (role_id));
CREATE INDEX account_role_account ON account_role (account_id);
CREATE TABLE login_credential (account_id TEXT COLLATE "C" NOT NULL, method TEXT COLLATE "C"
  NOT NULL, secret BYTEA NOT NULL, temporary SMALLINT NOT NULL, used BIGINT NOT NULL, changed_at
  BIGINT NOT NULL, PRIMARY KEY (account_id, method));
CREATE TABLE login_failure (key_hash BYTEA NOT NULL, failures INTEGER NOT NULL, locked_until
  BIGINT NOT NULL, expires_at BIGINT NOT NULL, PRIMARY KEY (key_hash));
CREATE INDEX login_failure_expires ON login_failure (expires_at);
CREATE TABLE login_session (session_hash BYTEA NOT NULL, session_id TEXT COLLATE "C" NOT NULL,
  account_id TEXT COLLATE "C" NOT NULL, role_id TEXT COLLATE "C" NOT NULL, stage TEXT COLLATE
  "C" NOT NULL, authenticated_at BIGINT NOT NULL, seen_at BIGINT NOT NULL, expires_at BIGINT NOT
  NULL, PRIMARY KEY (session_hash));
CREATE INDEX login_session_account ON login_session (account_id);
CREATE INDEX login_session_expires ON login_session (expires_at)
"""

_SQLITE = """
CREATE TABLE oauth_grant (grant_id TEXT NOT NULL, client_id TEXT NOT NULL, account_id TEXT NOT
  NULL, role_id TEXT NOT NULL, session_id TEXT NOT NULL, scopes TEXT NOT NULL, context_scopes
  TEXT NOT NULL, purpose BIGINT NOT NULL, patient TEXT NOT NULL, context TEXT NOT NULL, nonce
  TEXT NOT NULL, authenticated_at BIGINT NOT NULL, granted_at BIGINT NOT NULL, expires_at BIGINT
  NOT NULL, revoked_at BIGINT, PRIMARY KEY (grant_id));
CREATE INDEX oauth_grant_account ON oauth_grant (account_id);
CREATE INDEX oauth_grant_expires ON oauth_grant (expires_at);
CREATE INDEX oauth_grant_session ON oauth_grant (session_id);
CREATE TABLE oauth_code (code_hash BLOB NOT NULL, grant_id TEXT NOT NULL, client_id TEXT NOT
  NULL, redirect_uri TEXT NOT NULL, code_challenge TEXT NOT NULL, expires_at BIGINT NOT NULL,
  used_at BIGINT, PRIMARY KEY (code_hash)) WITHOUT ROWID;
CREATE INDEX oauth_code_expires ON oauth_code (expires_at);
CREATE TABLE oauth_refresh (token_hash BLOB NOT NULL, grant_id TEXT NOT NULL, client_id TEXT
  NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT, PRIMARY KEY (token_hash)) WITHOUT ROWID;
CREATE INDEX oauth_refresh_expires ON oauth_refresh (expires_at);
CREATE TABLE oauth_launch (handle_hash BLOB NOT NULL, launcher TEXT NOT NULL, client_id TEXT
  NOT NULL, organization BIGINT NOT NULL, context TEXT NOT NULL, expires_at BIGINT NOT NULL,
  used_at BIGINT, PRIMARY KEY (handle_hash)) WITHOUT ROWID;
CREATE INDEX oauth_launch_expires ON oauth_launch (expires_at);
CREATE TABLE oauth_request (handle_hash BLOB NOT NULL, visit_hash BLOB NOT NULL, parameters
  TEXT NOT NULL, expires_at BIGINT NOT NULL, PRIMARY KEY (handle_hash)) WITHOUT ROWID;
CREATE INDEX oauth_request_expires ON oauth_request (expires_at);
CREATE TABLE signing_key (kid TEXT NOT NULL, public TEXT NOT NULL, sealed BLOB NOT NULL,
  made_at BIGINT NOT NULL, retired_at BIGINT, PRIMARY KEY (kid));
CREATE TABLE account (account_id TEXT NOT NULL, login TEXT NOT NULL, name TEXT NOT NULL,
  fhir_user TEXT NOT NULL, created_at BIGINT NOT NULL, disabled_at BIGINT, PRIMARY KEY
  (account_id), UNIQUE (login));
CREATE TABLE account_role (role_id TEXT NOT NULL, account_id TEXT NOT NULL, role TEXT NOT
  NULL, organization BIGINT NOT NULL, organization_id TEXT NOT NULL, since BIGINT NOT NULL,
  until BIGINT NOT NULL, PRIMARY KEY (role_id));
CREATE INDEX account_role_account ON account_role (account_id);
CREATE TABLE login_credential (account_id TEXT NOT NULL, method TEXT NOT NULL, secret BLOB NOT
  NULL, "temporary" SMALLINT NOT NULL, used BIGINT NOT NULL, changed_at BIGINT NOT NULL, PRIMARY
  KEY (account_id, method));
CREATE TABLE login_failure (key_hash BLOB NOT NULL, failures INTEGER NOT NULL, locked_until
  BIGINT NOT NULL, expires_at BIGINT NOT NULL, PRIMARY KEY (key_hash));
CREATE INDEX login_failure_expires ON login_failure (expires_at);
CREATE TABLE login_session (session_hash BLOB NOT NULL, session_id TEXT NOT NULL, account_id
  TEXT NOT NULL, role_id TEXT NOT NULL, stage TEXT NOT NULL, authenticated_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, PRIMARY KEY (session_hash));
CREATE INDEX login_session_account ON login_session (account_id);
CREATE INDEX login_session_expires ON login_session (expires_at)
"""


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    text, raw = ('TEXT COLLATE "C"', "BYTEA") if postgresql else ("TEXT", "BLOB")
    for statement in _ADDED:
        op.execute(statement.format(text=text, bytes=raw))
    for statement in (_POSTGRESQL if postgresql else _SQLITE).split(";"):
        op.execute(statement)

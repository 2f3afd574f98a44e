"""The authorization server's tables: clients, grants, tokens, codes, launches, signing keys.

Instants are microseconds since 1970 UTC. No secret is stored: of a client its public keys or a
hash of its secret, of a token, a code, a launch handle and an assertion a SHA-256 hash. The
private signing keys are sealed (smart/sealing.py).
"""

import sqlalchemy as sa

from fhir_server.storage.schema import BIG, BYTES, SMALL, TEXT, metadata

# `organization` is resource_key.rid; `jwks` and `submits_for` are JSON lists; `purposes` a mask.
oauth_client = sa.Table(
    "oauth_client",
    metadata,
    sa.Column("client_id", TEXT, primary_key=True),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("organization", BIG, nullable=False),
    sa.Column("organization_id", TEXT, nullable=False),
    sa.Column("jwks", TEXT, nullable=False),
    sa.Column("scopes", TEXT, nullable=False),
    sa.Column("purposes", BIG, nullable=False),
    sa.Column("submits_for", TEXT, nullable=False),
    sa.Column("assign_ids", SMALL, nullable=False),
    sa.Column("medical_personnel", SMALL, nullable=False),
    sa.Column("privacy_officer", SMALL, nullable=False),
    sa.Column("registered_at", BIG, nullable=False),
    sa.Column("revoked_at", BIG, nullable=True),
    # What only apps have that people launch: see storage.oauth.ClientRow.
    sa.Column("auth_method", TEXT, nullable=False, server_default="private_key_jwt"),
    sa.Column("secret_hash", BYTES, nullable=True),
    sa.Column("jwks_uri", TEXT, nullable=False, server_default=""),
    sa.Column("redirect_uris", TEXT, nullable=False, server_default="[]"),
    sa.Column("launch_uri", TEXT, nullable=False, server_default=""),
    sa.Column("context_scopes", TEXT, nullable=False, server_default=""),
    sa.Column("launches", SMALL, nullable=False, server_default="0"),
    sa.Column("introspects", SMALL, nullable=False, server_default="0"),
)
# `actors` is a JSON list of resource_key.rid: the organisation and those that it is part of.
oauth_token = sa.Table(
    "oauth_token",
    metadata,
    sa.Column("token_hash", BYTES, primary_key=True),
    sa.Column("client_id", TEXT, nullable=False),
    sa.Column("expires_at", BIG, nullable=False),
    sa.Column("purpose", BIG, nullable=False),
    sa.Column("scopes", TEXT, nullable=False),
    sa.Column("actors", TEXT, nullable=False),
    # Of a token that a person granted: its oauth_grant; "" for a backend service's.
    sa.Column("grant_id", TEXT, nullable=False, server_default=""),
    sa.Index("oauth_token_expires", "expires_at"),
    sa.Index("oauth_token_client", "client_id"),
    sa.Index("oauth_token_grant", "grant_id"),
    sqlite_with_rowid=False,
)
oauth_assertion = sa.Table(
    "oauth_assertion",
    metadata,
    sa.Column("assertion_hash", BYTES, primary_key=True),
    sa.Column("expires_at", BIG, nullable=False),
    sa.Index("oauth_assertion_expires", "expires_at"),
    sqlite_with_rowid=False,
)
# What one person granted to one app: the family of all tokens that come of one code.
oauth_grant = sa.Table(
    "oauth_grant",
    metadata,
    sa.Column("grant_id", TEXT, primary_key=True),
    sa.Column("client_id", TEXT, nullable=False),
    sa.Column("account_id", TEXT, nullable=False),
    sa.Column("role_id", TEXT, nullable=False),
    sa.Column("session_id", TEXT, nullable=False),
    sa.Column("scopes", TEXT, nullable=False),
    sa.Column("context_scopes", TEXT, nullable=False),
    sa.Column("purpose", BIG, nullable=False),
    sa.Column("patient", TEXT, nullable=False),
    sa.Column("context", TEXT, nullable=False),
    sa.Column("nonce", TEXT, nullable=False),
    sa.Column("authenticated_at", BIG, nullable=False),
    sa.Column("granted_at", BIG, nullable=False),
    sa.Column("expires_at", BIG, nullable=False),
    sa.Column("revoked_at", BIG, nullable=True),
    sa.Index("oauth_grant_account", "account_id"),
    sa.Index("oauth_grant_session", "session_id"),
    sa.Index("oauth_grant_expires", "expires_at"),
)
oauth_code = sa.Table(
    "oauth_code",
    metadata,
    sa.Column("code_hash", BYTES, primary_key=True),
    sa.Column("grant_id", TEXT, nullable=False),
    sa.Column("client_id", TEXT, nullable=False),
    sa.Column("redirect_uri", TEXT, nullable=False),
    sa.Column("code_challenge", TEXT, nullable=False),
    sa.Column("expires_at", BIG, nullable=False),
    sa.Column("used_at", BIG, nullable=True),
    sa.Index("oauth_code_expires", "expires_at"),
    sqlite_with_rowid=False,
)
oauth_refresh = sa.Table(
    "oauth_refresh",
    metadata,
    sa.Column("token_hash", BYTES, primary_key=True),
    sa.Column("grant_id", TEXT, nullable=False),
    sa.Column("client_id", TEXT, nullable=False),
    sa.Column("expires_at", BIG, nullable=False),
    sa.Column("used_at", BIG, nullable=True),
    sa.Index("oauth_refresh_expires", "expires_at"),
    sqlite_with_rowid=False,
)
# `launcher` is the EHR's client, `client_id` the app that is to be launched.
oauth_launch = sa.Table(
    "oauth_launch",
    metadata,
    sa.Column("handle_hash", BYTES, primary_key=True),
    sa.Column("launcher", TEXT, nullable=False),
    sa.Column("client_id", TEXT, nullable=False),
    sa.Column("organization", BIG, nullable=False),
    sa.Column("context", TEXT, nullable=False),
    sa.Column("expires_at", BIG, nullable=False),
    sa.Column("used_at", BIG, nullable=True),
    sa.Index("oauth_launch_expires", "expires_at"),
    sqlite_with_rowid=False,
)
# A request for authorization, while its user logs in and decides. `visit_hash`: the browser.
oauth_request = sa.Table(
    "oauth_request",
    metadata,
    sa.Column("handle_hash", BYTES, primary_key=True),
    sa.Column("visit_hash", BYTES, nullable=False),
    sa.Column("parameters", TEXT, nullable=False),
    sa.Column("expires_at", BIG, nullable=False),
    sa.Index("oauth_request_expires", "expires_at"),
    sqlite_with_rowid=False,
)
signing_key = sa.Table(
    "signing_key",
    metadata,
    sa.Column("kid", TEXT, primary_key=True),
    sa.Column("public", TEXT, nullable=False),
    sa.Column("sealed", BYTES, nullable=False),
    sa.Column("made_at", BIG, nullable=False),
    sa.Column("retired_at", BIG, nullable=True),
)

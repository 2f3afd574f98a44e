"""The authorization server's tables: clients, tokens, and assertions that were used.

Instants are microseconds since 1970 UTC. No secret is stored: of a client its public keys, of a
token and of an assertion a SHA-256 hash.
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
    sa.Index("oauth_token_expires", "expires_at"),
    sa.Index("oauth_token_client", "client_id"),
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

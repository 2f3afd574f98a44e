"""The tables of the people who log in: accounts, their roles, credentials and sessions.

Instants are microseconds since 1970 UTC. A credential's `secret` is what its method makes of it: a
password's Argon2id hash, a sealed TOTP key. A session is known by a hash of its cookie.
"""

import sqlalchemy as sa

from fhir_server.storage.schema import BIG, BYTES, SMALL, TEXT, metadata

account = sa.Table(
    "account",
    metadata,
    sa.Column("account_id", TEXT, primary_key=True),
    sa.Column("login", TEXT, nullable=False, unique=True),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("fhir_user", TEXT, nullable=False),
    sa.Column("created_at", BIG, nullable=False),
    sa.Column("disabled_at", BIG, nullable=True),
)
# `organization` is resource_key.rid, 0 for an administrator of the whole deployment.
account_role = sa.Table(
    "account_role",
    metadata,
    sa.Column("role_id", TEXT, primary_key=True),
    sa.Column("account_id", TEXT, nullable=False),
    sa.Column("role", TEXT, nullable=False),
    sa.Column("organization", BIG, nullable=False),
    sa.Column("organization_id", TEXT, nullable=False),
    sa.Column("since", BIG, nullable=False),
    sa.Column("until", BIG, nullable=False),
    sa.Index("account_role_account", "account_id"),
)
# One row per account and method (`password`, `totp`, later others). `temporary`: to be replaced at
# the next login. `used` is what stops a replay, such as the last time step of a TOTP.
login_credential = sa.Table(
    "login_credential",
    metadata,
    sa.Column("account_id", TEXT, primary_key=True),
    sa.Column("method", TEXT, primary_key=True),
    sa.Column("secret", BYTES, nullable=False),
    sa.Column("temporary", SMALL, nullable=False),
    sa.Column("used", BIG, nullable=False),
    sa.Column("changed_at", BIG, nullable=False),
)
# Failures in a row, by a hash of what was tried (a login, an address), known or not.
login_failure = sa.Table(
    "login_failure",
    metadata,
    sa.Column("key_hash", BYTES, primary_key=True),
    sa.Column("failures", sa.Integer(), nullable=False),
    sa.Column("locked_until", BIG, nullable=False),
    sa.Column("expires_at", BIG, nullable=False),
    sa.Index("login_failure_expires", "expires_at"),
)
# `stage`: "password" until the second factor is in, then "full".
login_session = sa.Table(
    "login_session",
    metadata,
    sa.Column("session_hash", BYTES, primary_key=True),
    sa.Column("session_id", TEXT, nullable=False),
    sa.Column("account_id", TEXT, nullable=False),
    sa.Column("role_id", TEXT, nullable=False),
    sa.Column("stage", TEXT, nullable=False),
    sa.Column("authenticated_at", BIG, nullable=False),
    sa.Column("seen_at", BIG, nullable=False),
    sa.Column("expires_at", BIG, nullable=False),
    sa.Index("login_session_expires", "expires_at"),
    sa.Index("login_session_account", "account_id"),
)

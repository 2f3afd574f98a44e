"""Clients, access tokens, and assertions that were used."""

from alembic import op

from fhir_server.storage import schema, schema_oauth

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = (
    schema_oauth.oauth_client,
    schema_oauth.oauth_token,
    schema_oauth.oauth_assertion,
)


def upgrade() -> None:
    schema.metadata.create_all(op.get_bind(), tables=_TABLES, checkfirst=False)

"""Further selectors of consent rules, and who writes into the file of a patient with such rules."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLE = """
ALTER TABLE consent_rule ADD COLUMN residual SMALLINT NOT NULL DEFAULT 0;
CREATE TABLE consent_term (owner BIGINT NOT NULL, node INTEGER NOT NULL, term SMALLINT NOT NULL,
  kind SMALLINT NOT NULL, value BIGINT NOT NULL, CONSTRAINT consent_term_key PRIMARY KEY (owner,
  node, term, kind, value))"""

# The old one has no argument for the resource.
_FORGET = """
DROP FUNCTION IF EXISTS handoff_permits(bigint, bigint, bigint, bigint, bigint[], bigint[],
  bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint)"""

# Each statement sees what those have committed for whom the one before waited. Who will compile
# rules anew takes the whole lock at once, as two that both held a share would wait for each other.
_WATCHED = """
CREATE FUNCTION handoff_watched(owners bigint[]) RETURNS SETOF bigint
LANGUAGE plpgsql VOLATILE AS $$ BEGIN
  PERFORM 1 FROM resource_key WHERE rid = ANY(owners) AND EXISTS (
    SELECT 1 FROM consent_term t WHERE t.owner = rid AND t.kind = 3) ORDER BY rid FOR UPDATE;
  PERFORM 1 FROM resource_key WHERE rid = ANY(owners) ORDER BY rid FOR KEY SHARE;
  RETURN QUERY SELECT DISTINCT t.owner FROM consent_term t
    WHERE t.owner = ANY(owners) AND t.kind = 3;
END $$"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in (*_TABLE.split(";"), _FORGET, _WATCHED):
            op.execute(statement)
        return
    for statement in f"{_TABLE} WITHOUT ROWID".split(";"):
        op.execute(statement)

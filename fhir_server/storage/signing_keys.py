"""The keys that sign id_tokens: the public half in the open, the private one sealed."""

from dataclasses import asdict, dataclass

import sqlalchemy as sa

from fhir_server.storage.engine import Database
from fhir_server.storage.schema_oauth import signing_key


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyRow:
    """`public` is a JWK as JSON; `retired_at` None: it signs, else it only verifies (µs)."""

    kid: str
    public: str
    sealed: bytes
    made_at: int
    retired_at: int | None = None


class SigningKeyStore:
    """The signing keys of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def published(self, since: int) -> tuple[SigningKeyRow, ...]:
        """Return the keys that sign, or have signed after `since` (microseconds), newest first."""
        asked = (
            sa.select(*signing_key.c)
            .where(sa.or_(signing_key.c.retired_at.is_(None), signing_key.c.retired_at > since))
            .order_by(signing_key.c.made_at.desc(), signing_key.c.kid)
        )
        with self._database.connect() as connection:
            return tuple(SigningKeyRow(**row) for row in connection.execute(asked).mappings())

    def rotate(self, key: SigningKeyRow) -> None:
        """Let `key` sign from now on; the one before verifies what it signed."""
        with self._database.begin() as connection:
            _retire(connection, key.made_at)
            connection.execute(sa.insert(signing_key), asdict(key))

    def add_first(self, key: SigningKeyRow) -> None:
        """Store the first key, unless another process was quicker."""
        with self._database.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("LOCK TABLE signing_key IN EXCLUSIVE MODE"))
            there = sa.select(signing_key.c.kid).where(signing_key.c.retired_at.is_(None))
            if connection.execute(there).first() is None:
                connection.execute(sa.insert(signing_key), asdict(key))


def _retire(connection: sa.Connection, at: int) -> None:
    row = signing_key.c.retired_at.is_(None)
    connection.execute(sa.update(signing_key).where(row).values(retired_at=at))

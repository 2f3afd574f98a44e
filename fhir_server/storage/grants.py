"""What people granted to apps: grants, and the codes and refresh tokens that stand for them.

https://www.rfc-editor.org/rfc/rfc9700 . A code and a refresh token are good once: of any number of
callers at once, one gets the grant. Whoever comes second has stolen it or was stolen from, so that
the whole grant ends, with every token that came of it.
"""

from dataclasses import asdict, dataclass, fields
from enum import Enum

import sqlalchemy as sa

from fhir_server.fhir.resource import Element
from fhir_server.storage.engine import Database
from fhir_server.storage.oauth import TokenRow
from fhir_server.storage.schema_oauth import (
    oauth_client,
    oauth_code,
    oauth_grant,
    oauth_refresh,
    oauth_token,
)

# One use in so many deletes what has expired; a used code is kept until then, to know a replay.
_SWEEP_EVERY = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedRow:
    """A grant, in the order of the table's columns.

    `scopes` are clinical, `context_scopes` all others that were granted. `patient` is the id of the
    launch patient, "" for none; `context` a JSON object with the further launch context.
    `session_id` is the login session. Instants are microseconds.
    """

    grant_id: str
    client_id: str
    account_id: str
    role_id: str
    session_id: str
    scopes: str
    context_scopes: str
    purpose: int
    patient: str
    context: str
    nonce: str
    authenticated_at: int
    granted_at: int
    expires_at: int
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRow:
    """An authorization code; `code_challenge` is that of PKCE's method S256."""

    code_hash: bytes
    grant_id: str
    client_id: str
    redirect_uri: str
    code_challenge: str
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRow:
    """A refresh token."""

    token_hash: bytes
    grant_id: str
    client_id: str
    expires_at: int


class Use(Enum):
    """What became of the attempt to use a code or a refresh token."""

    FIRST = "first"
    REPLAYED = "replayed"
    UNKNOWN = "unknown"


_FIELDS = tuple(field.name for field in fields(GrantedRow))


class GrantStore:
    """The grants of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def grant(self, granted: GrantedRow, code: CodeRow) -> None:
        """Store a new grant with the code that the app is to trade for tokens."""
        with self._database.begin() as connection:
            connection.execute(sa.insert(oauth_grant), asdict(granted))
            connection.execute(sa.insert(oauth_code), asdict(code))
            if code.code_hash[0] % _SWEEP_EVERY == 0:
                _sweep(connection, granted.granted_at)

    def code(self, code_hash: bytes, at: int) -> CodeRow | None:
        """Return a code that has not expired at `at` (microseconds), used or not."""
        columns = [column for column in oauth_code.c if column.name != "used_at"]
        asked = sa.select(*columns).where(
            oauth_code.c.code_hash == code_hash, oauth_code.c.expires_at > at
        )
        with self._database.connect() as connection:
            found = connection.execute(asked).mappings().first()
        return None if found is None else CodeRow(**found)

    def refresh_token(self, token_hash: bytes, at: int) -> RefreshRow | None:
        """Return a refresh token that has not expired at `at` (microseconds), used or not."""
        columns = [column for column in oauth_refresh.c if column.name != "used_at"]
        asked = sa.select(*columns).where(
            oauth_refresh.c.token_hash == token_hash, oauth_refresh.c.expires_at > at
        )
        with self._database.connect() as connection:
            found = connection.execute(asked).mappings().first()
        return None if found is None else RefreshRow(**found)

    def use_code(self, code: CodeRow, at: int, token: TokenRow, refresh: RefreshRow | None) -> Use:
        """Trade a code for tokens; a second time ends the grant."""
        return self._use(oauth_code, oauth_code.c.code_hash == code.code_hash, at, token, refresh)

    def use_refresh(
        self, used: RefreshRow, at: int, token: TokenRow, refresh: RefreshRow | None
    ) -> Use:
        """Trade a refresh token for new tokens; a second time ends the grant."""
        row = oauth_refresh.c.token_hash == used.token_hash
        return self._use(oauth_refresh, row, at, token, refresh)

    def _use(
        self,
        table: sa.Table,
        row: sa.ColumnElement[bool],
        at: int,
        token: TokenRow,
        refresh: RefreshRow | None,
    ) -> Use:
        take = sa.update(table).where(row, table.c.used_at.is_(None)).values(used_at=at)
        with self._database.begin() as connection:
            if connection.execute(take).rowcount != 1:
                _revoke(connection, oauth_grant.c.grant_id == token.grant_id, at)
                return Use.REPLAYED
            alive = sa.select(oauth_grant.c.grant_id).where(
                oauth_grant.c.grant_id == token.grant_id,
                oauth_grant.c.revoked_at.is_(None),
                oauth_grant.c.expires_at > at,
            )
            if connection.execute(alive).first() is None:
                return Use.UNKNOWN
            connection.execute(sa.insert(oauth_token), asdict(token))
            if refresh is not None:
                connection.execute(sa.insert(oauth_refresh), asdict(refresh))
        return Use.FIRST

    def granted(self, grant_id: str, at: int) -> GrantedRow | None:
        """Return a grant that is in force at `at` (microseconds)."""
        asked = _GRANTS.where(
            oauth_grant.c.grant_id == grant_id,
            oauth_grant.c.revoked_at.is_(None),
            oauth_grant.c.expires_at > at,
        )
        with self._database.connect() as connection:
            found = connection.execute(asked).mappings().first()
        return None if found is None else GrantedRow(**found)

    def of_account(self, account_id: str, at: int) -> tuple[tuple[GrantedRow, str], ...]:
        """Return the grants in force of a person, the newest first, each with its app's name."""
        asked = (
            sa.select(*oauth_grant.c, oauth_client.c.name.label("app"))
            .join_from(
                oauth_grant, oauth_client, oauth_grant.c.client_id == oauth_client.c.client_id
            )
            .where(
                oauth_grant.c.account_id == account_id,
                oauth_grant.c.revoked_at.is_(None),
                oauth_grant.c.expires_at > at,
                oauth_client.c.revoked_at.is_(None),
            )
            .order_by(oauth_grant.c.granted_at.desc())
        )
        with self._database.connect() as connection:
            rows = connection.execute(asked).mappings().all()
        return tuple((GrantedRow(**_only(dict(row))), row["app"]) for row in rows)

    def revoke(self, grant_id: str, at: int, *, account_id: str | None = None) -> bool:
        """End a grant and all its tokens; with `account_id`, only if it is that person's."""
        row = oauth_grant.c.grant_id == grant_id
        if account_id is not None:
            row = sa.and_(row, oauth_grant.c.account_id == account_id)
        with self._database.begin() as connection:
            return _revoke(connection, row, at) > 0

    def revoke_of_session(self, session_id: str, at: int) -> None:
        """End the grants of a login session that were for the session only (`online_access`)."""
        row = sa.and_(
            oauth_grant.c.session_id == session_id,
            sa.not_(oauth_grant.c.context_scopes.contains("offline_access", autoescape=True)),
        )
        with self._database.begin() as connection:
            _revoke(connection, row, at)

    def revoke_of_account(self, account_id: str, at: int) -> None:
        """End all grants of a person."""
        with self._database.begin() as connection:
            _revoke(connection, oauth_grant.c.account_id == account_id, at)

    def end_token(self, token_hash: bytes, client_id: str) -> bool:
        """End one access token of a client, and nothing else."""
        gone = sa.delete(oauth_token).where(
            oauth_token.c.token_hash == token_hash, oauth_token.c.client_id == client_id
        )
        with self._database.begin() as connection:
            return connection.execute(gone).rowcount > 0


_GRANTS = sa.select(*(oauth_grant.c[name] for name in _FIELDS))


def _only(row: Element) -> Element:
    return {name: row[name] for name in _FIELDS}


def _revoke(connection: sa.Connection, row: sa.ColumnElement[bool], at: int) -> int:
    """End the grants of `row`: their tokens are looked up with them, so that all end at once."""
    ended = sa.update(oauth_grant).where(row, oauth_grant.c.revoked_at.is_(None))
    return connection.execute(ended.values(revoked_at=at)).rowcount


def _sweep(connection: sa.Connection, at: int) -> None:
    """Delete what has expired."""
    for table in (oauth_code, oauth_refresh, oauth_grant):
        connection.execute(sa.delete(table).where(table.c.expires_at <= at))

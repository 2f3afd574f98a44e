"""What the authorization server keeps: clients, access tokens, and assertions that were used.

The look-up of a token is the first statement of every request: one primary key, one join, on the
driver. What has expired is deleted by the way, a bounded number of rows at a time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields

import sqlalchemy as sa

from fhir_server.fhir.definitions import param_id
from fhir_server.fhir.resource import Element
from fhir_server.storage.engine import Database
from fhir_server.storage.schema import BIG, ix_reference, resource
from fhir_server.storage.schema_accounts import account, account_role
from fhir_server.storage.schema_oauth import (
    oauth_assertion,
    oauth_client,
    oauth_grant,
    oauth_token,
)
from fhir_server.storage.session import Row, Session, Sql, Values, compile_sql

# One write in so many deletes what has expired, and at most so many rows.
SWEEP_EVERY = 64
MOST_SWEPT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRow:
    """A registered client, in the order of the table's columns.

    `organization` is the key of its Organization; `jwks`, `submits_for` and `redirect_uris` are
    JSON lists, `scopes` and `context_scopes` space-separated lists, `purposes` a mask. Instants are
    microseconds. `launches`: an EHR that may ask for launch handles; `introspects`: a resource
    server that may introspect others' tokens.
    """

    client_id: str
    name: str
    organization: int
    organization_id: str
    jwks: str
    scopes: str
    purposes: int
    submits_for: str
    assign_ids: bool
    medical_personnel: bool
    privacy_officer: bool
    registered_at: int
    revoked_at: int | None
    auth_method: str = "private_key_jwt"
    secret_hash: bytes | None = None
    jwks_uri: str = ""
    redirect_uris: str = "[]"
    launch_uri: str = ""
    context_scopes: str = ""
    launches: bool = False
    introspects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """An issued token, in the order of the table's columns.

    `expires_at` is microseconds, `purpose` one bit, `scopes` a space-separated list, `actors` a
    JSON list of keys. `grant_id` is what a person granted, "" for a backend service.
    """

    token_hash: bytes
    client_id: str
    expires_at: int
    purpose: int
    scopes: str
    actors: str
    grant_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedAssertion:
    """An assertion that authenticated a client, to be refused until it expires (microseconds)."""

    assertion_hash: bytes
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRow:
    """What a valid token gives: its own columns, and those of its client and user as they are now.

    For a token that a person granted, `organization` is the agency of that person's role.
    """

    purpose: int
    scopes: str
    actors: str
    expires_at: int
    grant_id: str
    client_id: str
    organization: int
    organization_id: str
    submits_for: str
    assign_ids: bool
    medical_personnel: bool
    privacy_officer: bool
    account_id: str
    role: str
    fhir_user: str
    patient: str


_CLIENT_FIELDS = tuple(field.name for field in fields(ClientRow))
_GRANT_FIELDS = tuple(field.name for field in fields(GrantRow))
_TRUTHS = ("assign_ids", "medical_personnel", "privacy_officer", "launches", "introspects")

_client, _token, _given = oauth_client.c, oauth_token.c, oauth_grant.c
_AT = sa.bindparam("at", type_=BIG)
_CLIENT_ID = sa.bindparam("client_id", type_=sa.Text())
_TOKEN_HASH = sa.bindparam("token_hash", type_=sa.LargeBinary())

_CLIENTS = sa.select(*(_client[name] for name in _CLIENT_FIELDS))
_OF_A_PERSON = sa.and_(
    _given.revoked_at.is_(None),
    _given.expires_at > _AT,
    account.c.disabled_at.is_(None),
    account_role.c.since <= _AT,
    account_role.c.until > _AT,
)


def _grant_column(name: str) -> sa.ColumnElement[object]:
    """Return what a field of GrantRow is: the person's where there is one, else the client's."""
    match name:
        case "organization" | "organization_id":
            return sa.func.coalesce(account_role.c[name], _client[name])
        case "account_id":
            return sa.func.coalesce(account.c.account_id, "")
        case "role":
            return sa.func.coalesce(account_role.c.role, "")
        case "fhir_user":
            return sa.func.coalesce(account.c.fhir_user, "")
        case "patient":
            return sa.func.coalesce(_given.patient, "")
        case _:
            return _token[name] if name in _token else _client[name]


_GRANT = (
    sa.select(*(_grant_column(name).label(name) for name in _GRANT_FIELDS))
    .select_from(oauth_token)
    .join(oauth_client, _token.client_id == _client.client_id)
    .outerjoin(oauth_grant, _token.grant_id == _given.grant_id)
    .outerjoin(account, _given.account_id == account.c.account_id)
    .outerjoin(account_role, _given.role_id == account_role.c.role_id)
    .where(_token.token_hash == _TOKEN_HASH, _token.expires_at > _AT, _client.revoked_at.is_(None))
    .where(sa.or_(_token.grant_id == "", _OF_A_PERSON))
)
_REVOKE = (
    sa.update(oauth_client)
    .where(_client.client_id == _CLIENT_ID)
    .values(revoked_at=sa.func.coalesce(_client.revoked_at, _AT))
)
_USE = sa.text(
    "INSERT INTO oauth_assertion (assertion_hash, expires_at) VALUES (:assertion_hash, :expires_at)"
    " ON CONFLICT DO NOTHING"
)


def _actors() -> sa.Select[tuple[int]]:
    """Return the statement for an organisation and those it is part of, however deep.

    Only the word of the whole counts, or the deployment's own (custodian 0): an organisation that
    says of itself whose part it is would get what that one may have.
    """
    start = sa.select(sa.cast(sa.bindparam("organization", type_=BIG), BIG).label("rid"))
    whole = start.cte("whole", recursive=True)
    parent = (
        sa.select(ix_reference.c.target)
        .join(whole, ix_reference.c.rid == whole.c.rid)
        .join(resource, resource.c.rid == whole.c.rid)
        .where(resource.c.custodian_id.in_([0, ix_reference.c.target]))
        .where(ix_reference.c.param_id == param_id("Organization", "partof"))
        .where(ix_reference.c.target > 0)
    )
    # UNION, not UNION ALL: an organisation that is part of itself ends the walk.
    return sa.select(whole.union(parent).c.rid)


def _sweep(table: sa.Table) -> sa.Delete:
    (key,) = table.primary_key
    expired = (
        sa.select(key)
        .where(table.c.expires_at <= _AT)
        .limit(MOST_SWEPT)
        # Two writers at once each take what the other has not: they neither wait nor deadlock.
        .with_for_update(skip_locked=True)
    )
    return sa.delete(table).where(key.in_(expired))


class OAuthStore:
    """The authorization server's rows in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        dialect = database.dialect
        self._one = compile_sql(_CLIENTS.where(_client.client_id == _CLIENT_ID), dialect)
        self._all = compile_sql(_CLIENTS.order_by(_client.registered_at), dialect)
        self._grant = compile_sql(_GRANT, dialect)
        self._actors = compile_sql(_actors(), dialect)
        self._register = compile_sql(sa.insert(oauth_client), dialect)
        self._issue = compile_sql(sa.insert(oauth_token), dialect)
        self._revoke = compile_sql(_REVOKE, dialect)
        self._end = compile_sql(
            sa.delete(oauth_token).where(_token.client_id == _CLIENT_ID), dialect
        )
        self._use = compile_sql(_USE, dialect)
        self._sweep_tokens = compile_sql(_sweep(oauth_token), dialect)
        self._sweep_assertions = compile_sql(_sweep(oauth_assertion), dialect)

    def register(self, client: ClientRow) -> None:
        """Store a new client.

        Raises:
            CollisionError: Its id is taken.
        """
        with self._writing(durable=True) as session:
            _run(session, self._register, _stored(client))

    def client(self, client_id: str) -> ClientRow | None:
        """Return a client, revoked or not."""
        found = self._fetch(self._one, {"client_id": client_id})
        return _client_row(found[0]) if found else None

    def clients(self) -> tuple[ClientRow, ...]:
        """Return all clients, the oldest first."""
        return tuple(_client_row(row) for row in self._fetch(self._all, {}))

    def revoke(self, client_id: str, at: int) -> bool:
        """Refuse a client and its tokens from now on; return whether there is such a client.

        `at` is microseconds; a second time changes nothing.
        """
        with self._writing(durable=True) as session:
            known = _run(session, self._revoke, {"client_id": client_id, "at": at})
            _run(session, self._end, {"client_id": client_id})
        return known > 0

    def use_assertion(self, used: UsedAssertion, at: int) -> bool:
        """Mark an assertion as used until it expires; return False where it was used already.

        Of any number of callers at once, one gets True. A power failure may forget the last ones,
        as it forgets the tokens that they were used for.
        """
        with self._writing(durable=False) as session:
            return self._use_assertion(session, used, at)

    def issue(self, token: TokenRow, at: int, used: UsedAssertion | None = None) -> bool:
        """Store a token that was issued `at` (microseconds), and mark its assertion as used.

        False, and nothing is stored, where the assertion was used already.
        """
        with self._writing(durable=False) as session:
            if used is not None and not self._use_assertion(session, used, at):
                return False
            _run(session, self._issue, _stored(token))
            _sweep_at_times(session, self._sweep_tokens, token.token_hash, at)
        return True

    def token(self, token_hash: bytes, at: int) -> GrantRow | None:
        """Return what a token gives, if it is valid `at` (microseconds): one statement."""
        found = self._fetch(self._grant, {"token_hash": token_hash, "at": at})
        return _grant_row(found[0]) if found else None

    def actors(self, organization: int) -> tuple[int, ...]:
        """Return the keys of an organisation and of all those that it is part of."""
        return tuple(row[0] for row in self._fetch(self._actors, {"organization": organization}))

    def _use_assertion(self, session: Session, used: UsedAssertion, at: int) -> bool:
        first = _run(session, self._use, _stored(used)) > 0
        _sweep_at_times(session, self._sweep_assertions, used.assertion_hash, at)
        return first

    def _fetch(self, sql: Sql, values: Values) -> list[Row]:
        return self._database.read(lambda session: session.fetch(sql.text, sql.arguments(values)))

    @contextmanager
    def _writing(self, *, durable: bool) -> Iterator[Session]:
        with self._database.begin(durable=durable) as connection:
            yield self._database.session(connection.connection.driver_connection)


def _run(session: Session, sql: Sql, values: Values) -> int:
    return session.run(sql.text, sql.arguments(values))


def _sweep_at_times(session: Session, sql: Sql, random: bytes, at: int) -> None:
    """Delete what has expired, if the hash that was written says that it is time."""
    if random[0] % SWEEP_EVERY == 0:
        _run(session, sql, {"at": at})


def _stored(row: ClientRow | TokenRow | UsedAssertion) -> Values:
    """Return the columns of `row`; a truth is a number on both databases."""
    values = asdict(row)
    return {
        name: int(value) if isinstance(value, bool) else value for name, value in values.items()
    }


def _client_row(row: Row) -> ClientRow:
    return ClientRow(**_named(_CLIENT_FIELDS, row))


def _grant_row(row: Row) -> GrantRow:
    return GrantRow(**_named(_GRANT_FIELDS, row))


def _named(names: tuple[str, ...], row: Row) -> Element:
    found = dict(zip(names, row, strict=True))
    return found | {name: bool(found[name]) for name in _TRUTHS if name in found}

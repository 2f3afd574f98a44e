"""The people who log in: accounts, roles with dates, and credentials of whatever method.

How a method proves somebody is no business of this module: a credential is bytes to it, so that a
passkey or an outside identity provider is a further method and no further table.
"""

from dataclasses import asdict, dataclass

import sqlalchemy as sa

from fhir_server.storage.engine import Database
from fhir_server.storage.schema_accounts import (
    account,
    account_role,
    login_credential,
    login_session,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """`fhir_user` is the person's own resource, such as `Practitioner/1`; "" for none."""

    account_id: str
    login: str
    name: str
    fhir_user: str
    created_at: int
    disabled_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRow:
    """A role at an agency, from `since` until `until` (microseconds, half open).

    `organization` is the agency's key, 0 for the whole deployment (administrators only).
    """

    role_id: str
    account_id: str
    role: str
    organization: int
    organization_id: str
    since: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What `method` keeps of an account; `used` is what stops a replay, as it counts it."""

    account_id: str
    method: str
    secret: bytes
    temporary: bool
    used: int
    changed_at: int


class AccountStore:
    """The accounts of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, row: AccountRow, roles: tuple[RoleRow, ...]) -> None:
        """Store a new account.

        Raises:
            CollisionError: The login is taken.
        """
        with self._database.begin() as connection:
            connection.execute(sa.insert(account), asdict(row))
            for role in roles:
                connection.execute(sa.insert(account_role), asdict(role))

    def add_role(self, role: RoleRow) -> None:
        """Give an account a further role."""
        with self._database.begin() as connection:
            connection.execute(sa.insert(account_role), asdict(role))

    def end_role(self, role_id: str, at: int) -> None:
        """Let a role end `at` (microseconds), if it would last longer."""
        row = sa.and_(account_role.c.role_id == role_id, account_role.c.until > at)
        with self._database.begin() as connection:
            connection.execute(sa.update(account_role).where(row).values(until=at))

    def by_login(self, login: str) -> AccountRow | None:
        """Return the account with this login, disabled or not."""
        return self._one(account.c.login == login)

    def by_id(self, account_id: str) -> AccountRow | None:
        """Return the account with this id, disabled or not."""
        return self._one(account.c.account_id == account_id)

    def all(self) -> tuple[AccountRow, ...]:
        """Return all accounts by login."""
        with self._database.connect() as connection:
            rows = connection.execute(sa.select(*account.c).order_by(account.c.login))
            return tuple(AccountRow(**row) for row in rows.mappings())

    def roles(self, account_id: str) -> tuple[RoleRow, ...]:
        """Return all roles of an account, past and coming ones too."""
        asked = sa.select(*account_role.c).where(account_role.c.account_id == account_id)
        with self._database.connect() as connection:
            rows = connection.execute(asked.order_by(account_role.c.since, account_role.c.role_id))
            return tuple(RoleRow(**row) for row in rows.mappings())

    def disable(self, account_id: str, at: int | None) -> None:
        """Refuse an account from `at` (microseconds) on, and end its sessions; None: let it in."""
        row = account.c.account_id == account_id
        with self._database.begin() as connection:
            connection.execute(sa.update(account).where(row).values(disabled_at=at))
            if at is not None:
                _end_sessions(connection, account_id)

    def credential(self, account_id: str, method: str) -> Credential | None:
        """Return what a method keeps of an account."""
        asked = sa.select(*login_credential.c).where(
            login_credential.c.account_id == account_id, login_credential.c.method == method
        )
        with self._database.connect() as connection:
            found = connection.execute(asked).mappings().first()
        if found is None:
            return None
        return Credential(**{**found, "temporary": bool(found["temporary"])})

    def put_credential(self, credential: Credential, *, end_sessions: bool = False) -> None:
        """Store a credential in the place of the one before."""
        values = {**asdict(credential), "temporary": int(credential.temporary)}
        with self._database.begin() as connection:
            _drop(connection, credential.account_id, credential.method)
            connection.execute(sa.insert(login_credential), values)
            if end_sessions:
                _end_sessions(connection, credential.account_id)

    def drop_credential(self, account_id: str, method: str) -> None:
        """Forget a credential."""
        with self._database.begin() as connection:
            _drop(connection, account_id, method)

    def use(self, credential: Credential, used: int) -> bool:
        """Note that a credential was used up to `used`; False where somebody was there before."""
        row = sa.and_(
            login_credential.c.account_id == credential.account_id,
            login_credential.c.method == credential.method,
            login_credential.c.secret == credential.secret,
            login_credential.c.used < used,
        )
        with self._database.begin() as connection:
            taken = connection.execute(sa.update(login_credential).where(row).values(used=used))
            return taken.rowcount == 1

    def _one(self, where: sa.ColumnElement[bool]) -> AccountRow | None:
        with self._database.connect() as connection:
            found = connection.execute(sa.select(*account.c).where(where)).mappings().first()
        return None if found is None else AccountRow(**found)


def _drop(connection: sa.Connection, account_id: str, method: str) -> None:
    connection.execute(
        sa.delete(login_credential).where(
            login_credential.c.account_id == account_id, login_credential.c.method == method
        )
    )


def _end_sessions(connection: sa.Connection, account_id: str) -> None:
    gone = sa.delete(login_session).where(login_session.c.account_id == account_id)
    connection.execute(gone)

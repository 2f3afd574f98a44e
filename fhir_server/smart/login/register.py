"""New accounts and recovery: what an administrator does, by command or page.

https://pages.nist.gov/800-63-4/sp800-63b.html#recovery . Recovery is a new temporary password and a
fresh second factor, given by a person who knows the holder; there is no link in an e-mail.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from fhir_server.smart.login import password, totp
from fhir_server.smart.login.sign_in import normal
from fhir_server.smart.roles import Role
from fhir_server.storage.accounts import AccountRow, AccountStore, RoleRow
from fhir_server.storage.grants import GrantStore

FOREVER = (1 << 62) - 1
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,99}")
_FHIR_USER = re.compile(
    r"(Practitioner|PractitionerRole|Patient|RelatedPerson|Person)/[A-Za-z0-9.-]{1,64}"
)


class RegistrationError(ValueError):
    """An account cannot be made so; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """`organization` is the agency's key (0: the whole deployment); instants are microseconds."""

    login: str
    name: str
    role: Role
    organization: int
    organization_id: str
    fhir_user: str = ""
    since: int = 0
    until: int = FOREVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrar:
    """Makes, resets and refuses accounts."""

    accounts: AccountStore
    grants: GrantStore
    clock: Callable[[], int]
    ids: Callable[[], str]
    random: Callable[[int], bytes]

    def add(self, wanted: NewAccount, chosen: str | None = None) -> tuple[AccountRow, str]:
        """Return a new account and its temporary password, or the one that was `chosen`.

        Raises:
            RegistrationError: The login or the person's resource cannot be so.
            CollisionError: The login is taken.
        """
        login = normal(wanted.login)
        _check(wanted, login)
        at, account_id = self.clock(), self.ids()
        row = AccountRow(
            account_id=account_id,
            login=login,
            name=wanted.name,
            fhir_user=wanted.fhir_user,
            created_at=at,
        )
        self.accounts.add(row, (self._role(account_id, wanted),))
        return row, self._password(account_id, chosen)

    def add_role(self, account_id: str, wanted: NewAccount) -> None:
        """Give an account a further role."""
        self.accounts.add_role(self._role(account_id, wanted))

    def reset(self, account_id: str) -> str:
        """Take away password, second factor, sessions and apps; return a temporary password."""
        self.accounts.drop_credential(account_id, totp.METHOD)
        self.grants.revoke_of_account(account_id, self.clock())
        return self._password(account_id, None)

    def disable(self, account_id: str) -> None:
        """Refuse an account from now on, with everything that it granted."""
        self.accounts.disable(account_id, self.clock())
        self.grants.revoke_of_account(account_id, self.clock())

    def _role(self, account_id: str, wanted: NewAccount) -> RoleRow:
        return RoleRow(
            role_id=self.ids(),
            account_id=account_id,
            role=wanted.role,
            organization=wanted.organization,
            organization_id=wanted.organization_id,
            since=wanted.since,
            until=wanted.until,
        )

    def _password(self, account_id: str, chosen: str | None) -> str:
        text = chosen or password.temporary_password(self.random)
        kept = password.credential(
            account_id, text, self.clock(), self.random, temporary=chosen is None
        )
        self.accounts.put_credential(kept, end_sessions=True)
        return text


def _check(wanted: NewAccount, login: str) -> None:
    if not _LOGIN.fullmatch(login):
        raise RegistrationError(f"`{wanted.login}` is no login: letters, digits and . _ @ + -.")
    if not wanted.name.strip():
        raise RegistrationError("A name is needed, as colleagues know the person.")
    if wanted.fhir_user and not _FHIR_USER.fullmatch(wanted.fhir_user):
        raise RegistrationError(f"`{wanted.fhir_user}` must be as `Practitioner/1` or `Patient/1`.")
    if wanted.role is Role.PATIENT and not wanted.fhir_user.startswith("Patient/"):
        raise RegistrationError("A patient's account needs the person's own `Patient/ID`.")
    if not wanted.organization and wanted.role is not Role.ADMINISTRATOR:
        raise RegistrationError("Only an administrator can be of no agency in particular.")

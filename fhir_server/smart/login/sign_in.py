"""From a login form to a session: first the password, then the second factor.

https://pages.nist.gov/800-63-4/sp800-63b.html#sec5 . A session gets a new cookie at each step, so
that one which somebody else planted is worth nothing. Whatever is wrong, the answer is one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from fhir_server.fhir.resource import MICROSECONDS
from fhir_server.smart.login import password, totp
from fhir_server.smart.login.lockout import Lockout
from fhir_server.smart.roles import Role
from fhir_server.smart.sealing import Seal
from fhir_server.smart.tokens import TOKEN_BYTES, token_hash, token_text
from fhir_server.storage.accounts import AccountRow, AccountStore, RoleRow
from fhir_server.storage.sessions import SessionRow, SessionStore

_LONGEST_LOGIN = 100
_HALF_WAY_SECONDS = 600
_WORKING_DAY_SECONDS = 12 * 3600
_SEEN_EVERY_SECONDS = 60


class Stage(StrEnum):
    """How far somebody has come."""

    PASSWORD = "password"  # noqa: S105 - the name of a stage
    FULL = "full"


class Step(StrEnum):
    """What is to be done next."""

    NEW_PASSWORD = "new-password"  # noqa: S105 - the name of a step
    ENROL = "enrol"
    CODE = "code"


class SignInError(Exception):
    """The one answer to every failure; whoever has tried too often gets it too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A live session: who it is, and in which role; `role` None: none is in force."""

    session: SessionRow
    account: AccountRow
    role: RoleRow | None

    @property
    def kind(self) -> Role | None:
        """The role's name."""
        return None if self.role is None else Role(self.role.role)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Logs people in. `secret` is the deployment's, `idle_seconds` how long nobody need stir."""

    accounts: AccountStore
    sessions: SessionStore
    seal: Seal
    secret: bytes
    idle_seconds: int
    clock: Callable[[], int]
    ids: Callable[[], str]
    random: Callable[[int], bytes]

    def begin(self, login: str, given: str, address: str, before: str | None) -> str:
        """Return the cookie of a session that has shown its password, and nothing more.

        Raises:
            SignInError: No, for whatever reason.
        """
        known = normal(login)
        lockout = self._lockout(known, address)
        account = self.accounts.by_login(known)
        usable = account if account is not None and account.disabled_at is None else None
        # The password is looked at first: a lock must not show by a quick answer.
        found = password.verify(self.accounts, None if usable is None else usable.account_id, given)
        if lockout.is_locked or usable is None or found is None:
            lockout.failed()
            raise SignInError
        return self._start(usable, Stage.PASSWORD, before)

    def step(self, signed_in: SignedIn) -> Step:
        """Return what somebody who has shown a password has to do next."""
        account_id = signed_in.account.account_id
        found = self.accounts.credential(account_id, password.METHOD)
        if self.accounts.credential(account_id, totp.METHOD) is not None:
            return Step.CODE
        return Step.NEW_PASSWORD if found is None or found.temporary else Step.ENROL

    def confirm(self, signed_in: SignedIn, code: str, address: str, before: str) -> str:
        """Return the cookie of the full session of somebody who shows the second factor.

        Raises:
            SignInError: The code is wrong or was used, or there were too many.
        """
        account = signed_in.account
        lockout = self._lockout(account.login, address)
        good = totp.verify(self.accounts, account.account_id, code, self.clock(), self.seal)
        if lockout.is_locked or not good:
            lockout.failed()
            raise SignInError
        lockout.succeeded()
        return self._start(account, Stage.FULL, before)

    def enrol(self, signed_in: SignedIn, key: str, code: str, before: str) -> str:
        """Keep a new second factor of somebody who has none, and return the full session's cookie.

        Raises:
            SignInError: The code is not the key's.
        """
        step = totp.step_of(key, code, self.clock())
        if step is None or self.step(signed_in) is not Step.ENROL:
            raise SignInError
        account_id = signed_in.account.account_id
        self.accounts.put_credential(
            totp.credential(account_id, key, step, self.clock(), self.seal)
        )
        return self._start(signed_in.account, Stage.FULL, before)

    def change_password(self, signed_in: SignedIn, chosen: str, before: str) -> str:
        """Keep a new password, end all other sessions, and return this one's new cookie.

        Raises:
            PasswordError: It is not worth having.
        """
        account = signed_in.account
        password.check(chosen, account.login)
        kept = password.credential(
            account.account_id, chosen, self.clock(), self.random, temporary=False
        )
        self.accounts.put_credential(kept, end_sessions=True)
        return self._start(account, Stage(signed_in.session.stage), before)

    def find(self, cookie: str | None) -> SignedIn | None:
        """Return the session that a cookie stands for."""
        if not cookie:
            return None
        at = self.clock()
        hash_ = token_hash(cookie)
        session = self.sessions.find(hash_, at, self.idle_seconds * MICROSECONDS)
        account = None if session is None else self.accounts.by_id(session.account_id)
        if session is None or account is None:
            return None
        if at - session.seen_at > _SEEN_EVERY_SECONDS * MICROSECONDS:
            self.sessions.seen(hash_, at)
        roles = self.roles(account.account_id)
        chosen = next((one for one in roles if one.role_id == session.role_id), None)
        role = chosen or next(iter(roles), None)
        if role is not None and role is not chosen:
            session = replace(session, role_id=role.role_id)
        return SignedIn(session=session, account=account, role=role)

    def roles(self, account_id: str) -> tuple[RoleRow, ...]:
        """Return the roles of a person that are in force now."""
        at = self.clock()
        return tuple(
            role for role in self.accounts.roles(account_id) if role.since <= at < role.until
        )

    def _start(self, account: AccountRow, stage: Stage, before: str | None) -> str:
        at = self.clock()
        cookie = token_text(self.random(TOKEN_BYTES))
        role = next(iter(self.roles(account.account_id)), None)
        lives = _HALF_WAY_SECONDS if stage is Stage.PASSWORD else _WORKING_DAY_SECONDS
        session = SessionRow(
            session_hash=token_hash(cookie),
            session_id=self.ids(),
            account_id=account.account_id,
            role_id="" if role is None else role.role_id,
            stage=stage,
            authenticated_at=at,
            seen_at=at,
            expires_at=at + lives * MICROSECONDS,
        )
        self.sessions.start(session, None if not before else token_hash(before))
        return cookie

    def _lockout(self, login: str, address: str) -> Lockout:
        return Lockout(
            store=self.sessions,
            secret=self.secret,
            login=login,
            address=address,
            at=self.clock(),
        )


def normal(login: str) -> str:
    """Return a login as it is kept."""
    return login.strip().casefold()[:_LONGEST_LOGIN]

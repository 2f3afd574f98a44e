"""Tokens for apps: what a code and a refresh token bring, with the launch context.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#response-5 ; the launch context comes
again with every refresh. Everything hangs on the grant: when it ends, all of its tokens do.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidScopeError

from fhir_server.fhir.resource import MICROSECONDS, Element
from fhir_server.search.labels import Purpose
from fhir_server.smart.clients import Client
from fhir_server.smart.granting import OFFLINE, ONLINE, OPENID
from fhir_server.smart.id_tokens import Person, Signer, claims_of
from fhir_server.smart.launch import LaunchContext, told
from fhir_server.smart.purposes import FIELD, codes
from fhir_server.smart.refresh_token import shrunk
from fhir_server.smart.scopes import ScopeError, format_scopes, parse_scopes
from fhir_server.smart.tokens import TOKEN_BYTES, token_hash, token_text
from fhir_server.storage.accounts import AccountRow, AccountStore, RoleRow
from fhir_server.storage.grants import CodeRow, GrantedRow, GrantStore, RefreshRow, Use
from fhir_server.storage.oauth import OAuthStore, TokenRow
from fhir_server.storage.sessions import SessionStore

REFRESH_SECONDS = 30 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Where clients, grants, people and their sessions are kept."""

    oauth: OAuthStore
    grants: GrantStore
    accounts: AccountStore
    sessions: SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class AppTokens:
    """Trades codes and refresh tokens. `issuer` is the server's public address."""

    stores: Stores
    signer: Signer
    issuer: str
    fhir_base: str
    style_url: str
    token_seconds: int
    clock: Callable[[], int]
    random: Callable[[int], bytes]

    def code(self, code_hash: bytes) -> CodeRow | None:
        """Return the code with this hash, used or not."""
        return self.stores.grants.code(code_hash, self.clock())

    def refresh_token(self, hash_: bytes) -> RefreshRow | None:
        """Return the refresh token with this hash, used or not."""
        return self.stores.grants.refresh_token(hash_, self.clock())

    def trade_code(self, client: Client, code: CodeRow) -> Element:
        """Return the token response for a code.

        Raises:
            InvalidGrantError: It was used before, or what it stands for has ended.
        """
        return self._trade(client, code, None, self.stores.grants.use_code)

    def refresh(self, client: Client, row: RefreshRow, requested: str | None) -> Element:
        """Return the token response for a refresh token.

        Raises:
            InvalidGrantError: It was used before, or what it stands for has ended.
            InvalidScopeError: More is asked for than was granted.
        """
        return self._trade(client, row, requested, self.stores.grants.use_refresh)

    def _trade(
        self,
        client: Client,
        used: "CodeRow | RefreshRow",
        requested: str | None,
        use: "Callable[..., Use]",
    ) -> Element:
        at = self.clock()
        granted, account, role = self._granted(used.grant_id, at)
        try:
            scopes = format_scopes(shrunk(requested, parse_scopes(granted.scopes)))
        except ScopeError as fault:
            raise InvalidScopeError("A scope is malformed.") from fault
        token, refresh = self._new_token(), self._new_token()
        row = self._token_row(token, granted, role, scopes, at)
        kept = self._refresh_row(refresh, granted, at)
        if use(used, at, row, kept) is not Use.FIRST:
            raise InvalidGrantError("What this stands for has ended; ask the user again.")
        answer = self._answer(granted, scopes, token, row, at)
        if kept is not None:
            answer["refresh_token"] = refresh
        if OPENID in granted.context_scopes.split():
            answer["id_token"] = self._id_token(client, granted, account, at)
        return answer

    def _granted(self, grant_id: str, at: int) -> tuple[GrantedRow, AccountRow, RoleRow]:
        """Return a grant whose person may still act in the role in which it was given."""
        granted = self.stores.grants.granted(grant_id, at)
        if granted is None:
            raise InvalidGrantError("What this stands for has ended; ask the user again.")
        account = self.stores.accounts.by_id(granted.account_id)
        roles = self.stores.accounts.roles(granted.account_id)
        role = next((one for one in roles if one.role_id == granted.role_id), None)
        ended = role is None or not role.since <= at < role.until
        offline = OFFLINE in granted.context_scopes.split()
        gone = not offline and not self.stores.sessions.is_alive(granted.session_id, at)
        if account is None or account.disabled_at is not None or role is None or ended or gone:
            raise InvalidGrantError("What this stands for has ended; ask the user again.")
        return granted, account, role

    def _new_token(self) -> str:
        return token_text(self.random(TOKEN_BYTES))

    def _token_row(
        self, token: str, granted: GrantedRow, role: RoleRow, scopes: str, at: int
    ) -> TokenRow:
        lives = min(self.token_seconds * MICROSECONDS, granted.expires_at - at)
        return TokenRow(
            token_hash=token_hash(token),
            client_id=granted.client_id,
            expires_at=at + lives,
            purpose=granted.purpose,
            scopes=scopes,
            actors=json.dumps(self.stores.oauth.actors(role.organization)),
            grant_id=granted.grant_id,
        )

    def _refresh_row(self, token: str, granted: GrantedRow, at: int) -> RefreshRow | None:
        """Return the refresh token of a grant that has one."""
        if not {ONLINE, OFFLINE} & set(granted.context_scopes.split()):
            return None
        return RefreshRow(
            token_hash=token_hash(token),
            grant_id=granted.grant_id,
            client_id=granted.client_id,
            expires_at=min(at + REFRESH_SECONDS * MICROSECONDS, granted.expires_at),
        )

    def _answer(
        self, granted: GrantedRow, scopes: str, token: str, row: TokenRow, at: int
    ) -> Element:
        context = LaunchContext.from_json(granted.context)
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": (row.expires_at - at) // MICROSECONDS,
            "scope": " ".join(filter(None, (granted.context_scopes, scopes))),
            FIELD: codes(Purpose(granted.purpose))[0],
            **told(context, patient=granted.patient, style_url=self.style_url),
        }

    def _id_token(self, client: Client, granted: GrantedRow, account: AccountRow, at: int) -> str:
        now = at // MICROSECONDS
        claims: Element = {
            "iss": self.issuer,
            "aud": client.client_id,
            "iat": now,
            "exp": now + self.token_seconds,
            "auth_time": granted.authenticated_at // MICROSECONDS,
            **claims_of(self.person(account), tuple(granted.context_scopes.split())),
        }
        if granted.nonce:
            claims["nonce"] = granted.nonce
        return self.signer.sign(claims)

    def person(self, account: AccountRow) -> Person:
        """Return what an app may learn of whoever has `account`."""
        url = f"{self.fhir_base}/{account.fhir_user}" if account.fhir_user else ""
        return Person(account_id=account.account_id, name=account.name, fhir_user=url)

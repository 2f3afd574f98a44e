"""The authorization server put together, for `bootstrap` and the pages.

https://hl7.org/fhir/smart-app-launch/STU2.2/
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from fhir_server.settings import Settings
from fhir_server.smart.app_tokens import AppTokens, Stores
from fhir_server.smart.authorize import Authorizer
from fhir_server.smart.discovery import STYLE_PATH, TOKEN_PATH
from fhir_server.smart.id_tokens import Signer
from fhir_server.smart.introspection import TokenInspector
from fhir_server.smart.jwks_uri import JwksFetcher
from fhir_server.smart.launching import LaunchDesk
from fhir_server.smart.login.register import Registrar
from fhir_server.smart.login.sign_in import SignIn
from fhir_server.smart.sealing import Seal
from fhir_server.smart.throttle import Throttle
from fhir_server.smart.token_endpoint import Apps, TokenEndpoint, TokenSettings
from fhir_server.storage.accounts import AccountStore
from fhir_server.storage.engine import Database
from fhir_server.storage.grants import GrantStore
from fhir_server.storage.launches import LaunchStore
from fhir_server.storage.oauth import OAuthStore
from fhir_server.storage.sessions import SessionStore
from fhir_server.storage.signing_keys import SigningKeyStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Microseconds since 1970 UTC, ids that nobody can guess, and so many random bytes."""

    clock: Callable[[], int]
    ids: Callable[[], str]
    random: Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationService:
    """Everything between a person, an app and a token."""

    stores: Stores
    token_endpoint: TokenEndpoint
    authorizer: Authorizer
    launch_desk: LaunchDesk
    sign_in: SignIn
    registrar: Registrar
    signer: Signer
    seal: Seal
    app_tokens: AppTokens
    throttle: Throttle


def authorization_service(
    settings: Settings,
    database: Database,
    sources: Sources,
    *,
    secret: bytes,
    types: Collection[str],
) -> AuthorizationService:
    """Return the service on `database`; `secret` is the deployment's."""
    stores = Stores(
        oauth=OAuthStore(database),
        grants=GrantStore(database),
        accounts=AccountStore(database),
        sessions=SessionStore(database),
    )
    seal = Seal(Path(settings.secret_key_file))
    signer = Signer(
        store=SigningKeyStore(database), seal=seal, clock=sources.clock, ids=sources.ids
    )
    tokens = AppTokens(
        stores=stores,
        signer=signer,
        issuer=settings.public_url,
        fhir_base=settings.fhir_base,
        style_url=settings.public_url + STYLE_PATH,
        token_seconds=settings.token_seconds,
        clock=sources.clock,
        random=sources.random,
    )
    return AuthorizationService(
        stores=stores,
        token_endpoint=_token_endpoint(settings, tokens, sources, types),
        authorizer=_authorizer(settings, stores, sources, database, types=types),
        launch_desk=_launch_desk(settings, stores, sources, database),
        sign_in=_sign_in(settings, stores, seal, sources, secret),
        registrar=Registrar(
            accounts=stores.accounts,
            grants=stores.grants,
            clock=sources.clock,
            ids=sources.ids,
            random=sources.random,
        ),
        signer=signer,
        seal=seal,
        app_tokens=tokens,
        throttle=Throttle(sources.clock),
    )


def _launch_desk(
    settings: Settings, stores: Stores, sources: Sources, database: Database
) -> LaunchDesk:
    return LaunchDesk(
        oauth=stores.oauth,
        launches=LaunchStore(database),
        fhir_base=settings.fhir_base,
        clock=sources.clock,
        random=sources.random,
    )


def _authorizer(
    settings: Settings,
    stores: Stores,
    sources: Sources,
    database: Database,
    *,
    types: Collection[str],
) -> Authorizer:
    return Authorizer(
        oauth=stores.oauth,
        grants=stores.grants,
        launches=LaunchStore(database),
        issuer=settings.public_url,
        fhir_base=settings.fhir_base,
        types=types,
        clock=sources.clock,
        ids=sources.ids,
        random=sources.random,
    )


def _token_endpoint(
    settings: Settings, tokens: AppTokens, sources: Sources, types: Collection[str]
) -> TokenEndpoint:
    oauth = tokens.stores.oauth
    fetcher = JwksFetcher(
        allowed=[name.strip() for name in settings.jwks_hosts.split(",") if name.strip()],
        clock=sources.clock,
    )
    inspector = TokenInspector(
        oauth=oauth,
        grants=tokens.stores.grants,
        issuer=settings.public_url,
        fhir_base=settings.fhir_base,
        clock=sources.clock,
    )
    known = TokenSettings(
        token_url=settings.public_url + TOKEN_PATH,
        token_seconds=settings.token_seconds,
        types=types,
        clock=sources.clock,
        random=sources.random,
    )
    apps = Apps(tokens=tokens, inspector=inspector, fetched_keys=fetcher.keys)
    return TokenEndpoint(oauth, known, apps)


def _sign_in(
    settings: Settings, stores: Stores, seal: Seal, sources: Sources, secret: bytes
) -> SignIn:
    return SignIn(
        accounts=stores.accounts,
        sessions=stores.sessions,
        seal=seal,
        secret=secret,
        idle_seconds=settings.session_minutes * 60,
        clock=sources.clock,
        ids=sources.ids,
        random=sources.random,
    )

"""From a request for authorization to a code: what is remembered while a person decides.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#step-5-authorization . A request is
bound to the browser that brought it, is closed by the first decision, and is checked again when the
decision comes: in between, a role may have ended or an app been revoked.
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass

from fhir_server.fhir.resource import MICROSECONDS, Json
from fhir_server.search.labels import Purpose
from fhir_server.smart import clients
from fhir_server.smart.authorization_code import CODE_SECONDS
from fhir_server.smart.authorization_request import AuthorizationRequest, read_request
from fhir_server.smart.clients import Client
from fhir_server.smart.granting import OFFLINE, OPENID, Offer, keep, offer
from fhir_server.smart.launch import LaunchContext
from fhir_server.smart.login.sign_in import SignedIn
from fhir_server.smart.purposes import codes
from fhir_server.smart.redirects import with_answer
from fhir_server.smart.roles import PERMISSIONS, Role
from fhir_server.smart.scopes import format_scopes
from fhir_server.smart.tokens import TOKEN_BYTES, token_hash, token_text
from fhir_server.storage.grants import CodeRow, GrantedRow, GrantStore
from fhir_server.storage.launches import LaunchStore, RequestRow
from fhir_server.storage.oauth import OAuthStore

REQUEST_SECONDS = 1800
_DAY_SECONDS = 86_400
# For how long an app may go on without its user: what a person can choose from, in days.
OFFLINE_DAYS = (1, 30, 90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A request that waits for its user; `patient` is the id of the launch patient, or "".

    `organization` is the key of the agency whose EHR launched the app, 0 without an EHR;
    `asked_at` is microseconds.
    """

    handle: str
    request: AuthorizationRequest
    client: Client
    launch: LaunchContext
    organization: int
    patient: str
    asked_at: int

    @property
    def from_ehr(self) -> bool:
        """Whether an EHR launched the app."""
        return bool(self.organization)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person grants: the scopes left ticked, the purpose, and days without the person."""

    ticked: frozenset[str]
    purpose: str
    days: int = OFFLINE_DAYS[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorizer:
    """Keeps requests and makes codes. `types` are the resource types that a scope may name."""

    oauth: OAuthStore
    grants: GrantStore
    launches: LaunchStore
    issuer: str
    fhir_base: str
    types: Collection[str]
    clock: Callable[[], int]
    ids: Callable[[], str]
    random: Callable[[int], bytes]

    def begin(self, pairs: Sequence[tuple[str, str]], visit: str) -> str:
        """Return the handle under which a request waits for the browser's user.

        Raises:
            UnknownAppError: The app cannot be answered.
            AuthorizationError: The app is to be told that its request is at fault.
        """
        request = read_request(pairs, self._client, fhir_base=self.fhir_base)
        launch, organization = LaunchContext(), 0
        at = self.clock()
        if request.launch:
            row = self.launches.take_launch(token_hash(request.launch), request.client_id, at)
            if row is None:
                raise request.refusal(
                    "invalid_request", "The launch is unknown, used, too old, or not this app's."
                )
            launch, organization = LaunchContext.from_json(row.context), row.organization
        handle = token_text(self.random(TOKEN_BYTES))
        kept = RequestRow(
            handle_hash=token_hash(handle),
            visit_hash=token_hash(visit),
            parameters=_kept(request, launch, organization, launch.patient),
            expires_at=at + REQUEST_SECONDS * MICROSECONDS,
        )
        self.launches.put_request(kept, at)
        return handle

    def pending(self, handle: str, visit: str) -> Pending | None:
        """Return the request under `handle`, if this browser brought it and it is still open."""
        row = self.launches.request(token_hash(handle), token_hash(visit), self.clock())
        if row is None:
            return None
        found: Json = json.loads(row.parameters)
        request = AuthorizationRequest(**found["request"])
        client = self._client(request.client_id)
        if client is None:
            return None
        return Pending(
            handle=handle,
            request=request,
            client=client,
            launch=LaunchContext.from_json(found["launch"]),
            organization=found["organization"],
            patient=found["patient"],
            asked_at=row.expires_at - REQUEST_SECONDS * MICROSECONDS,
        )

    def choose_patient(self, pending: Pending, patient: str) -> None:
        """Note whom a standalone launch is about, whom the user may see as the caller knows."""
        if not pending.from_ehr:
            text = _kept(pending.request, pending.launch, pending.organization, patient)
            self.launches.note(token_hash(pending.handle), text)

    def offer(self, pending: Pending, role: Role) -> Offer:
        """Return what a holder of `role` can grant."""
        client, words = pending.client, pending.request.scope
        found = offer(words, client.scopes, client.context_scopes, role, self.types)
        if pending.from_ehr:
            return found
        return Offer(
            clinical=found.clinical,
            context=tuple(
                word for word in found.context if word not in {"launch", "launch/encounter"}
            ),
        )

    def purposes(self, pending: Pending, role: Role) -> tuple[Purpose, ...]:
        """Return the purposes for which app and user can be granted tokens, the likeliest first."""
        wanted = pending.request.purpose_of_use
        found = [one for one in PERMISSIONS[role].purposes if one in pending.client.purposes]
        return tuple(sorted(found, key=lambda one: codes(one)[0] != wanted))

    def deny(self, pending: Pending, why: str = "The user said no.") -> str:
        """Close a request; return where the browser goes."""
        self.launches.take_request(token_hash(pending.handle))
        return pending.request.refusal("access_denied", why).location(self.issuer)

    def grant(self, pending: Pending, signed_in: SignedIn, decision: Decision) -> str:
        """Close a request with a code; return where the browser goes.

        Raises:
            AuthorizationError: What was decided cannot be granted by this user to this app.
        """
        role, kind = signed_in.role, signed_in.kind
        if role is None or kind is None:
            raise pending.request.refusal("access_denied", "The user has no role at present.")
        self._require_own_agency(pending, role.organization)
        purpose = self._purpose(pending, kind, decision.purpose)
        kept = keep(self.offer(pending, kind), decision.ticked)
        if not kept.clinical and OPENID not in kept.context:
            raise pending.request.refusal("access_denied", "Nothing was granted.")
        patient = self._patient(pending, signed_in, kept)
        if not self.launches.take_request(token_hash(pending.handle)):
            raise pending.request.refusal("access_denied", "The request was answered before.")
        at = self.clock()
        granted = GrantedRow(
            grant_id=self.ids(),
            client_id=pending.client.client_id,
            account_id=signed_in.account.account_id,
            role_id=role.role_id,
            session_id=signed_in.session.session_id,
            scopes=format_scopes(kept.clinical),
            context_scopes=" ".join(kept.context),
            purpose=int(purpose),
            patient=patient,
            context=pending.launch.to_json(),
            nonce=pending.request.nonce,
            authenticated_at=signed_in.session.authenticated_at,
            granted_at=at,
            expires_at=_ends(kept, signed_in, decision, at),
        )
        return self._answer(pending, granted, at)

    def _answer(self, pending: Pending, granted: GrantedRow, at: int) -> str:
        code = token_text(self.random(TOKEN_BYTES))
        row = CodeRow(
            code_hash=token_hash(code),
            grant_id=granted.grant_id,
            client_id=granted.client_id,
            redirect_uri=pending.request.redirect_uri,
            code_challenge=pending.request.code_challenge,
            expires_at=at + CODE_SECONDS * MICROSECONDS,
        )
        self.grants.grant(granted, row)
        # `iss` tells the app which server answers, so that no other can pose as this one.
        answer = {"code": code, "state": pending.request.state, "iss": self.issuer}
        return with_answer(pending.request.redirect_uri, answer)

    def _require_own_agency(self, pending: Pending, organization: int) -> None:
        """Require that who logs in is of the agency whose EHR launched the app."""
        if pending.from_ehr and pending.organization != organization:
            raise pending.request.refusal("access_denied", "The launch is another agency's.")

    def _purpose(self, pending: Pending, role: Role, chosen: str) -> Purpose:
        known = {codes(one)[0]: one for one in self.purposes(pending, role)}
        if chosen not in known:
            raise pending.request.refusal(
                "access_denied", "The purpose is not one of the app's and the user's."
            )
        return known[chosen]

    def _patient(self, pending: Pending, signed_in: SignedIn, kept: Offer) -> str:
        """Return the launch patient's id; "" where what is granted needs none."""
        own = own_patient(signed_in)
        patient = pending.patient or (own if signed_in.kind is Role.PATIENT else "")
        if signed_in.kind is Role.PATIENT and patient != own:
            raise pending.request.refusal("access_denied", "The launch is about somebody else.")
        if kept.needs_patient and not patient:
            raise pending.request.refusal("access_denied", "No patient was chosen.")
        return patient

    def _client(self, client_id: str) -> Client | None:
        row = self.oauth.client(client_id)
        return None if row is None or row.revoked_at is not None else clients.of_row(row)


def own_patient(signed_in: SignedIn) -> str:
    """Return the id of the Patient that somebody is, "" for none."""
    kind, _, id_ = signed_in.account.fhir_user.partition("/")
    return id_ if kind == "Patient" else ""


def _ends(kept: Offer, signed_in: SignedIn, decision: Decision, at: int) -> int:
    """Return when a grant ends: with the session, unless the app may go on without its user."""
    if OFFLINE not in kept.context:
        return signed_in.session.expires_at
    days = decision.days if decision.days in OFFLINE_DAYS else OFFLINE_DAYS[0]
    return at + days * _DAY_SECONDS * MICROSECONDS


def _kept(
    request: AuthorizationRequest, launch: LaunchContext, organization: int, patient: str
) -> str:
    return json.dumps(
        {
            "request": asdict(request),
            "launch": launch.to_json(),
            "organization": organization,
            "patient": patient,
        }
    )

"""Introspection and revocation of tokens.

https://www.rfc-editor.org/rfc/rfc7662 with the fields of
https://hl7.org/fhir/smart-app-launch/STU2.2/token-introspection.html ; https://www.rfc-editor.org/rfc/rfc7009

A client may ask about its own tokens, a resource server that is registered for it (`introspects`)
about all. Any other token is "not active", as one that does not exist.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fhir_server.fhir.resource import MICROSECONDS, Element
from fhir_server.search.labels import Purpose
from fhir_server.smart.clients import Client
from fhir_server.smart.launch import LaunchContext
from fhir_server.smart.purposes import FIELD, codes
from fhir_server.smart.tokens import token_hash
from fhir_server.storage.grants import GrantStore
from fhir_server.storage.oauth import GrantRow, OAuthStore


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInspector:
    """Looks tokens up for clients that have proved who they are."""

    oauth: OAuthStore
    grants: GrantStore
    issuer: str
    fhir_base: str
    clock: Callable[[], int]

    def introspect(self, client: Client, form: Mapping[str, str]) -> Element:
        """Return what `client` may know of the token in `form`."""
        at = self.clock()
        row = self.oauth.token(token_hash(form.get("token", "")), at)
        if row is None or not (client.introspects or row.client_id == client.client_id):
            return {"active": False}
        return self._active(row, at)

    def _active(self, row: GrantRow, at: int) -> Element:
        answer: Element = {
            "active": True,
            "scope": row.scopes,
            "client_id": row.client_id,
            "token_type": "Bearer",
            "exp": row.expires_at // MICROSECONDS,
            "iss": self.issuer,
            "aud": self.fhir_base,
            FIELD: codes(Purpose(row.purpose))[0],
        }
        granted = self.grants.granted(row.grant_id, at) if row.grant_id else None
        if granted is None:
            return answer
        context = LaunchContext.from_json(granted.context)
        answer["scope"] = " ".join(filter(None, (granted.context_scopes, row.scopes)))
        answer["sub"] = row.account_id
        answer["iat"] = granted.granted_at // MICROSECONDS
        if row.fhir_user and "fhirUser" in granted.context_scopes.split():
            answer["fhirUser"] = f"{self.fhir_base}/{row.fhir_user}"
        if granted.patient:
            answer["patient"] = granted.patient
        if context.encounter:
            answer["encounter"] = context.encounter
        if context.fhir_context:
            answer["fhirContext"] = list(context.fhir_context)
        return answer

    def revoke(self, client: Client, form: Mapping[str, str]) -> None:
        """End a token of `client`: with a refresh token, everything that came with it."""
        at = self.clock()
        hash_ = token_hash(form.get("token", ""))
        refresh = self.grants.refresh_token(hash_, at)
        if refresh is not None and refresh.client_id == client.client_id:
            self.grants.revoke(refresh.grant_id, at)
        else:
            self.grants.end_token(hash_, client.client_id)

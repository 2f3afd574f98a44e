"""The back channel over which an EHR gets a launch handle.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-ehr-launch : the standard
leaves to the EHR how the handle comes to be. Here the EHR's own backend service asks with its
token, so that nobody can make up a launch.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fhir_server.fhir.resource import MICROSECONDS, Element
from fhir_server.smart import clients
from fhir_server.smart.launch import LAUNCH_SECONDS, LaunchError, LaunchRequest
from fhir_server.smart.tokens import TOKEN_BYTES, token_hash, token_text
from fhir_server.storage.launches import LaunchRow, LaunchStore
from fhir_server.storage.oauth import OAuthStore


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchDesk:
    """Makes handles. `clock` gives microseconds, `random` so many random bytes."""

    oauth: OAuthStore
    launches: LaunchStore
    fhir_base: str
    clock: Callable[[], int]
    random: Callable[[int], bytes]

    def may_launch(self, client_id: str) -> bool:
        """Tell whether a client is registered as an EHR that launches apps."""
        row = self.oauth.client(client_id)
        return row is not None and row.launches

    def handle(self, request: LaunchRequest, *, launcher: str, organization: int) -> Element:
        """Return a handle for `request`, and where the EHR sends the browser with it.

        The caller has seen that the EHR may have what the context names.

        Raises:
            LaunchError: There is no such app.
        """
        row = self.oauth.client(request.client_id)
        app = None if row is None or row.revoked_at is not None else clients.of_row(row)
        if app is None or not app.redirect_uris:
            raise LaunchError(f"`{request.client_id}` is not an app that can be launched.")
        handle, at = token_text(self.random(TOKEN_BYTES)), self.clock()
        self.launches.put_launch(
            LaunchRow(
                handle_hash=token_hash(handle),
                launcher=launcher,
                client_id=app.client_id,
                organization=organization,
                context=request.context.to_json(),
                expires_at=at + LAUNCH_SECONDS * MICROSECONDS,
            ),
            at,
        )
        answer: Element = {"launch": handle, "iss": self.fhir_base, "expires_in": LAUNCH_SECONDS}
        if app.launch_uri:
            answer["launch_uri"] = app.launch_uri
        return answer

"""Apps that cannot keep a secret: they name themselves, and PKCE proves that they asked.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#support-for-public-and-confidential-apps
"""

from collections.abc import Callable

from authlib.oauth2.rfc6749 import OAuth2Request

from fhir_server.smart.clients import PUBLIC, Client


def public_client(
    query_client: Callable[[str], Client | None], request: OAuth2Request
) -> Client | None:
    """Return the public client that the form names, if it sends no credentials of any kind."""
    client_id = request.form.get("client_id", "")
    if not client_id or "client_secret" in request.form or request.headers.get("Authorization"):
        return None
    client = query_client(client_id)
    return client if client is not None and client.auth_method == PUBLIC else None

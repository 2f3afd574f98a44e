"""How an app with a secret proves who it is: client_secret_basic.

https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 and
https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-symmetric.html

In the header only: a secret in a form ends in logs. Unknown clients and wrong secrets are one.
"""

import logging
from base64 import b64decode
from binascii import Error as NotBase64Error
from collections.abc import Callable
from urllib.parse import unquote_plus

from authlib.oauth2.rfc6749 import OAuth2Request

from fhir_server.smart.clients import SECRET, Client

_SCHEME = "basic "
_MOST_CHARACTERS = 1024

log = logging.getLogger(__name__)


def client_secret_basic(
    query_client: Callable[[str], Client | None], request: OAuth2Request
) -> Client | None:
    """Return the client whose id and secret stand in the Authorization header."""
    found = credentials(request.headers.get("Authorization", ""))
    if found is None:
        return None
    client_id, secret = found
    client = query_client(client_id)
    named = request.form.get("client_id", client_id)
    if client is None or client.auth_method != SECRET or named != client_id:
        log.info("A client secret was refused: unknown client.")
        return None
    if not client.check_client_secret(secret):
        log.info("A client secret was refused: wrong secret.")
        return None
    return client


def credentials(header: str) -> tuple[str, str] | None:
    """Return user and password of a Basic header, None where there are none."""
    if header[: len(_SCHEME)].lower() != _SCHEME or len(header) > _MOST_CHARACTERS:
        return None
    try:
        text = b64decode(header[len(_SCHEME) :].strip(), validate=True).decode()
    except (NotBase64Error, UnicodeDecodeError, ValueError):
        return None
    user, colon, password = text.partition(":")
    return (unquote_plus(user), unquote_plus(password)) if colon else None

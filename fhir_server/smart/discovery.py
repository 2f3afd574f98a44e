"""The well-known document that tells clients where and how to get a token.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#using-well-known

It lists what works, and nothing that is only planned. There is no `issuer` and no `jwks_uri`:
they belong to OpenID Connect, and this server signs nothing. `code_challenge_methods_supported`
is there because the table of the specification requires it of everybody and requires `S256` in it;
that no code flow is offered is said by `grant_types_supported`.
"""

from fhir_server.fhir.resource import Element
from fhir_server.smart.clients import AUTHENTICATION, GRANT
from fhir_server.smart.keys import ALGORITHMS

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path, not a secret


def token_url(public_url: str) -> str:
    """Return the address of the token endpoint, which is also the audience of assertions."""
    return f"{public_url}{TOKEN_PATH}"


def smart_configuration(public_url: str) -> Element:
    """Return the document for the server that clients see at `public_url`."""
    return {
        "token_endpoint": token_url(public_url),
        "token_endpoint_auth_methods_supported": [AUTHENTICATION],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "grant_types_supported": [GRANT],
        "scopes_supported": ["system/*.cruds", "system/*.rs"],
        "code_challenge_methods_supported": ["S256"],
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
    }

"""The well-known documents that tell clients where and how to get a token.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html#using-well-known and
https://openid.net/specs/openid-connect-discovery-1_0.html

They list what works, and nothing that is only planned.
"""

from collections.abc import Mapping

from fhir_server.fhir.resource import Element
from fhir_server.smart.clients import CODE_GRANTS, GRANT, METHODS
from fhir_server.smart.granting import CONTEXT_SCOPES
from fhir_server.smart.id_tokens import ALGORITHM
from fhir_server.smart.keys import ALGORITHMS

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path, not a secret
AUTHORIZE_PATH = "/oauth/authorize"
REVOKE_PATH = "/oauth/revoke"
INTROSPECT_PATH = "/oauth/introspect"
USERINFO_PATH = "/oauth/userinfo"
JWKS_PATH = "/oauth/jwks"
LAUNCH_PATH = "/oauth/launch"
APPS_PATH = "/account/apps"
STYLE_PATH = "/static/smart-style.json"
_SCOPES = (
    *CONTEXT_SCOPES,
    "patient/*.cruds",
    "patient/*.rs",
    "user/*.cruds",
    "user/*.rs",
    "system/*.cruds",
    "system/*.rs",
)
_CAPABILITIES = (
    "launch-ehr",
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-banner",
    "context-style",
    "context-ehr-patient",
    "context-ehr-encounter",
    "context-standalone-patient",
    "permission-online",
    "permission-offline",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
)


def token_url(public_url: str) -> str:
    """Return the address of the token endpoint, which is also the audience of assertions."""
    return f"{public_url}{TOKEN_PATH}"


def endpoints(public_url: str) -> Mapping[str, str]:
    """Return the addresses by the names that metadata have for them."""
    return {
        "authorization_endpoint": public_url + AUTHORIZE_PATH,
        "token_endpoint": token_url(public_url),
        "introspection_endpoint": public_url + INTROSPECT_PATH,
        "revocation_endpoint": public_url + REVOKE_PATH,
        "jwks_uri": public_url + JWKS_PATH,
    }


def smart_configuration(public_url: str) -> Element:
    """Return the document for the server that clients see at `public_url`."""
    return {
        **_common(public_url),
        "management_endpoint": public_url + APPS_PATH,
        "capabilities": list(_CAPABILITIES),
    }


def openid_configuration(public_url: str) -> Element:
    """Return the document of OpenID Connect, which is that of RFC 8414 as well."""
    return {
        **_common(public_url),
        "userinfo_endpoint": public_url + USERINFO_PATH,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "response_modes_supported": ["query"],
        "claims_supported": ["sub", "fhirUser", "name", "profile", "auth_time"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": False,
        "prompt_values_supported": ["none", "login", "consent"],
    }


def _common(public_url: str) -> Element:
    methods = list(METHODS)
    algorithms = list(ALGORITHMS)
    return {
        "issuer": public_url,
        **endpoints(public_url),
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": methods[:2],
        "revocation_endpoint_auth_methods_supported": methods,
        "grant_types_supported": [*CODE_GRANTS, GRANT],
        "response_types_supported": ["code"],
        "scopes_supported": list(_SCOPES),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }

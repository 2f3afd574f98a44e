"""The client's side of private_key_jwt: the signed assertion that stands for a secret.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#authenticating-to-the-token-endpoint
"""

from joserfc import jwt

from fhir_server.fhir.resource import MICROSECONDS
from fhir_server.smart.keys import private_key

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Well within the five minutes that SMART allows, so that a skewed clock does no harm.
LIFE_SECONDS = 120


def sign_assertion(key: bytes, *, client_id: str, token_endpoint: str, jti: str, at: int) -> str:
    """Return a JWT that authenticates `client_id` at `token_endpoint`, once.

    `key` is a private JWK, or a JWK Set with one; `at` the time in microseconds; `jti` a text that
    was never used before.

    Raises:
        KeyRefusedError: There is no private key that the server would accept.
    """
    signer, algorithm = private_key(key)
    seconds = at // MICROSECONDS
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": token_endpoint,
        "iat": seconds,
        "exp": seconds + LIFE_SECONDS,
        "jti": jti,
    }
    header = {"alg": algorithm, "kid": signer.kid}
    return jwt.encode(header, claims, signer, algorithms=[algorithm])

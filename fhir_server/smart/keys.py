"""JSON Web Keys: what a client may register, and which of them verifies an assertion.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html

Only RS384 and ES384: RSA of 2048 bits or more, EC on P-384. A private key is never taken in.
"""

import json
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import base64_to_int

from fhir_server.fhir.resource import Element, Json

# A JWK as JSON: https://www.rfc-editor.org/rfc/rfc7517#section-4
Jwk = Element
KeyType = Literal["RSA", "EC"]

ALGORITHMS: dict[str, KeyType] = {"RS384": "RSA", "ES384": "EC"}
CURVE = "P-384"
FEWEST_RSA_BITS = 2048
MOST_RSA_BITS = 8192
_PUBLIC = ("kty", "kid", "use", "alg", "crv", "x", "y", "n", "e")
_SECRET = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class KeyRefusedError(ValueError):
    """A key or key set cannot be used here; the message says why, without key material."""


def public_keys(data: bytes) -> tuple[Jwk, ...]:
    """Return the keys of a JWK Set, or of a single JWK, fit for registration.

    Raises:
        KeyRefusedError: It holds a private key, or a key that no accepted algorithm can use.
    """
    found = tuple(_public(jwk) for jwk in _jwks(data))
    twice = [kid for kid, times in Counter(jwk["kid"] for jwk in found).items() if times > 1]
    if twice:
        raise KeyRefusedError(f"Two keys have the `kid` `{twice[0]}`; each needs its own.")
    return found


def private_key(data: bytes) -> tuple[RSAKey | ECKey, str]:
    """Return the first private key of a JWK or JWK Set that can sign, and its algorithm.

    Raises:
        KeyRefusedError: There is none.
    """
    for jwk in _jwks(data):
        if "d" in jwk:
            _check(jwk)
            return _import(jwk), algorithm_of(jwk)
    raise KeyRefusedError("There is no private key in the file: a JWK with the member `d`.")


def new_private_key(kid: str) -> Jwk:
    """Return a fresh private key for ES384, as a JWK."""
    return {**ECKey.generate_key(CURVE, parameters={"kid": kid}).as_dict(private=True)}


def public_part(private: Jwk) -> Jwk:
    """Return what may be registered of a private key."""
    return {name: private[name] for name in _PUBLIC if name in private}


def new_key_pair() -> tuple[bytes, bytes]:
    """Return a new private JWK for ES384, and the JWK Set with its public half."""
    key = ECKey.generate_key(CURVE, parameters={"use": "sig", "alg": "ES384"}, auto_kid=True)
    private, public = key.as_dict(private=True), key.as_dict(private=False)
    return json.dumps(private).encode(), json.dumps({"keys": [public]}).encode()


def algorithm_of(jwk: Jwk) -> str:
    """Return the one algorithm that a key of this type is used with here."""
    return next(alg for alg, key_type in ALGORITHMS.items() if key_type == jwk["kty"])


def verification_key(jwks: Sequence[Jwk], header: Element) -> RSAKey | ECKey:
    """Return the registered key that a JOSE header names.

    Raises:
        KeyRefusedError: None has its `kid` and is of the type that its `alg` needs.
    """
    key_type = ALGORITHMS.get(header["alg"])
    for jwk in jwks:
        if jwk["kid"] == header.get("kid") and jwk["kty"] == key_type:
            return _imported(json.dumps(jwk, sort_keys=True))
    raise KeyRefusedError("No registered key has the `kid` and the type that the header names.")


def _jwks(data: bytes) -> list[Jwk]:
    try:
        document: Json = json.loads(data)
    except (ValueError, RecursionError) as fault:
        raise KeyRefusedError("The key file is not JSON.") from fault
    keys: Json = document.get("keys", [document]) if isinstance(document, dict) else None
    if not isinstance(keys, list) or not keys or not all(isinstance(jwk, dict) for jwk in keys):
        raise KeyRefusedError("The key file must be a JWK, or a JWK Set with one key or more.")
    return keys


def _public(jwk: Jwk) -> Jwk:
    """Return the public members that matter, checked."""
    if _SECRET & jwk.keys():
        raise KeyRefusedError(
            "The file holds a private key. Register the public key only, and keep the private one"
            " with the client."
        )
    _check(jwk)
    if "verify" not in jwk.get("key_ops", ["verify"]):
        raise KeyRefusedError(f"The key `{jwk['kid']}` is not for signatures: see its `key_ops`.")
    _import(jwk)
    return {name: jwk[name] for name in _PUBLIC if name in jwk}


def _check(jwk: Jwk) -> None:
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not kid:
        raise KeyRefusedError("A key has no `kid`; SMART requires one.")
    if jwk.get("kty") not in ALGORITHMS.values():
        raise KeyRefusedError(f"The key `{kid}` has another `kty` than `RSA` and `EC`.")
    if jwk.get("use", "sig") != "sig":
        raise KeyRefusedError(f"The key `{kid}` is not for signatures: `use` must be `sig`.")
    if jwk.get("alg", algorithm_of(jwk)) != algorithm_of(jwk):
        raise KeyRefusedError(f"The key `{kid}` has another `alg` than `{algorithm_of(jwk)}`.")
    if jwk["kty"] == "EC" and jwk.get("crv") != CURVE:
        raise KeyRefusedError(f"The key `{kid}` must be on the curve `{CURVE}`.")
    if jwk["kty"] == "RSA" and not FEWEST_RSA_BITS <= _bits(jwk) <= MOST_RSA_BITS:
        raise KeyRefusedError(
            f"The key `{kid}` must have {FEWEST_RSA_BITS} to {MOST_RSA_BITS} bits."
        )


def _bits(jwk: Jwk) -> int:
    try:
        return base64_to_int(jwk["n"]).bit_length()
    except (KeyError, TypeError, ValueError, AttributeError):
        return 0


@lru_cache(maxsize=1024)
def _imported(jwk: str) -> RSAKey | ECKey:
    """Return a registered key; to make it anew for each assertion costs a tenth of a grant."""
    return _import(json.loads(jwk))


def _import(jwk: Jwk) -> RSAKey | ECKey:
    key_class = RSAKey if jwk["kty"] == "RSA" else ECKey
    try:
        return key_class.import_key(jwk)
    except (JoseError, KeyError, TypeError, ValueError) as fault:
        raise KeyRefusedError(f"The key `{jwk['kid']}` is malformed.") from fault

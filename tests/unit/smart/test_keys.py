"""Which keys may be registered, and which can sign."""

import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from fhir_server.smart.keys import KeyRefusedError, private_key, public_keys
from tests.smart_clients import ec_key, private_json, public, rsa_key


def text(document: object) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize("key", [ec_key(), rsa_key()], ids=["EC", "RSA"])
def test_key_set_and_single_key_are_read(key: ECKey | RSAKey) -> None:
    jwk = public(key)

    assert public_keys(text(jwk)) == public_keys(text({"keys": [jwk]})) == (jwk,)


def test_members_that_do_not_matter_are_dropped() -> None:
    jwk = public(ec_key())

    assert public_keys(text({**jwk, "x5c": ["MII"], "key_ops": ["verify"]})) == (jwk,)


REFUSED: dict[str, Any] = {
    "private EC key": {**ec_key().as_dict(private=True)},
    "private RSA key": {**rsa_key().as_dict(private=True)},
    "secret": {**OctKey.generate_key(256, parameters={"kid": "s"}).as_dict(private=True)},
    "P-256": public(ec_key("p256", "P-256")),
    "RSA of 1024 bits": {"kty": "RSA", "kid": "r", "e": "AQAB", "n": "_" * 171},
    "RSA of 8192 bits": {"kty": "RSA", "kid": "r", "e": "AQAB", "n": "_" * 1366},
    "no modulus": {"kty": "RSA", "kid": "r", "e": "AQAB"},
    "no kid": {name: value for name, value in public(ec_key()).items() if name != "kid"},
    "empty kid": {**public(ec_key()), "kid": ""},
    "kid a number": {**public(ec_key()), "kid": 5},
    "for encryption": {**public(ec_key()), "use": "enc"},
    "for encryption by its operations": {**public(ec_key()), "key_ops": ["encrypt"]},
    "another algorithm": {**public(ec_key()), "alg": "ES256"},
    "kty unknown": {"kty": "X", "kid": "x"},
    "point off the curve": {**public(ec_key()), "y": public(ec_key())["x"]},
    "no point": {"kty": "EC", "kid": "e", "crv": "P-384"},
    "kid twice": {"keys": [public(ec_key()), public(ec_key())]},
    "no keys": {"keys": []},
    "keys no list": {"keys": {"a": 1}},
    "keys of text": {"keys": ["a"]},
    "a list": [],
    "a text": "key",
}


@pytest.mark.parametrize("document", REFUSED.values(), ids=REFUSED)
def test_unfit_keys_are_refused(document: object) -> None:
    with pytest.raises(KeyRefusedError):
        public_keys(text(document))


@pytest.mark.parametrize("data", [b"", b"-----BEGIN", b"\xff", b"[" * 5000])
def test_what_is_not_json_is_refused(data: bytes) -> None:
    with pytest.raises(KeyRefusedError):
        public_keys(data)


def test_refusal_shows_no_key_material() -> None:
    secret = ec_key().as_dict(private=True)

    with pytest.raises(KeyRefusedError) as refusal:
        public_keys(text(secret))

    assert str(secret["d"]) not in str(refusal.value)


@pytest.mark.parametrize(("key", "algorithm"), [(ec_key(), "ES384"), (rsa_key(), "RS384")])
def test_private_key_signs_with_its_algorithm(key: ECKey | RSAKey, algorithm: str) -> None:
    found, used = private_key(private_json(key))

    assert (found.kid, used) == (key.kid, algorithm)


@pytest.mark.parametrize(
    "data", [text(public(ec_key())), private_json(ec_key("p256", "P-256")), b"{}", b"x"]
)
def test_no_usable_private_key_is_refused(data: bytes) -> None:
    with pytest.raises(KeyRefusedError):
        private_key(data)

"""A fresh key signs assertions, and only its public part can be registered."""

import json

import pytest

from fhir_server.smart.keys import (
    KeyRefusedError,
    new_private_key,
    private_key,
    public_keys,
    public_part,
)


def test_a_new_key_signs_with_es384() -> None:
    _, algorithm = private_key(json.dumps(new_private_key("demo")).encode())

    assert algorithm == "ES384"


def test_the_public_part_can_be_registered_and_the_key_itself_cannot() -> None:
    private = new_private_key("demo")

    (registered,) = public_keys(json.dumps(public_part(private)).encode())

    assert registered["kid"] == "demo"
    with pytest.raises(KeyRefusedError):
        public_keys(json.dumps(private).encode())


def test_no_two_new_keys_are_alike() -> None:
    assert new_private_key("demo") != new_private_key("demo")

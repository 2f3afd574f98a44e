"""Ids that follow from what a record is called."""

import hashlib
import uuid

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.access.identity import identifier

SECRET = bytes(range(32))


def test_same_record_always_gets_the_same_id() -> None:
    assert identifier(SECRET)("person", "mct", "P-1") == identifier(SECRET)("person", "mct", "P-1")


def test_another_deployment_gives_another_id() -> None:
    assert identifier(SECRET)("person", "mct", "P-1") != identifier(b"x")("person", "mct", "P-1")


names = st.text("abc|-\x1f é", max_size=5)


@given(one=st.tuples(names, names, names), other=st.tuples(names, names, names))
def test_different_records_get_different_ids(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    identify = identifier(SECRET)

    assert (identify(*one) == identify(*other)) == (one == other)


def test_id_is_a_proper_uuid() -> None:
    found = uuid.UUID(identifier(SECRET)("agency", "", "springfield-mct"))

    assert (found.version, found.variant) == (5, uuid.RFC_4122)


@given(parts=st.tuples(names, names, names))
def test_id_is_the_name_based_uuid_of_the_namespace(parts: tuple[str, str, str]) -> None:
    namespace = uuid.UUID(bytes=hashlib.sha256(b"handoff intake ids\0" + SECRET).digest()[:16])

    assert identifier(SECRET)(*parts) == str(uuid.uuid5(namespace, "\0".join(parts)))

"""Clients, tokens and used assertions, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa

from fhir_server.fhir.definitions import param_id
from fhir_server.fhir.outcome import CollisionError
from fhir_server.storage import oauth
from fhir_server.storage.engine import Database
from fhir_server.storage.oauth import ClientRow, OAuthStore, TokenRow, UsedAssertion
from fhir_server.storage.schema import ix_reference, resource

SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND


@pytest.fixture
def store(database: Database) -> OAuthStore:
    return OAuthStore(database)


def a_client(client_id: str = "ehr", *, assign_ids: bool = False) -> ClientRow:
    return ClientRow(
        client_id=client_id,
        name="The EHR",
        organization=7,
        organization_id="clinic",
        jwks="[]",
        scopes="system/*.rs",
        purposes=1,
        submits_for='["team"]',
        assign_ids=assign_ids,
        medical_personnel=False,
        privacy_officer=True,
        registered_at=NOW,
        revoked_at=None,
    )


def a_token(token_hash: bytes = b"t" * 32, *, expires_at: int = NOW + 300 * SECOND) -> TokenRow:
    return TokenRow(
        token_hash=token_hash,
        client_id="ehr",
        expires_at=expires_at,
        purpose=1,
        scopes="system/Encounter.r",
        actors="[7, 8]",
    )


def an_assertion(assertion_hash: bytes, *, expires_at: int = NOW + 60 * SECOND) -> UsedAssertion:
    return UsedAssertion(assertion_hash=assertion_hash, expires_at=expires_at)


def test_client_is_found_as_registered(store: OAuthStore) -> None:
    store.register(a_client("ehr", assign_ids=True))
    store.register(replace(a_client("team"), registered_at=NOW - 1))

    assert store.client("ehr") == a_client("ehr", assign_ids=True)
    assert store.client("nobody") is None
    assert [client.client_id for client in store.clients()] == ["team", "ehr"]


def test_client_id_is_taken_once(store: OAuthStore) -> None:
    store.register(a_client())

    with pytest.raises(CollisionError):
        store.register(a_client())


def test_token_gives_what_it_and_its_client_say(store: OAuthStore) -> None:
    store.register(a_client())
    store.issue(a_token(), NOW)

    found = store.token(b"t" * 32, NOW)

    assert found is not None
    assert (found.scopes, found.actors, found.purpose) == ("system/Encounter.r", "[7, 8]", 1)
    assert (found.client_id, found.organization, found.organization_id) == ("ehr", 7, "clinic")
    assert (found.submits_for, found.privacy_officer) == ('["team"]', True)
    assert (found.assign_ids, found.medical_personnel) == (False, False)


def test_token_is_valid_until_it_expires(store: OAuthStore) -> None:
    store.register(a_client())
    store.issue(a_token(), NOW)

    assert store.token(b"t" * 32, NOW + 300 * SECOND - 1) is not None
    assert store.token(b"t" * 32, NOW + 300 * SECOND) is None
    assert store.token(b"u" * 32, NOW) is None


def test_revoked_client_has_no_tokens(store: OAuthStore, database: Database) -> None:
    store.register(a_client())
    store.issue(a_token(), NOW)
    other = OAuthStore(database)
    assert other.token(b"t" * 32, NOW) is not None

    assert store.revoke("ehr", NOW + 1)

    assert other.token(b"t" * 32, NOW + 2) is None
    assert store.client("ehr") == replace(a_client(), revoked_at=NOW + 1)


def test_token_issued_in_the_moment_of_revocation_is_void(store: OAuthStore) -> None:
    store.register(a_client())
    store.revoke("ehr", NOW)

    store.issue(a_token(), NOW)

    assert store.token(b"t" * 32, NOW) is None


def test_second_revocation_changes_nothing(store: OAuthStore) -> None:
    store.register(a_client())
    store.revoke("ehr", NOW)

    assert store.revoke("ehr", NOW + 5)
    assert store.client("ehr") == replace(a_client(), revoked_at=NOW)
    assert not store.revoke("nobody", NOW)


def test_one_of_many_uses_an_assertion(store: OAuthStore, database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        used = list(
            pool.map(
                lambda number: store.issue(
                    a_token(bytes([number]) * 32), NOW, an_assertion(b"a" * 32)
                ),
                range(8),
            )
        )

    assert sorted(used) == [False] * 7 + [True]
    assert count(database, "oauth_token") == 1
    assert not store.use_assertion(an_assertion(b"a" * 32), NOW)


def test_assertion_can_be_used_up_without_a_token(store: OAuthStore) -> None:
    assert store.use_assertion(an_assertion(b"a" * 32), NOW)
    assert not store.issue(a_token(), NOW, an_assertion(b"a" * 32))
    assert store.issue(a_token(), NOW, an_assertion(b"b" * 32))


def count(database: Database, table: str) -> int:
    with database.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()  # noqa: S608 - a test's own table name
    return int(found or 0)


def test_expired_rows_are_swept_and_no_others(store: OAuthStore, database: Database) -> None:
    later = NOW + 301 * SECOND
    for number in range(1, 10):
        store.issue(a_token(bytes([number]) * 32), NOW)
        store.use_assertion(an_assertion(bytes([number]) * 32), NOW)
    store.issue(a_token(b"\x0a" * 32, expires_at=later + 1), NOW)

    store.issue(a_token(bytes([oauth.SWEEP_EVERY]) * 32, expires_at=later + 1), later)
    store.use_assertion(an_assertion(bytes([oauth.SWEEP_EVERY]) * 32, expires_at=later + 1), later)

    assert count(database, "oauth_token") == 2
    assert count(database, "oauth_assertion") == 1


def part_of(database: Database, child: int, whole: int, *, said_by: int) -> None:
    """Store the Organization `child`, a part of `whole`, as `said_by` has it on file."""
    values = {"rid": child, "owner": 0, "param_id": param_id("Organization", "partof")}
    kept = {"version": 1, "deleted": 0, "owner": 0, "type_id": 1, "fhir_id": str(child)}
    with database.begin() as connection:
        connection.execute(sa.insert(ix_reference).values(target=whole, target_type=1, **values))
        if child > 0:
            connection.execute(
                sa.insert(resource).values(
                    rid=child,
                    last_updated=NOW,
                    tx=0,
                    method="PUT",
                    custodian_id=said_by,
                    label_mask=0,
                    **kept,
                )
            )


def test_actors_are_the_organisation_and_what_it_is_part_of(
    store: OAuthStore, database: Database
) -> None:
    for child, whole in [(1, 2), (2, 3), (3, 1), (9, 1)]:
        part_of(database, child, whole, said_by=0)

    assert sorted(store.actors(1)) == [1, 2, 3]
    assert sorted(store.actors(9)) == [1, 2, 3, 9]
    assert store.actors(77) == (77,)


def test_nobody_is_part_of_another_by_his_own_word(store: OAuthStore, database: Database) -> None:
    part_of(database, 1, 2, said_by=1)
    part_of(database, 2, 3, said_by=3)

    assert store.actors(1) == (1,)
    assert sorted(store.actors(2)) == [2, 3]

"""SQL means what search/matches.py means: for every world, query and requester, on each page."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fhir_server.access import neighbours
from fhir_server.fhir import definitions
from fhir_server.search.expression import Expression
from fhir_server.search.indexed import Indexed
from fhir_server.search.query import Query, SortKey, Total
from fhir_server.storage.engine import Database
from fhir_server.storage.resources import ResourceStore
from fhir_server.storage.rows import Address
from fhir_server.storage.schema import metadata
from tests import builders, worlds
from tests.builders import NOW, Draft, confined, found_ids
from tests.worlds import Requester, World

ENCOUNTER = definitions.load().type_id("Encounter")
# One database for all examples: each begins with empty tables.
examples = settings(
    max_examples=30,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def store(database: Database) -> ResourceStore:
    return ResourceStore(database)


def emptied(database: Database) -> None:
    with database.begin(durable=False) as connection:
        for table in metadata.sorted_tables:
            if not table.name.startswith(("oauth_", "write_stamp", "deployment", "audit")):
                connection.execute(table.delete())


def settled(store: ResourceStore, world: World) -> tuple[dict[Address, int], dict[str, int]]:
    """Write a world, one transaction for two resources; return keys, and stamps by id."""
    stamps: dict[str, int] = {}
    everybody = (*worlds.PATIENTS, *worlds.ORGANIZATIONS)
    for place in range(0, len(world.drafts), 2):
        with store.transaction(now=NOW, durable=False) as transaction:
            drafts = world.drafts[place : place + 2]
            builders.write(transaction, *drafts)
            stamps |= {draft.id: transaction.stamp for draft in drafts}
    with store.transaction(now=NOW, durable=False) as transaction:
        keys = transaction.keys({*everybody, *(("Encounter", id_) for id_ in stamps)})
        rows = worlds.consent_rows(world, keys, ENCOUNTER)
        for patient in worlds.PATIENTS:
            owner = keys[patient]
            transaction.replace_rules(owner, [row for row in rows if row.owner == owner])
    return keys, stamps


@examples
@given(
    world=worlds.worlds(),
    requester=worlds.requesters(),
    queries=st.lists(
        st.tuples(worlds.expressions(), worlds.sorts(), st.integers(1, 4)), min_size=1, max_size=6
    ),
)
def test_search_finds_what_matches_and_nothing_else(
    database: Database,
    store: ResourceStore,
    world: World,
    requester: Requester,
    queries: list[tuple[Expression, tuple[SortKey, ...], int]],
) -> None:
    emptied(database)
    keys, stamps = settled(store, world)
    permits = requester.permits(keys)
    rules = worlds.consent_rows(world, keys, ENCOUNTER)
    seen = worlds.Neighbours(
        tuple(
            worlds.candidate(draft, world, keys, rules, stamps[draft.id]) for draft in world.drafts
        )
    )

    for where, sort, count in queries:
        found = [each for each in seen.all if worlds.meant(where, permits, each, seen)]
        numbered = [(candidate, keys["Encounter", candidate.id]) for candidate in found]
        confining = neighbours.confined(where, lambda _: permits)
        query = Query(
            type="Encounter", where=confining, sort=sort, count=count, total=Total.ACCURATE
        )
        asked = confined(query, permits)
        assert found_ids(store, asked) == worlds.in_order(numbered, sort)
        assert store.search(asked).total == len(found)


@examples
@given(before=worlds.worlds(), after=worlds.worlds())
def test_updates_leave_the_rows_of_the_last_version_only(
    database: Database, store: ResourceStore, before: World, after: World
) -> None:
    emptied(database)
    settled(store, before)
    settled(store, after)
    changed = derived(database)

    emptied(database)
    kept = {draft.id for draft in after.drafts}
    old = tuple(draft for draft in before.drafts if draft.id not in kept)
    settled(store, World(drafts=(*after.drafts, *old), rules=after.rules))

    assert changed == derived(database)


def derived(database: Database) -> dict[str, set[tuple[object, ...]]]:
    """Return the derived rows, with addresses in the place of keys."""
    with database.connect() as connection:
        keys = metadata.tables["resource_key"]
        names = {row.rid: (row.type_id, row.fhir_id) for row in connection.execute(keys.select())}
        return {
            table.name: {
                tuple(
                    names.get(value, value)
                    if name in {"rid", "owner", "target", "patient", "organization", "custodian_id"}
                    else value
                    for name, value in row._mapping.items()
                )
                for row in connection.execute(table.select())
            }
            for table in metadata.sorted_tables
            if "key" in table.info
        }


def test_deletion_leaves_no_derived_row(database: Database, store: ResourceStore) -> None:
    draft = Draft(
        id="e1",
        indexed=Indexed(tokens=(builders.token("a"),), dates=(builders.date(1, 2),)),
        patients=(("Patient", "bob"),),
    )
    builders.put(store, draft)

    builders.delete(store, "Encounter", "e1")

    assert not any(derived(database).values())

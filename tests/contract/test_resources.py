"""Reads, writes and histories of the resource store."""

from dataclasses import replace

import pytest

from fhir_server.fhir.outcome import CollisionError, ReplayedError, StaleError
from fhir_server.search.confined import ConfinedRead
from fhir_server.search.expression import (
    And,
    Comparison,
    ConsentPermits,
    DateIn,
    Everything,
    Nothing,
    RefersTo,
    StringStarts,
    TokenIs,
)
from fhir_server.search.indexed import Indexed
from fhir_server.search.labels import TREATING, ConsentRow
from fhir_server.search.query import HistoryQuery, Include, Query, SortKey, Summary, Total
from fhir_server.storage.engine import Database
from fhir_server.storage.resources import ResourceStore
from fhir_server.storage.rows import Address, Receipt
from tests import builders
from tests.builders import (
    CLASS,
    DATE,
    NAME,
    NOW,
    PROVIDER,
    SUBJECT,
    Draft,
    confined,
    confined_history,
    delete,
    found_ids,
    put,
    read,
)


@pytest.fixture
def store(database: Database) -> ResourceStore:
    return ResourceStore(database)


def test_resource_is_read_as_it_was_written(store: ResourceStore) -> None:
    stamp, keys = put(store, Draft(id="e1", body=b'{"id":"e1"}'))

    found = read(store, "Encounter", "e1")

    assert found is not None
    assert found.body == b'{"id":"e1"}'
    assert (found.version, found.last_updated, found.method) == (1, stamp, "POST")
    assert found.owner == keys["Patient", "ann"]
    assert read(store, "Encounter", "e2") is None
    assert read(store, "Patient", "ann") is None


def test_own_form_is_for_the_custodian(store: ResourceStore) -> None:
    _, keys = put(store, Draft(id="e1", body=b"{}", body_own=b'{"force":1}'))
    own = frozenset({keys["Organization", "mct"]})

    asked = ConfinedRead(type="Encounter", id="e1", permits=Everything(), own=own)

    assert store.read(asked).body == b'{"force":1}'  # type: ignore[union-attr]
    assert read(store, "Encounter", "e1").body == b"{}"  # type: ignore[union-attr]


def test_versions_are_kept_and_read(store: ResourceStore) -> None:
    put(store, Draft(id="e1", body=b"1"))
    put(store, Draft(id="e1", body=b"2"))
    delete(store, "Encounter", "e1")

    versions = [read(store, "Encounter", "e1", version) for version in (1, 2, 3, 4)]

    assert [found and found.body for found in versions] == [b"1", b"2", None, None]
    assert [found and found.deleted for found in versions] == [False, False, True, None]
    assert read(store, "Encounter", "e1").deleted  # type: ignore[union-attr]


def test_stamps_rise_even_when_the_clock_does_not(store: ResourceStore) -> None:
    first, _ = put(store, Draft(id="e1"), now=NOW)
    second, _ = put(store, Draft(id="e2"), now=NOW - 5)

    assert first == NOW
    assert second == NOW + 1


def test_history_is_newest_first_and_paged(store: ResourceStore) -> None:
    put(store, Draft(id="e1"), Draft(id="e2"))
    put(store, Draft(id="e1"))
    delete(store, "Encounter", "e2")

    asked = confined_history(HistoryQuery(type="Encounter", count=1))
    seen = []
    while True:
        page = store.history(asked)
        assert page is not None
        seen += [(row.id, row.version, row.method) for row in page.versions]
        if page.after is None:
            break
        asked = replace(asked, history=replace(asked.history, after=page.after))

    assert seen == [
        ("e2", 2, "DELETE"),
        ("e1", 2, "PUT"),
        ("e2", 1, "POST"),
        ("e1", 1, "POST"),
    ]


def test_instance_history_of_what_is_withheld_is_none(store: ResourceStore) -> None:
    put(store, Draft(id="e1"))

    asked = HistoryQuery(type="Encounter", id="e1")

    assert store.history(confined_history(asked, Nothing())) is None
    assert len(store.history(confined_history(asked)).versions) == 1  # type: ignore[union-attr]
    assert store.history(confined_history(replace(asked, id="e9"))) is None


def test_history_since_is_inclusive(store: ResourceStore) -> None:
    put(store, Draft(id="e1"))
    stamp, _ = put(store, Draft(id="e1"))

    page = store.history(confined_history(HistoryQuery(type="Encounter", since=stamp)))

    assert [row.version for row in page.versions] == [2]  # type: ignore[union-attr]


def test_second_version_of_a_number_collides(store: ResourceStore) -> None:
    put(store, Draft(id="e1"))

    def write_the_second_version_twice() -> None:
        with store.transaction(now=NOW) as transaction:
            keys = builders.write(transaction, Draft(id="e1"))
            transaction.write([builders._version(Draft(id="e1"), keys, 2)])

    with pytest.raises(CollisionError):
        write_the_second_version_twice()
    assert read(store, "Encounter", "e1").version == 1  # type: ignore[union-attr]


def test_receipt_is_taken_once(store: ResourceStore) -> None:
    with store.transaction(now=NOW) as transaction:
        transaction.receipt(Receipt(key="mct|cad|1", result=b"first"))

    with pytest.raises(ReplayedError) as replayed, store.transaction(now=NOW) as transaction:
        transaction.receipt(Receipt(key="mct|cad|1", result=b"second"))

    assert replayed.value.result == b"first"


def test_older_record_version_is_stale(store: ResourceStore) -> None:
    def take(message: str, version: int) -> None:
        with store.transaction(now=NOW) as transaction:
            transaction.receipt(
                Receipt(key=message, result=b"", record="mct|e|7", record_version=version)
            )

    take("1", 2)
    with pytest.raises(StaleError):
        take("2", 1)
    with pytest.raises(StaleError):
        take("3", 2)
    take("4", 3)


def test_consents_of_a_patient_are_those_on_file_and_of_the_deleted(
    store: ResourceStore,
) -> None:
    _, keys = put(
        store,
        Draft(type="Consent", id="c1", body=b"1"),
        Draft(type="Consent", id="c2", body=b"2"),
        Draft(type="Consent", id="c3", owner=("Patient", "bob")),
        Draft(type="Consent", id="c4", owner=("Patient", "bob"), patients=(("Patient", "ann"),)),
        Draft(id="e1"),
    )
    delete(store, "Consent", "c2")

    with store.transaction(now=NOW) as transaction:
        found = transaction.consents_of(keys["Patient", "ann"])

    told = {one.key: (one.deleted, one.body) for one in found}
    assert set(told) == {keys["Consent", id_] for id_ in ("c1", "c2", "c4")}
    assert told[keys["Consent", "c1"]] == (False, b"1")
    assert told[keys["Consent", "c2"]] == (True, b"2")
    assert found[0].custodian == keys["Organization", "mct"]


def treats(organization: str, patient: str) -> tuple[Address, Address, int, int, bool]:
    return ("Patient", patient), ("Organization", organization), 0, NOW * 2, False


def encounter(id_: str, *, day: int = 0, code: str = "mct", patient: str = "ann") -> Draft:
    return Draft(
        id=id_,
        owner=("Patient", patient),
        indexed=Indexed(
            tokens=(builders.token(code),),
            dates=(builders.date(day * 10, day * 10 + 3),),
            references=(
                builders.reference("Patient", patient),
                builders.reference("Organization", "mct", PROVIDER),
            ),
        ),
    )


def test_search_by_patient_date_and_token_sorted(store: ResourceStore) -> None:
    put(store, *(encounter(f"e{day}", day=day) for day in range(9)))
    put(store, encounter("other", day=4, patient="bob"), encounter("ed", day=4, code="ed"))
    where = And(
        operands=(
            RefersTo(parameter=SUBJECT, type="Patient", id="ann"),
            DateIn(parameter=DATE, comparison=Comparison.GE, lo=20, hi=21),
            TokenIs(parameter=CLASS, system=None, code="mct"),
        )
    )
    query = Query(
        type="Encounter",
        where=where,
        sort=(SortKey(parameter=DATE, descending=True),),
        count=3,
        total=Total.ACCURATE,
    )

    page = store.search(confined(query))

    assert [row.id for row in page.matches] == ["e8", "e7", "e6"]
    assert page.total == 7
    assert found_ids(store, confined(query)) == ["e8", "e7", "e6", "e5", "e4", "e3", "e2"]


def test_population_search_walks_all_pages(store: ResourceStore) -> None:
    put(store, *(encounter(f"e{day}", day=day % 5, patient=f"p{day}") for day in range(20)))
    query = Query(
        type="Encounter",
        where=DateIn(parameter=DATE, comparison=Comparison.LT, lo=30, hi=31),
        sort=(SortKey(parameter=DATE),),
        count=4,
    )

    found = found_ids(store, confined(query))

    assert [int(id_[1:]) % 5 for id_ in found] == [0] * 4 + [1] * 4 + [2] * 4
    assert len(set(found)) == 12


def test_what_has_no_sort_value_comes_last(store: ResourceStore) -> None:
    put(store, encounter("e1", day=1), Draft(id="none"), encounter("e2", day=2))

    for descending, expected in ((False, ["e1", "e2", "none"]), (True, ["e2", "e1", "none"])):
        query = Query(
            type="Encounter", sort=(SortKey(parameter=DATE, descending=descending),), count=1
        )
        assert found_ids(store, confined(query)) == expected


def test_string_search_and_sort(store: ResourceStore) -> None:
    put(
        store,
        *(
            Draft(id=name, indexed=Indexed(strings=(builders.string(name),)))
            for name in ("Chalmers", "Chal", "Adams")
        ),
    )
    query = Query(
        type="Encounter",
        where=StringStarts(parameter=NAME, prefix="chal"),
        sort=(SortKey(parameter=NAME),),
        count=1,
    )

    assert found_ids(store, confined(query)) == ["Chal", "Chalmers"]
    assert found_ids(store, confined(replace(query, where=Everything()))) == [
        "Adams",
        "Chal",
        "Chalmers",
    ]


def test_count_only(store: ResourceStore) -> None:
    put(store, *(encounter(f"e{day}", day=day) for day in range(9)))

    page = store.search(confined(Query(type="Encounter", summary=Summary.COUNT)))

    assert page.matches == ()
    assert page.total == 9


def test_include_is_confined_by_its_own_permission(store: ResourceStore) -> None:
    put(
        store,
        encounter("e1"),
        Draft(type="Patient", id="ann"),
        Draft(type="Organization", id="mct", owner=None),
    )
    asked = confined(
        Query(type="Encounter", includes=(Include(parameter=SUBJECT), Include(parameter=PROVIDER)))
    )

    both = store.search(
        replace(asked, include_permits={"Patient": Everything(), "Organization": Everything()})
    )
    one = store.search(
        replace(asked, include_permits={"Patient": Nothing(), "Organization": Everything()})
    )

    assert {row.type for row in both.includes} == {"Patient", "Organization"}
    assert {row.type for row in one.includes} == {"Organization"}


def test_shared_resource_needs_every_patient(store: ResourceStore) -> None:
    _, keys = put(
        store,
        replace(
            encounter("mine"),
            relations=((("Patient", "ann"), ("Organization", "ehr"), 0, NOW * 2, False),),
        ),
        replace(encounter("ours"), patients=(("Patient", "bob"),)),
    )
    permits = ConsentPermits(
        own=frozenset(),
        actors=frozenset({keys["Organization", "ehr"]}),
        purpose=1,
        at=NOW,
        matrix=0,
        matrix_treating=1,
        absolute=0,
        own_withheld=0,
    )

    assert found_ids(store, confined(Query(type="Encounter"), permits)) == ["mine"]


def test_treating_one_patient_of_a_shared_resource_is_not_treating_the_other(
    store: ResourceStore,
) -> None:
    _, keys = put(
        store,
        replace(encounter("ours"), patients=(("Patient", "bob"),)),
        replace(encounter("theirs"), patients=(("Patient", "cy"),)),
        replace(encounter("own"), relations=(treats("ehr", "ann"), treats("ehr", "cy"))),
    )
    with store.transaction(now=NOW) as transaction:
        for patient in ("bob", "cy"):
            owner = keys["Patient", patient]
            rule = ConsentRow(owner=owner, deny=False, actor=TREATING, cover_mask=1, node=1)
            transaction.replace_rules(owner, [rule])
    permits = ConsentPermits(
        own=frozenset(),
        actors=frozenset({keys["Organization", "ehr"]}),
        purpose=1,
        at=NOW,
        matrix=0,
        matrix_treating=1,
        absolute=0,
        own_withheld=0,
    )

    assert set(found_ids(store, confined(Query(type="Encounter"), permits))) == {"theirs", "own"}

"""What holds of every query, resource and expression."""

from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.definitions import load
from fhir_server.fhir.resource import Json
from fhir_server.search.candidate import Candidate
from fhir_server.search.expression import (
    And,
    Everything,
    Expression,
    IdIs,
    Not,
    Nothing,
    Or,
    all_of,
    any_of,
)
from fhir_server.search.extract import extract
from fhir_server.search.indexed import Indexed
from fhir_server.search.matches import matches
from fhir_server.search.parse import parse
from fhir_server.search.query import Query

T = TypeVar("T")
DEFINITIONS = load()
BASE = "http://here/fhir"
CODES = st.sampled_from(["a", "B", "c,d", "e|f", ""])
DATES = st.sampled_from(["2026", "2026-03", "2026-03-04", "2026-03-04T10:00:00+02:00"])
REFERENCES = st.sampled_from(["Patient/1", f"{BASE}/Patient/1", "Group/2", "#c", "http://x/y"])


def element(**members: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=members)


def some(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[list[T]]:
    return st.lists(strategy, min_size=1, max_size=3)


CODING = element(system=CODES, code=CODES)
CONCEPT = element(coding=some(CODING), text=CODES)
REFERENCE = element(reference=REFERENCES, type=st.just("Patient"))
PERIOD = element(start=DATES, end=DATES)
ENCOUNTERS = element(
    id=st.just("1"),
    meta=element(tag=some(CODING), security=some(CODING), profile=some(CODES)),
    identifier=some(element(system=CODES, value=CODES)),
    status=st.sampled_from(["finished", "planned"]),
    type=some(CONCEPT),
    subject=REFERENCE,
    participant=some(element(type=some(CONCEPT), individual=REFERENCE, period=PERIOD)),
    period=PERIOD,
    length=element(value=st.integers(0, 9), unit=CODES, comparator=st.sampled_from("<>")),
    location=some(element(location=REFERENCE, period=PERIOD)),
    **{"class": CODING},
).map(lambda members: {"resourceType": "Encounter", **members})

PAIRS = st.sampled_from(
    [
        ("status", "finished,planned"),
        ("class", r"c\,d"),
        ("type", "B|"),
        ("identifier", r"|e\|f"),
        ("date", "ge2026-03"),
        ("date", "ap2025"),
        ("patient", "1"),
        ("subject:Group", "2"),
        ("subject", "Patient/1,http://x/y"),
        ("_id", "1,2"),
        ("_lastUpdated", "lt2026"),
        ("_count", "7"),
        ("_count", "1000"),
        ("_count", "0"),
        ("_sort", "-date,_id"),
        ("_include", "Encounter:subject"),
        ("_summary", "count"),
        ("_total", "accurate"),
        ("_format", "json"),
        ("nonsense", "1"),
        ("date", "soon"),
        ("status", ""),
    ]
)


def read(pairs: list[tuple[str, str]], *, lenient: bool) -> Query:
    return parse(
        "Encounter",
        pairs,
        DEFINITIONS,
        base=BASE,
        lenient=lenient,
        default_count=20,
        max_count=50,
        at=0,
    )


def candidate(indexed: Indexed, logical_id: str = "1") -> Candidate:
    return Candidate(
        type="Encounter",
        type_id=DEFINITIONS.type_id("Encounter"),
        id=logical_id,
        owner=1,
        custodian=1,
        labels=1,
        last_updated=0,
        indexed=indexed,
    )


def shuffled(value: Json, random: st.DataObject) -> Json:
    if isinstance(value, list):
        return [shuffled(item, random) for item in value]
    if isinstance(value, dict):
        names = random.draw(st.permutations(list(value)))
        return {name: shuffled(value[name], random) for name in names}
    return value


@given(st.lists(PAIRS))
def test_what_was_applied_reads_as_the_same_query(pairs: list[tuple[str, str]]) -> None:
    query = read(pairs, lenient=True)

    assert read(list(query.applied), lenient=False) == query


@given(ENCOUNTERS)
def test_no_value_stands_twice(resource: Json) -> None:
    indexed = extract(resource, DEFINITIONS, BASE)

    for group in Indexed.__slots__:
        values = getattr(indexed, group)
        assert len(values) == len(set(values))


@given(ENCOUNTERS, st.data())
def test_order_of_the_keys_does_not_matter(resource: Json, data: st.DataObject) -> None:
    other = shuffled(resource, data)

    assert extract(other, DEFINITIONS, BASE) == extract(resource, DEFINITIONS, BASE)


@given(ENCOUNTERS, st.lists(PAIRS))
def test_repetition_narrows_and_matches_is_the_conjunction(
    resource: Json, pairs: list[tuple[str, str]]
) -> None:
    found = candidate(extract(resource, DEFINITIONS, BASE))
    single = [read([pair], lenient=True).where for pair in pairs]

    together = read(pairs, lenient=True).where

    assert matches(together, found) == all(matches(where, found) for where in single)


LEAVES: st.SearchStrategy[Expression] = st.sampled_from(
    [Everything(), Nothing(), IdIs(ids=("1",)), IdIs(ids=("2",)), IdIs(ids=("1", "2"))]
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, operand=inner),
        st.builds(And, operands=st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, operands=st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@given(st.lists(TREES, max_size=4), st.sampled_from(["1", "2", "3"]))
def test_logic_is_that_of_sets(trees: list[Expression], logical_id: str) -> None:
    found = candidate(Indexed(), logical_id)
    truths = [matches(tree, found) for tree in trees]

    assert matches(And(operands=tuple(trees)), found) == all(truths)
    assert matches(Or(operands=tuple(trees)), found) == any(truths)
    assert matches(all_of(*trees), found) == all(truths)
    assert matches(any_of(*trees), found) == any(truths)
    neither = And(operands=tuple(Not(operand=tree) for tree in trees))
    assert matches(Not(operand=Or(operands=tuple(trees))), found) == matches(neither, found)

"""Searches for AuditEvents as looks into the log."""

import pytest

from fhir_server.access.audit_search import audit_query, one, patient_in
from fhir_server.fhir import dates, definitions
from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.search.expression import Comparison, UpdatedIn
from fhir_server.search.parse import parse
from fhir_server.search.query import Query
from fhir_server.storage.audit_log import AuditQuery

DAY = dates.parse("2026-03-04")
MCT, ANA = 3, 7


def query(*pairs: tuple[str, str]) -> Query:
    return parse(
        "AuditEvent",
        pairs,
        definitions.load(),
        base="http://fhir.example/fhir",
        lenient=False,
        default_count=20,
        max_count=100,
        at=0,
    )


def asked(*pairs: tuple[str, str], patient: int | None = ANA) -> AuditQuery:
    return audit_query(query(*pairs), MCT, patient)


def test_it_is_confined_to_the_agency() -> None:
    assert asked() == AuditQuery(custodians=frozenset({MCT}), count=20)


def test_its_parameters() -> None:
    found = asked(
        ("patient", "ana"), ("altid", "ed-client"), ("entity", "Encounter/1"), ("_id", "12")
    )

    assert (found.patient, found.client_id, found.id) == (ANA, "ed-client", 12)
    assert (found.type, found.entity_id) == ("Encounter", "1")
    assert patient_in(query(("altid", "x"), ("patient", "ana"))) == "ana"
    assert patient_in(query()) is None


def test_an_unknown_patient_is_in_no_row() -> None:
    assert asked(("patient", "x"), patient=None).patient == -1


@pytest.mark.parametrize(
    ("prefix", "since", "until"),
    [
        ("", DAY.lo, DAY.hi),
        ("ge", DAY.lo, None),
        ("gt", DAY.hi, None),
        ("sa", DAY.hi, None),
        ("le", None, DAY.hi),
        ("lt", None, DAY.lo),
        ("eb", None, DAY.lo),
    ],
)
def test_dates_bound_it(prefix: str, since: int | None, until: int | None) -> None:
    for name in ("date", "_lastUpdated"):
        found = asked((name, f"{prefix}2026-03-04"))

        assert (found.since, found.until) == (since, until)


def test_several_dates_narrow_it() -> None:
    found = asked(("date", "ge2026-03-04"), ("date", "ge2026-03-03"), ("date", "le2026-03-04"))
    other = asked(("date", "le2026-03-04"), ("date", "lt2026-03-04"), ("date", "2026-03-04"))

    assert (found.since, found.until) == (DAY.lo, DAY.hi)
    assert (other.since, other.until) == (DAY.lo, DAY.lo)


def test_pages_go_on_after_the_last_row() -> None:
    following = Query(type="AuditEvent", after=(5, 6))

    assert audit_query(following, MCT, None).after == (5, 6)


@pytest.mark.parametrize(
    "pair",
    [
        ("agent", "Organization/1"),
        ("outcome", "0"),
        ("patient", "1,2"),
        ("entity", "http://elsewhere.example/x"),
        ("altid", "urn:x|"),
        ("_id", "1,2"),
        ("date", "ne2026-03-04"),
        ("_sort", "date"),
        ("_sort", "-action"),
        ("_sort", "_id"),
        ("_include", "AuditEvent:agent"),
    ],
)
def test_anything_else_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(InvalidSearchError):
        asked(pair)


def test_newest_first_may_be_said() -> None:
    assert asked(("_sort", "-date")) == asked(("_sort", "-_lastUpdated")) == asked()


def test_an_approximate_date_is_its_interval() -> None:
    where = UpdatedIn(comparison=Comparison.AP, lo=1, hi=2)

    found = audit_query(Query(type="AuditEvent", where=where), MCT, None)

    assert (found.since, found.until) == (1, 2)


@pytest.mark.parametrize("id_", ["", "x", "-1", "٣", "9" * 30])
def test_no_row_has_the_number_of_what_is_none(id_: str) -> None:
    assert one(MCT, id_).id == -1

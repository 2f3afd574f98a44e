"""https://hl7.org/fhir/R4/search.html : a query string, read."""

import pytest

from fhir_server.fhir.dates import parse as parse_date
from fhir_server.fhir.definitions import load
from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.search.expression import (
    And,
    Comparison,
    DateIn,
    Everything,
    IdIs,
    Or,
    RefersTo,
    StringStarts,
    TokenIs,
    UpdatedIn,
)
from fhir_server.search.parameters import parameters
from fhir_server.search.parse import parse
from fhir_server.search.query import Include, Query, SortKey, Summary, Total

DEFINITIONS = load()
BASE = "http://here/fhir"
AT = parse_date("2026-06-15T12:00:00Z").lo
ENCOUNTER = parameters(DEFINITIONS, "Encounter")
PATIENT = parameters(DEFINITIONS, "Patient")


def query(type_name: str, *pairs: tuple[str, str], lenient: bool = False) -> Query:
    return parse(
        type_name,
        pairs,
        DEFINITIONS,
        base=BASE,
        lenient=lenient,
        default_count=20,
        max_count=100,
        at=AT,
    )


def test_nothing_asked_for_is_everything() -> None:
    assert query("Encounter") == Query(type="Encounter", where=Everything(), count=20)


def test_repetition_means_and_comma_means_or() -> None:
    found = query("Encounter", ("status", "finished,planned"), ("class", r"a\,b"))

    status, klass = ENCOUNTER["status"], ENCOUNTER["class"]
    finished = TokenIs(parameter=status, system=None, code="finished")
    planned = TokenIs(parameter=status, system=None, code="planned")
    other = TokenIs(parameter=klass, system=None, code="a,b")
    assert found.where == And(operands=(Or(operands=(finished, planned)), other))
    assert found.applied == (("status", "finished,planned"), ("class", r"a\,b"))


def test_date_with_prefix() -> None:
    march = parse_date("2026-03")

    assert query("Encounter", ("date", "ge2026-03")).where == DateIn(
        parameter=ENCOUNTER["date"], comparison=Comparison.GE, lo=march.lo, hi=march.hi
    )


def test_string_is_normalised() -> None:
    assert query("Patient", ("family", " Müller ")).where == StringStarts(
        parameter=PATIENT["family"], prefix="muller"
    )


def test_columns_of_the_resource_have_nodes_of_their_own() -> None:
    day = parse_date("2026-03-04")

    assert query("Patient", ("_id", "a,b,a")).where == IdIs(ids=("a", "b"))
    assert query("Patient", ("_lastUpdated", "gt2026-03-04")).where == UpdatedIn(
        comparison=Comparison.GT, lo=day.lo, hi=day.hi
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("patient", "9"),
        ("patient", "Patient/9"),
        ("patient", f"{BASE}/Patient/9"),
        ("patient", "Patient/9/_history/3"),
        ("patient:Patient", "9"),
    ],
)
def test_local_reference_in_all_its_forms(name: str, value: str) -> None:
    assert query("Encounter", (name, value)).where == RefersTo(
        parameter=ENCOUNTER["patient"], type="Patient", id="9"
    )


def test_bare_id_may_be_of_each_target_type() -> None:
    subject = ENCOUNTER["subject"]

    assert query("Encounter", ("subject", "9")).where == Or(
        operands=(
            RefersTo(parameter=subject, type="Group", id="9"),
            RefersTo(parameter=subject, type="Patient", id="9"),
        )
    )
    assert query("Encounter", ("subject:Group", "9")).where == RefersTo(
        parameter=subject, type="Group", id="9"
    )


def test_reference_elsewhere_goes_by_its_url() -> None:
    url = "http://elsewhere/fhir/Patient/9"

    assert query("Encounter", ("subject", url)).where == RefersTo(
        parameter=ENCOUNTER["subject"], url=url
    )


@pytest.mark.parametrize(
    ("type_name", "name", "value", "said"),
    [
        ("Encounter", "nonsense", "1", "`nonsense` is no search parameter of `Encounter`"),
        ("Encounter", "status", "", "`status` has an empty value"),
        ("Encounter", "status", "a,,b", "`status` has an empty value"),
        ("Encounter", "status", "a\0", "NUL"),
        ("Encounter", "status", "a|b|c", "is not a token for `status`"),
        ("Encounter", "status:not", "a", "modifier `:not` in `status:not` is not supported"),
        ("Encounter", "_id:missing", "true", "modifier `:missing`"),
        ("Encounter", "_id", "a b", "is no logical id"),
        ("Encounter", "_lastUpdated:exact", "2026", "modifier `:exact`"),
        ("Encounter", "_lastUpdated", "soon", "is not a date for `_lastUpdated`"),
        ("Encounter", "date", "soon", "is not a date for `date`"),
        ("Encounter", "patient", "Group/1", "`patient` does not refer to `Group`"),
        ("Encounter", "patient", "Nonsense/1", "is not a reference for `patient`"),
        ("Encounter", "patient", "#p", "is not a reference for `patient`"),
        ("Encounter", "patient", "a b", "is not a reference for `patient`"),
        ("Encounter", "patient:Group", "1", "`patient` does not refer to `Group`"),
        ("Encounter", "subject:Group", "Patient/1", "is not a reference for `subject`"),
        ("Encounter", "subject:identifier", "1", "modifier `:identifier`"),
        ("Encounter", "subject:Patient.name", "x", "chains are not supported"),
        ("Encounter", "_has:Observation:encounter:code", "x", "chains are not supported"),
        ("Encounter", "length", "gt5", "of type `quantity` cannot be searched by"),
        ("Provenance", "target", "1", "`target` can refer to resources of many types"),
        ("Patient", "phonetic", "jon", "no phonetic algorithm"),
        ("Patient", "name", "\u0301", "`name` has no letter to search for"),
        ("Encounter", "_count", "-1", "no whole number"),
        ("Encounter", "_count", "ten", "no whole number"),
        ("Encounter", "_total", "some", "none of `none`, `estimate`, `accurate`"),
        ("Encounter", "_summary", "text", "`_summary=text` is not supported"),
        ("Encounter", "_sort", "nonsense", "`nonsense` is no search parameter"),
        ("Encounter", "_sort", "status", "`_sort` by `status` is not supported"),
        ("Encounter", "_sort:desc", "date", "`_sort:desc` is not supported"),
        ("Encounter", "_include", "*", "`_include=*` is not of the form"),
        ("Encounter", "_include", "Patient:link", "is not of the form `Encounter:parameter`"),
        ("Encounter", "_include", "Encounter:a:b:c", "is not of the form"),
        ("Encounter", "_include", "Encounter:status", "it is no reference"),
        ("Encounter", "_include", "Encounter:patient:Group", "does not refer to `Group`"),
        ("Encounter", "_include:iterate", "Encounter:patient", "is not supported yet"),
        ("Encounter", "_revinclude", "Observation:encounter", "is not supported yet"),
        ("Encounter", "_elements", "status", "is not supported yet"),
        ("Encounter", "_content", "x", "is not supported yet"),
    ],
)
def test_what_is_refused_is_named(type_name: str, name: str, value: str, said: str) -> None:
    with pytest.raises(InvalidSearchError) as refused:
        query(type_name, (name, value))

    (issue,) = refused.value.issues
    assert said in issue.diagnostics
    assert (issue.expression or "") in {name, name.partition(":")[0]}
    assert query(type_name, (name, value), lenient=True) == query(type_name)


def test_lenient_search_applies_what_it_understands() -> None:
    found = query("Encounter", ("nonsense", "1"), ("status", "finished"), lenient=True)

    assert found == query("Encounter", ("status", "finished"))


def test_result_parameters_may_stand_once() -> None:
    with pytest.raises(InvalidSearchError, match="`_count` can be given only once"):
        query("Encounter", ("_count", "1"), ("_count", "2"))


def test_count_is_cut_to_the_most_and_the_self_link_says_so() -> None:
    found = query("Encounter", ("_count", "99999999999999"))

    assert found.count == 100
    assert found.applied == (("_count", "100"),)


def test_sort_by_dates_strings_and_columns() -> None:
    found = query("Patient", ("_sort", "-birthdate,family,_lastUpdated,-_id"))

    assert found.sort == (
        SortKey(parameter=PATIENT["birthdate"], descending=True),
        SortKey(parameter=PATIENT["family"]),
        SortKey(),
        SortKey(by_id=True, descending=True),
    )


def test_includes_of_the_type_searched_for() -> None:
    found = query(
        "Encounter",
        ("_include", "Encounter:episode-of-care"),
        ("_include", "Encounter:subject:Patient"),
        ("_include", "Encounter:episode-of-care"),
    )

    assert found.includes == (
        Include(parameter=ENCOUNTER["episode-of-care"]),
        Include(parameter=ENCOUNTER["subject"], target="Patient"),
    )


@pytest.mark.parametrize("pair", [("_summary", "count"), ("_count", "0")])
def test_count_alone_asks_for_the_exact_total(pair: tuple[str, str]) -> None:
    found = query("Encounter", pair, ("_sort", "date"), ("_total", "none"))

    assert (found.summary, found.total, found.count) == (Summary.COUNT, Total.ACCURATE, 0)
    assert found.sort == ()


def test_total_and_summary_are_read() -> None:
    found = query("Encounter", ("_total", "accurate"), ("_summary", "false"))

    assert (found.total, found.summary, found.count) == (Total.ACCURATE, Summary.FALSE, 20)


def test_form_of_the_response_is_not_part_of_the_search() -> None:
    assert query("Encounter", ("_format", "json"), ("_pretty", "true")) == query("Encounter")

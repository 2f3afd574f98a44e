"""https://hl7.org/fhir/R4/search.html : a query string, read."""

import pytest

from fhir_server.fhir.dates import parse as parse_date
from fhir_server.fhir.definitions import load
from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.search.expression import (
    And,
    Chain,
    Comparison,
    CompositeIs,
    DateIn,
    Everything,
    Expression,
    HasValue,
    IdIs,
    Not,
    Nothing,
    NumberIn,
    Or,
    QuantityIn,
    Referrer,
    RefersTo,
    StringStarts,
    TokenIs,
    UpdatedIn,
    UriIs,
)
from fhir_server.search.parameters import parameters
from fhir_server.search.params.quantity import BASE_UNITS
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
        ("Encounter", "status:exact", "a", "modifier `:exact` in `status:exact` is not supported"),
        ("Encounter", "_id:exact", "1", "modifier `:exact`"),
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
        ("Encounter", "status:missing", "maybe", "must be `true` or `false`"),
        ("Encounter", "status:in", "http://vs", "cannot be listed here"),
        ("Encounter", "status:below", "http://cs|x", "is not known here"),
        ("Encounter", "identifier:of-type", "a|b", "is not of the form `system|code|value`"),
        ("Encounter", "status.name", "x", "`status` of `Encounter` is no reference"),
        ("Encounter", "subject:Device.name", "x", "`subject` does not refer to `Device`"),
        ("Encounter", "subject.nonsense", "x", "has a parameter `nonsense`"),
        ("Encounter", "subject:Patient.nonsense", "x", "`nonsense` is no search parameter"),
        ("Encounter", "_has:Observation:encounter", "x", "is not of the form `_has:Type"),
        ("Encounter", "_has:Observation:device:code", "x", "does not refer to `Encounter`"),
        ("Observation", "focus.code", "x", "write `focus:Type.code`"),
        ("Encounter", "part-of." * 9 + "status", "a", "as far as a chain may go"),
        ("Encounter", "length", "gtx", "is not a number for `length`"),
        ("Encounter", "length", "5|mg", "is not a quantity for `length`"),
        ("Observation", "code-value-quantity", "a", "must have 2 values"),
        ("ValueSet", "url:below", "urn:oid:1.2", "is for URLs"),
        ("Encounter", "_list", "$current", "is no logical id"),
        ("Provenance", "target", "1", "`target` can refer to resources of many types"),
        ("Patient", "phonetic", "jon", "no phonetic algorithm"),
        ("Patient", "name", "\u0301", "`name` has no letter to search for"),
        ("Encounter", "_count", "-1", "no whole number"),
        ("Encounter", "_count", "ten", "no whole number"),
        ("Encounter", "_total", "some", "none of `none`, `estimate`, `accurate`"),
        ("Encounter", "_summary", "some", "`_summary=some` is none of"),
        ("Encounter", "_sort", "nonsense", "`nonsense` is no search parameter"),
        ("Observation", "_sort", "code-value-date", "`_sort` by `code-value-date` is not possible"),
        ("Encounter", "_sort:desc", "date", "modifier `:desc` of `_sort` is not supported"),
        ("Encounter", "_include", "Nonsense:*", "`_include=Nonsense:*` is not of the form"),
        ("Encounter", "_include", "Patient:link", "is of another type than `Encounter`"),
        ("Encounter", "_include", "Encounter:a:b:c", "is not of the form"),
        ("Encounter", "_include", "Encounter:status", "is no reference"),
        ("Encounter", "_include", "Encounter:patient:Group", "does not refer to `Group`"),
        ("Encounter", "_include:often", "Encounter:patient", "modifier `:often` of `_include`"),
        ("Encounter", "_revinclude", "Observation:device", "does not refer to `Encounter`"),
        ("Encounter", "_elements", "nonsense", "`nonsense` is no element of `Encounter`"),
        ("Encounter", "_content", "x", "is not supported here"),
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
        Include(parameter=ENCOUNTER["episode-of-care"], source="Encounter"),
        Include(parameter=ENCOUNTER["subject"], source="Encounter", target="Patient"),
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


def where(type_name: str, name: str, text: str) -> Expression:
    return query(type_name, (name, text)).where


def test_chains_and_has_mix_to_any_depth() -> None:
    observation = parameters(DEFINITIONS, "Observation")
    code = TokenIs(parameter=observation["code"], system=None, code="a")

    found = where("Encounter", "subject:Patient._has:Observation:patient:code", "a")

    assert found == Chain(
        parameter=ENCOUNTER["subject"],
        type="Patient",
        where=Referrer(parameter=observation["patient"], type="Patient", where=code),
    )


def test_a_chain_goes_to_each_type_that_has_the_parameter() -> None:
    found = where("Encounter", "subject.family", "x")

    family = StringStarts(parameter=PATIENT["family"], prefix="x")
    assert found == Chain(parameter=ENCOUNTER["subject"], type="Patient", where=family)


def test_missing_is_the_lack_of_any_value() -> None:
    assert where("Encounter", "date:missing", "false") == HasValue(parameter=ENCOUNTER["date"])
    assert where("Encounter", "_id:missing", "true") == Nothing()


def test_not_is_true_of_what_has_none_of_the_codes() -> None:
    found = where("Encounter", "status:not", "a,b")

    codes = (TokenIs(parameter=ENCOUNTER["status"], system=None, code=code) for code in "ab")
    assert found == Not(operand=Or(operands=tuple(codes)))


def test_numbers_stand_for_what_their_digits_leave_open() -> None:
    chance = parameters(DEFINITIONS, "RiskAssessment")["probability"]

    assert where("RiskAssessment", "probability", "0.50") == NumberIn(
        parameter=chance, comparison=Comparison.EQ, lo=0.495, hi=0.505
    )
    assert where("RiskAssessment", "probability", "gt0.5") == NumberIn(
        parameter=chance, comparison=Comparison.GT, lo=0.5, hi=0.5
    )


def test_units_of_ucum_are_looked_for_in_base_units() -> None:
    of = ENCOUNTER["length"]

    found = where("Encounter", "length", "ge2|http://unitsofmeasure.org|h")
    other = where("Encounter", "length", "ge2||h")

    assert found == QuantityIn(
        parameter=of, comparison=Comparison.GE, lo=7200, hi=7200, system=BASE_UNITS, code="s"
    )
    assert other == QuantityIn(
        parameter=of, comparison=Comparison.GE, lo=2, hi=2, system=None, code="h"
    )


def test_parts_of_a_composite_are_read_each_by_its_type() -> None:
    found = where("Observation", "code-value-quantity", "http://loinc.org|8480-6$lt140")

    assert isinstance(found, CompositeIs)
    token, quantity = found.parts
    assert isinstance(token, TokenIs)
    assert isinstance(quantity, QuantityIn)
    assert (token.system, quantity.comparison) == ("http://loinc.org", Comparison.LT)


def test_above_a_url_are_the_paths_that_it_is_below() -> None:
    found = where("ValueSet", "url:above", "http://a/b/c")

    assert isinstance(found, Or)
    urls = {leaf.value for leaf in found.operands if isinstance(leaf, UriIs)}
    assert {"http://a/b/c", "http://a/b", "http://a"} <= urls
    assert "http://a/b/cd" not in urls


def test_a_list_has_what_refers_to_it_as_an_item() -> None:
    item = parameters(DEFINITIONS, "List")["item"]

    assert where("Patient", "_list", "42") == Referrer(
        parameter=item, type="Patient", where=IdIs(ids=("42",))
    )

"""https://hl7.org/fhir/R4/fhirpath.html ; the official tests are in tests/conformance."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from fhir_server.fhir.definitions import load
from fhir_server.fhir.resource import Json, Resource
from fhir_server.fhirpath.errors import (
    FhirPathError,
    FhirPathEvaluationError,
    FhirPathLimitError,
    FhirPathSemanticError,
)
from fhir_server.fhirpath.evaluation import NO_PORTS, Ports, Run
from fhir_server.fhirpath.expression import STRICT, expression
from fhir_server.fhirpath.function import Function
from fhir_server.fhirpath.item import Item, Items, system_item, value_of
from fhir_server.fhirpath.model import model_of

MODEL = model_of(load())
PATIENT: Resource = {
    "resourceType": "Patient",
    "id": "p",
    "contained": [{"resourceType": "Organization", "id": "o", "name": "Line"}],
    "managingOrganization": {"reference": "#o"},
    "generalPractitioner": [{"reference": "Practitioner/1"}],
    "name": [
        {"use": "official", "given": ["Ada", None], "_given": [None, {"extension": [{"url": "u"}]}]}
    ],
    "gender": "female",
    "birthDate": "1974-12-25",
    "_birthDate": {"id": "b", "extension": [{"url": "http://t", "valueTime": "14:30:00"}]},
    "text": {"status": "generated", "div": "<div>x</div>"},
}
NOW = 1_767_323_045_678_900


def evaluated(
    text: str,
    resource: Resource | Item = PATIENT,
    *,
    variables: Mapping[str, Items] | None = None,
    ports: Ports = NO_PORTS,
) -> Items:
    return expression(text, MODEL).evaluate(resource, variables=variables or {}, ports=ports)


def values(text: str, resource: Resource | Item = PATIENT, ports: Ports = NO_PORTS) -> list[Json]:
    return [value_of(item) for item in evaluated(text, resource, ports=ports)]


def test_items_have_their_types() -> None:
    types = [item.type for item in evaluated("gender | birthDate | name | name.exists() | 1")]

    assert types == ["code", "date", "HumanName", "System.Boolean", "System.Integer"]


def test_primitive_without_value_is_an_item_with_extensions() -> None:
    assert values("name.given.hasValue()") == [False]
    assert values("name.given.select(hasValue())") == [True, False]
    assert values("name.given.extension('u').count()") == [1]
    assert values("name.given[1].getValue()") == []
    assert values("birthDate.id") == ["b"]


def test_contained_resources_have_the_type_that_they_name() -> None:
    assert values("contained.ofType(Organization).name") == ["Line"]
    assert values("contained.where($this is Patient).exists()") == [False]


def test_result_is_the_callers_own() -> None:
    compiled = expression("true", MODEL)
    compiled.evaluate(PATIENT).clear()

    assert [item.value for item in compiled.evaluate(PATIENT)] == [True]


def test_decimals_are_exact() -> None:
    observation = {"resourceType": "Observation", "valueQuantity": {"value": Decimal("0.10")}}

    assert values("value.value + 0.2 = 0.3", observation) == [True]
    assert values("value.value.toString()", observation) == ["0.10"]


def test_resolve_looks_into_the_resource_and_then_asks() -> None:
    practitioner = {"resourceType": "Practitioner", "id": "1"}
    ports = Ports(resolve={"Practitioner/1": practitioner}.get)

    assert values("managingOrganization.resolve().name") == ["Line"]
    assert values("generalPractitioner.resolve().id", ports=ports) == ["1"]
    assert values("generalPractitioner.resolve() is Practitioner") == []
    assert values("generalPractitioner.resolve() is Practitioner", ports=ports) == [True]


def test_element_is_evaluated_within_its_resource() -> None:
    reference = Item("Reference", {"reference": "#o"})
    text = "reference.startsWith('#').not() or reference.substring(1) in %rootResource.contained.id"

    found = evaluated(text, reference, variables={"resource": [Item("Patient", PATIENT)]})

    assert value_of(found[0]) is True


def test_terminology_profiles_and_narrative_are_asked_of_ports() -> None:
    ports = Ports(
        member_of=lambda item, url: None if url == "http://unknown" else item.value == "female",
        subsumes=lambda one, other: one.value == other.value,
        conforms_to=lambda item, url: item.type == "Patient" and url == "http://p",
        html_checks=lambda text: "<script" not in text,
    )

    assert values("gender.memberOf('http://v')", ports=ports) == [True]
    assert values("gender.memberOf('http://unknown')", ports=ports) == []
    assert values("gender.subsumes('female')", ports=ports) == [True]
    assert values("conformsTo('http://p')", ports=ports) == [True]
    assert values("text.div.htmlChecks()", ports=ports) == [True]


@pytest.mark.parametrize(
    "text",
    [
        "gender.memberOf('http://v')",
        "conformsTo('http://p')",
        "text.div.htmlChecks()",
        "gender.subsumedBy('x')",
        "now()",
        "%nowhere",
        "name.given.toString()",
        "name < name",
        "birthDate + 1 'kg'",
        "gender.startsWith(1)",
        "name.given[true]",
        "(1 | 'a').allTrue()",
        "3.round(-1)",
        "'a'.matches('(')",
        "'a'.matches('(?=a)')",
    ],
)
def test_what_has_no_answer_is_refused_without_a_value_in_the_message(text: str) -> None:
    with pytest.raises(FhirPathEvaluationError) as refusal:
        evaluated(text)

    assert "Ada" not in str(refusal.value)


def test_clock_is_asked_once() -> None:
    instants = iter([NOW])
    ports = Ports(now=lambda: next(instants))

    assert values("now() = now() and today() = @2026-01-02", ports=ports) == [True]
    assert values("timeOfDay().toString()", ports=Ports(now=lambda: NOW)) == ["03:04:05.678"]


def test_trace_gives_what_it_sees_to_its_port_and_prints_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen: list[tuple[str, list[str]]] = []
    ports = Ports(trace=lambda name, items: seen.append((name, [item.type for item in items])))

    evaluated("name.trace('a', given).exists()", ports=ports)
    evaluated("name.trace('b')")

    assert seen == [("a", ["string", "string"])]
    assert capsys.readouterr() == ("", "")


def test_functions_can_be_added() -> None:
    def key(run: Run, focus: Items) -> Items:
        run.spend(1)
        return [system_item(f"{item.type}/{item.value['id']}") for item in focus]

    more = (Function(name="getResourceKey", call=key),)
    found = expression("getResourceKey()", MODEL, more=more).evaluate(PATIENT)

    assert [item.value for item in found] == ["Patient/p"]


@pytest.mark.parametrize(
    "text",
    [
        "name.given1",
        "Encounter.name",
        "name.startsWith('a')",
        "iif(name.given, 1, 2)",
        "birthDate + 1",
        "gender.ofType(Nothing)",
        "name.nothing()",
        "name.first(1)",
        "name.where()",
        "name.is(1)",
    ],
)
def test_strictly_what_can_mean_nothing_is_refused_before_there_is_data(text: str) -> None:
    with pytest.raises(FhirPathSemanticError):
        expression(text, MODEL, base="Patient", strictness=STRICT)


def test_leniently_unknown_elements_are_empty() -> None:
    assert evaluated("name.given1") == []
    assert evaluated("Encounter.name") == []


def test_types_of_the_result_are_known_beforehand() -> None:
    def types(text: str) -> list[str]:
        return sorted(expression(text, MODEL, base="Patient").types or ())

    assert types("name.given") == ["string"]
    assert types("deceased") == ["boolean", "dateTime"]
    assert types("name.given.count() + 1") == ["System.Integer"]
    assert expression("descendants()", MODEL, base="Patient").types is None


HOSTILE = [
    "descendants().descendants().descendants().descendants().descendants().count()",
    "repeat(children() | children())" + ".repeat(descendants())" * 20,
    "('a' | 'b' | 'c').aggregate($total & $total & 'aaaaaaaaaaaaaaaaaaaaaaaa', 'a')"
    + ".select($this & $this & $this & $this)" * 20,
    "(1 | 2 | 3).select(1 | 2 | 3 | 4 | 5 | 6 | 7)" + ".combine($this)" * 10,
    "'" + "a" * 5000 + "'.replace('', '" + "b" * 5000 + "')",
    "'" + "a" * 2000 + "!'.replaceMatches('(a+)+$', 'x')",
    "'" + "a" * 2000 + "!'.replaceMatches('.*.*.*.*.*b', 'x')",
    "'" + "a" * 3000 + "'.matches('(a{1000}){1000}')",
    "('x' & '').repeat($this & 'y').count()",
    "1.repeat($this + 1).count()",
    "(1|2|3|4|5|6|7|8|9)" + ".select((1|2|3|4|5|6|7|8|9).combine($this))" * 12,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_expression_comes_to_an_end(text: str) -> None:
    bundle = {
        "resourceType": "Bundle",
        "entry": [{"resource": PATIENT} for _ in range(20)],
    }
    compiled = expression(text, MODEL)

    try:
        compiled.evaluate(bundle, steps=50_000)
    except FhirPathError as error:
        assert isinstance(error, FhirPathLimitError)  # noqa: PT017 - it may come to an end as well


def test_backtracking_is_no_way_to_hang() -> None:
    assert values(f"'{'a' * 5000}!'.matches('^(a+)+$')") == [False]
    assert values(f"'{'a' * 5000}'.matches('^(a|aa)+$')") == [True]


def test_steps_are_counted() -> None:
    compiled = expression("name.given.where($this = 'Ada')", MODEL)

    assert compiled.evaluate(PATIENT, steps=50)
    with pytest.raises(FhirPathLimitError):
        compiled.evaluate(PATIENT, steps=3)

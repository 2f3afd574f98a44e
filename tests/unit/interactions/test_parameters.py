"""https://hl7.org/fhir/R4/operations.html#executing ."""

import pytest

from fhir_server.fhir.definitions import load
from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.outcome import InvalidRequestError
from fhir_server.fhir.resource import Element, Json
from fhir_server.interactions.message import FhirRequest
from fhir_server.interactions.parameters import Given, Takes, given, parameters, require_one

TAKES = Takes(
    texts=frozenset({"url", "word"}),
    flags=frozenset({"yes"}),
    numbers=frozenset({"count"}),
    codings=frozenset({"coding"}),
    concepts=frozenset({"concept"}),
    resources={"valueSet": "ValueSet"},
    parts=frozenset({"part"}),
    many=frozenset({"word"}),
)


def by_url(*pairs: tuple[str, str]) -> Given:
    return given(FhirRequest(method="GET", path=(), base="", parameters=pairs), TAKES, load())


def by_body(*found: Element, **elements: Json) -> Given:
    body = {"resourceType": "Parameters", "parameter": list(found), **elements}
    return given(FhirRequest(method="POST", path=(), base="", body=encode(body)), TAKES, load())


def test_simple_parameters_stand_in_the_url() -> None:
    found = by_url(("url", "u"), ("yes", "true"), ("count", "20"), ("_format", "json"))

    assert (found.text("url"), found.flag("yes"), found.number("count")) == ("u", True, 20)
    assert "url" in found
    assert "coding" not in found


def test_all_parameters_stand_in_a_body() -> None:
    coding = {"system": "s", "code": "c"}
    value_set = {"resourceType": "ValueSet", "status": "draft"}

    found = by_body(
        {"name": "url", "valueUri": "u"},
        {"name": "yes", "valueBoolean": False},
        {"name": "count", "valueInteger": 3},
        {"name": "coding", "valueCoding": coding},
        {"name": "valueSet", "resource": value_set},
        {"name": "part", "part": [{"name": "x", "valueString": "y"}]},
        {"name": "word", "valueString": "a"},
        {"name": "word", "valueString": "b"},
    )

    assert (found.text("url"), found.flag("yes"), found.number("count")) == ("u", False, 3)
    assert (found.element("coding"), found.element("valueSet")) == (coding, value_set)
    assert found.elements("part") == ({"part": [{"name": "x", "valueString": "y"}]},)
    assert found.texts("word") == ("a", "b")


def test_what_was_not_given_is_empty() -> None:
    found = by_url()

    assert (found.text("url"), found.texts("word"), found.number("count")) == ("", (), None)
    assert (found.flag("yes"), found.flag("yes", default=True)) == (False, True)
    assert (found.element("coding"), found.elements("part")) == (None, ())


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("nonsense", "1")], "`nonsense` is no parameter here; these are: `coding`, `concept`"),
        ([("url", "a"), ("url", "b")], "`url` may be given once."),
        ([("yes", "1")], "`yes` must be true or false."),
        ([("count", "-1")], "`count` must be a whole number that is not negative."),
        ([("count", "9999999999")], "`count` must be a whole number"),
        ([("coding", "s|c")], "send it by POST, in a Parameters resource"),
        ([("valueSet", "x")], "send it by POST"),
    ],
)
def test_faults_of_the_url_are_named(pairs: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        by_url(*pairs)

    assert message in str(refused.value)
    assert refused.value.issues[0].expression == pairs[0][0]


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ({"name": "nonsense"}, "`nonsense` is no parameter here"),
        ({"valueUri": "u"}, "Parameters.parameter[0].name"),
        ("url", "Parameters.parameter[0]"),
        ({"name": "url", "valueUri": 5}, "Parameters.parameter[0].value"),
        (
            {"name": "valueSet", "resource": {"resourceType": "ValueSet", "compose": []}},
            "resource.compose",
        ),
        ({"name": "url", "valueInteger": 1}, "`url` must be a text."),
        ({"name": "url"}, "`url` must be a text."),
        ({"name": "yes", "valueString": "true"}, "`yes` must be a boolean."),
        ({"name": "count", "valueBoolean": True}, "`count` must be a whole number"),
        ({"name": "coding", "valueString": "c"}, "`coding` must be a Coding."),
        ({"name": "concept", "valueString": "c"}, "`concept` must be a CodeableConcept."),
        ({"name": "valueSet", "resource": {"resourceType": "Patient"}}, "a ValueSet resource."),
    ],
)
def test_faults_of_the_body_are_named(parameter: Json, message: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        by_body(parameter)

    told = " ".join(f"{each.expression} {each.diagnostics}" for each in refused.value.issues)
    assert message in told


def test_another_body_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="must be a Parameters resource"):
        by_body(resourceType="ValueSet")


def test_exactly_one_of_several_is_required() -> None:
    assert require_one(by_url(("url", "u")), ("url", "word")) == "url"
    for pairs in ([], [("url", "u"), ("word", "w")]):
        with pytest.raises(InvalidRequestError, match="Exactly one of `url`, `word`"):
            require_one(by_url(*pairs), ("url", "word"))


def test_answers_are_parameters() -> None:
    body = parameters([("result", {"valueBoolean": True}), ("match", {"part": []})])

    assert decode(body)["parameter"] == [
        {"name": "result", "valueBoolean": True},
        {"name": "match", "part": []},
    ]

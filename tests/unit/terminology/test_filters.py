"""https://hl7.org/fhir/R4/valueset-filter-operator.html ."""

import re

import pytest

from fhir_server.fhir.outcome import TooCostlyError, UnprocessableError
from fhir_server.fhir.resource import Element, Resource
from fhir_server.terminology.evaluation import Evaluation
from fhir_server.terminology.filters import Condition, candidates
from fhir_server.terminology.listed import Listed
from fhir_server.terminology.value_set import Filter
from tests.terminology import (
    ANIMALS,
    animal,
    animals,
    code_system,
    codes,
    concept,
    condition,
    include,
    terminology,
    value_set,
)

URL = "http://test.example/set"
ALL = ["animal", "mammal", "cat", "dog", "spaniel", "bird", "dodo"]


def described() -> Resource:
    def legs(number: int, *food: Element) -> Element:
        return {"property": [{"code": "legs", "valueInteger": number}, *food]}

    grass = {"code": "food", "valueCoding": {"system": "http://test.example/food", "code": "grass"}}
    return code_system(
        ANIMALS,
        concept("cow", **legs(4, grass)),
        concept("hen", **legs(2, {"code": "tame", "valueBoolean": True})),
        concept("eel", **legs(0)),
        concept("elk"),
    )


@pytest.mark.parametrize(
    ("op", "value", "found"),
    [
        ("is-a", "mammal", ["mammal", "cat", "dog", "spaniel"]),
        ("descendent-of", "mammal", ["cat", "dog", "spaniel"]),
        ("is-not-a", "mammal", ["animal", "bird", "dodo"]),
        ("generalizes", "spaniel", ["spaniel", "dog", "mammal", "animal"]),
        ("=", "dog", ["dog"]),
        ("in", "dog, cat,unicorn", ["cat", "dog"]),
        ("not-in", "dog,cat", ["animal", "mammal", "spaniel", "bird", "dodo"]),
        ("regex", "d.*|.*d", ["dog", "bird", "dodo"]),
        ("regex", "do", []),
        ("is-a", "unicorn", []),
        ("is-not-a", "unicorn", ALL),
    ],
)
def test_concepts_are_chosen_by_their_code(op: str, value: str, found: list[str]) -> None:
    url = value_set(URL, include(ANIMALS, **condition("concept", op, value)))
    known = terminology(animals(), url)

    assert codes(known, URL, nested=False) == found
    assert [c for c in ALL if known.validate_code(URL, animal(c), abstract=True).result] == [
        c for c in ALL if c in found
    ]


@pytest.mark.parametrize(
    ("property_", "op", "value", "found"),
    [
        ("legs", "=", "2", ["hen"]),
        ("legs", "in", "0,4", ["cow", "eel"]),
        ("legs", "not-in", "0,4", ["hen", "elk"]),
        ("legs", "exists", "true", ["cow", "hen", "eel"]),
        ("legs", "exists", "false", ["elk"]),
        ("legs", "regex", "[02]", ["hen", "eel"]),
        ("tame", "=", "true", ["hen"]),
        ("food", "=", "grass", ["cow"]),
        ("food", "=", "http://test.example/food#grass", ["cow"]),
        ("display", "regex", "E.*", ["eel", "elk"]),
    ],
)
def test_concepts_are_chosen_by_a_property(
    property_: str, op: str, value: str, found: list[str]
) -> None:
    url = value_set(URL, include(ANIMALS, **condition(property_, op, value)))

    assert codes(terminology(described(), url), URL) == found


@pytest.mark.parametrize(
    ("property_", "value", "found"),
    [("parent", "mammal", ["cat", "dog"]), ("child", "spaniel", ["dog"])],
)
def test_parent_and_child_are_properties(property_: str, value: str, found: list[str]) -> None:
    url = value_set(URL, include(ANIMALS, **condition(property_, "=", value)))

    assert codes(terminology(animals(), url), URL) == found


def test_several_filters_all_hold() -> None:
    both = [
        {"property": "concept", "op": "is-a", "value": "mammal"},
        {"property": "code", "op": "regex", "value": ".*[gt]"},
    ]
    url = value_set(URL, include(ANIMALS, filter=both))

    assert codes(terminology(animals(), url), URL) == ["cat", "dog"]


@pytest.mark.parametrize(
    ("op", "value", "message"),
    [
        ("like", "x", "`like` is no filter operator of FHIR R4; these are: `=`, `is-a`"),
        ("regex", "(", "is no regular expression"),
        ("regex", "a(?=b)", "look-around"),
        ("regex", "(a{1000}){1000}", "is too large"),
    ],
)
def test_a_filter_that_is_none_is_refused(op: str, value: str, message: str) -> None:
    url = value_set(URL, include(ANIMALS, **condition("code", op, value)))

    with pytest.raises(UnprocessableError, match=re.escape(message)):
        terminology(animals(), url).decide(URL, animal("cat"))


def test_work_is_counted() -> None:
    evaluation = Evaluation(terminology(animals()).artefacts, steps=20)
    system = Listed(animals())
    test = Condition.of(
        system, Filter(property="display", op="regex", value="(.*a)*"), evaluation.spend
    )

    with pytest.raises(TooCostlyError):
        list(map(test.passes, [system.concepts[code] for code in ALL * 10]))


def test_only_what_may_pass_is_looked_at() -> None:
    system = Listed(animals())
    below = Filter(property="concept", op="descendent-of", value="mammal")

    assert candidates(system, (below,), ()) == ("mammal", "cat", "dog", "spaniel")
    assert candidates(system, (), ("katz",)) == ("cat",)

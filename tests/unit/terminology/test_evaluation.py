"""https://hl7.org/fhir/R4/valueset.html#compositions ."""

from itertools import pairwise

import pytest

from fhir_server.fhir.outcome import TooCostlyError, UnprocessableError
from fhir_server.fhir.resource import Element
from fhir_server.terminology.coding import Coding
from fhir_server.terminology.evaluation import Evaluation
from fhir_server.terminology.value_set import read
from fhir_server.terminology.versions import Versions
from tests.terminology import (
    ANIMALS,
    ELSEWHERE,
    PLANTS,
    animal,
    animals,
    condition,
    include,
    plants,
    terminology,
    value_set,
)

URL = "http://test.example/set"


def membership(coding: Coding, *includes: Element, **elements: object) -> bool | None:
    found = terminology(animals(), plants(), value_set(URL, *includes, **elements))
    return found.validate_code(URL, coding, abstract=True).result


def test_a_whole_system_has_all_its_codes_and_no_others() -> None:
    assert membership(animal("cat"), include(ANIMALS)) is True
    assert membership(animal("unicorn"), include(ANIMALS)) is False
    assert membership(Coding(system=PLANTS, code="oak"), include(ANIMALS)) is False


def test_several_includes_are_alternatives() -> None:
    both = (include(ANIMALS, "cat"), include(PLANTS))

    assert membership(Coding(system=PLANTS, code="oak"), *both) is True
    assert membership(animal("cat"), *both) is True
    assert membership(animal("dog"), *both) is False


def test_a_code_that_is_listed_is_known_though_its_system_is_not_here() -> None:
    listed = include(ELSEWHERE, "1", "2")

    assert membership(Coding(system=ELSEWHERE, code="2"), listed) is True
    assert membership(Coding(system=ELSEWHERE, code="3"), listed) is False


@pytest.mark.parametrize(
    "unknown", [include(ELSEWHERE), include(ELSEWHERE, **condition("concept", "is-a", "1"))]
)
def test_a_system_that_is_not_here_leaves_the_answer_open(unknown: Element) -> None:
    found = terminology(value_set(URL, unknown)).validate_code(
        URL, Coding(system=ELSEWHERE, code="1")
    )

    assert found.result is None
    assert found.code == "not-found"
    assert f"`{ELSEWHERE}` is not available here" in found.message


def test_what_another_include_holds_is_no_matter_of_what_is_not_here() -> None:
    assert membership(animal("cat"), include(ELSEWHERE), include(ANIMALS)) is True
    assert membership(animal("unicorn"), include(ELSEWHERE), include(ANIMALS)) is False


def test_of_a_fragment_an_unlisted_code_is_not_known() -> None:
    found = terminology(animals(content="fragment"), value_set(URL, include(ANIMALS)))

    assert found.validate_code(URL, animal("cat")).result is True
    assert found.validate_code(URL, animal("unicorn")).result is None


def test_an_excluded_code_is_none_of_them() -> None:
    excluding = {"exclude": [include(ANIMALS, **condition("concept", "is-a", "dog"))]}

    assert membership(animal("cat"), include(ANIMALS), **excluding) is True
    assert membership(animal("spaniel"), include(ANIMALS), **excluding) is False


def test_an_exclude_that_cannot_be_told_leaves_the_answer_open() -> None:
    other = {"exclude": [{"valueSet": ["http://test.example/absent"]}]}

    assert membership(animal("cat"), include(ANIMALS), **other) is None
    assert membership(animal("unicorn"), include(ANIMALS), **other) is False


MAMMALS = value_set(
    "http://test.example/mammals", include(ANIMALS, **condition("concept", "is-a", "mammal"))
)
PETS = value_set("http://test.example/pets", include(ANIMALS, "cat", "bird"), version="2.0")


@pytest.mark.parametrize(
    ("imports", "codes"),
    [
        ([{"valueSet": [MAMMALS["url"]]}], {"cat", "dog"}),
        ([{"valueSet": [MAMMALS["url"], PETS["url"]]}], {"cat"}),
        ([{"valueSet": [MAMMALS["url"]]}, {"valueSet": [PETS["url"]]}], {"cat", "dog", "bird"}),
        ([include(ANIMALS, "cat", "dodo", valueSet=[PETS["url"]])], {"cat"}),
        ([{"valueSet": [f"{PETS['url']}|2.0"]}], {"cat", "bird"}),
    ],
)
def test_imports_in_one_include_all_hold(imports: list[Element], codes: set[str]) -> None:
    found = terminology(animals(), MAMMALS, PETS, value_set(URL, *imports))

    known = {
        code
        for code in ("cat", "dog", "bird", "dodo")
        if found.validate_code(URL, animal(code)).result
    }

    assert known == codes


def test_an_import_that_is_not_here_is_named() -> None:
    found = terminology(
        animals(), PETS, value_set(URL, {"valueSet": [f"{PETS['url']}|3.0"]})
    ).validate_code(URL, animal("cat"))

    assert found.result is None
    assert f"`{PETS['url']}|3.0` is not available here" in found.message


def test_a_value_set_that_imports_itself_is_refused() -> None:
    found = terminology(
        value_set(URL, {"valueSet": ["http://test.example/other"]}),
        value_set("http://test.example/other", {"valueSet": [URL]}),
    )

    with pytest.raises(UnprocessableError, match="imports itself"):
        found.decide(URL, animal("cat"))
    left_open = found.validate_code(URL, animal("cat"))
    assert left_open.result is None
    assert "imports itself" in left_open.message


def test_imports_without_end_are_cut_short() -> None:
    """Each value set imports the next one twice: the work doubles with each."""
    names = [f"http://test.example/{number}" for number in range(23)]
    sets = [
        value_set(name, {"valueSet": [after]}, {"valueSet": [after]})
        for name, after in pairwise(names)
    ]
    known = terminology(animals(), *sets, value_set(names[-1], include(ANIMALS, "dog")))
    evaluation = Evaluation(known.artefacts, steps=10_000)

    with pytest.raises(TooCostlyError, match="fewer or simpler"):
        evaluation.contains(read(sets[0]), animal("cat"))


def test_the_version_that_is_pinned_is_the_one_that_is_asked() -> None:
    older = animals(version="0.9.0")
    older["concept"] = [{"code": "wolf"}]
    pinned = include(ANIMALS, version="0.9.0")
    found = terminology(animals(), older, value_set(URL, pinned))

    assert found.validate_code(URL, animal("wolf")).result is True
    assert found.validate_code(URL, animal("cat")).result is False
    assert found.validate_code(URL, animal("wolf", version="1.0.0")).result is False


def test_a_version_that_is_not_here_leaves_the_answer_open() -> None:
    found = membership(animal("cat"), include(ANIMALS, version="7.0.0"))

    assert found is None


def test_a_request_says_which_version_is_meant() -> None:
    older = animals(version="0.9.0")
    older["concept"] = [{"code": "wolf"}]
    found = terminology(animals(), older, value_set(URL, include(ANIMALS, version="1.0.0")))
    wolf = animal("wolf")

    assert found.validate_code(URL, wolf).result is False
    assert found.validate_code(URL, wolf, versions=Versions(force={ANIMALS: "0.9.0"})).result
    with pytest.raises(UnprocessableError, match=r"is required, but `1\.0\.0`"):
        found.decide(URL, wolf, versions=Versions(check={ANIMALS: "0.9.0"}))


def test_a_value_set_can_be_without_inactive_codes() -> None:
    dodo = animal("dodo")

    assert membership(dodo, include(ANIMALS)) is True
    assert membership(dodo, include(ANIMALS), inactive=False) is False


def test_a_stored_expansion_answers_where_the_definition_cannot() -> None:
    expansion = {
        "contains": [
            {
                "system": ELSEWHERE,
                "code": "1",
                "contains": [{"system": ELSEWHERE, "code": "1.1", "display": "Below"}],
            }
        ]
    }
    found = terminology(value_set(URL, include(ELSEWHERE), expansion=expansion))

    below = found.validate_code(URL, Coding(system=ELSEWHERE, code="1.1"))

    assert (below.result, below.display) == (True, "Below")
    assert found.validate_code(URL, Coding(system=ELSEWHERE, code="2")).result is False


@pytest.mark.parametrize("page", [{"offset": 10}, {"total": 5}])
def test_a_page_of_an_expansion_says_nothing_about_the_rest(page: Element) -> None:
    expansion = {**page, "contains": [{"system": ELSEWHERE, "code": "1"}]}

    found = membership(Coding(system=ELSEWHERE, code="2"), include(ELSEWHERE), expansion=expansion)

    assert found is None


def test_without_a_system_the_code_is_looked_for_in_all() -> None:
    found = terminology(
        animals(),
        plants(),
        value_set(URL, include(ANIMALS), {"valueSet": [MAMMALS["url"]]}),
        MAMMALS,
    )

    cat = found.validate_code(URL, Coding(code="cat"))

    assert (cat.result, cat.system, cat.is_ambiguous) == (True, ANIMALS, False)
    assert found.validate_code(URL, Coding(code="oak")).result is False


def test_a_code_of_two_systems_is_ambiguous() -> None:
    found = terminology(value_set(URL, include(ANIMALS, "1"), include(PLANTS, "1"))).validate_code(
        URL, Coding(code="1")
    )

    assert found.result is True
    assert found.is_ambiguous
    assert "Say which with `system`" in found.message

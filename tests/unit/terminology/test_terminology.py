"""What is said of a code: https://hl7.org/fhir/R4/terminology-service.html ."""

import pytest

from fhir_server.fhir.outcome import NotFoundError, TooCostlyError
from fhir_server.packages.packages import Packages
from fhir_server.terminology.coding import Coding
from tests.terminology import (
    ANIMALS,
    ELSEWHERE,
    PLANTS,
    animal,
    animals,
    code_system,
    concept,
    condition,
    include,
    plants,
    terminology,
    value_set,
)

URL = "http://test.example/set"


def test_a_code_of_its_system_is_right() -> None:
    found = terminology(animals()).validate_in_system(animal("cat", display="cat"))

    assert (found.result, found.message, found.display) == (True, "", "Cat")


def test_a_code_that_its_system_does_not_have_is_wrong() -> None:
    found = terminology(animals()).validate_in_system(animal("unicorn"))

    assert found.result is False
    assert found.message == f"`unicorn` is not a code of `{ANIMALS}`."


def test_a_system_that_is_not_here_is_not_available_and_never_wrong() -> None:
    found = terminology().validate_in_system(Coding(system=ELSEWHERE, code="1"))

    assert found.result is None
    assert found.message == f"The code system `{ELSEWHERE}` is not available here."


def test_a_version_that_is_not_here_is_named() -> None:
    found = terminology(animals()).validate_in_system(animal("cat", version="9"))

    assert found.result is None
    assert found.message == f"Version `9` of the code system `{ANIMALS}` is not available here."


@pytest.mark.parametrize("content", ["not-present", "example", "fragment"])
def test_what_a_part_of_a_system_does_not_list_is_not_known(content: str) -> None:
    found = terminology(animals(content=content)).validate_in_system(animal("unicorn"))

    assert found.result is None


def test_a_supplement_is_no_system_of_codes() -> None:
    supplement = code_system(ELSEWHERE, concept("cat"), content="supplement", supplements=ANIMALS)

    found = terminology(supplement).validate_in_system(Coding(system=ELSEWHERE, code="cat"))

    assert found.result is False
    assert "only adds to another code system" in found.message


@pytest.mark.parametrize("display", ["Cat", "cAT", " Cat ", "Katze"])
def test_all_names_of_a_concept_are_right_displays(display: str) -> None:
    found = terminology(animals()).validate_in_system(animal("cat", display=display))

    assert not found.display_is_wrong


def test_a_wrong_display_is_told_with_the_right_one() -> None:
    found = terminology(animals()).validate_in_system(animal("cat", display="Dog"))

    assert found.result is True
    assert found.display_is_wrong
    assert found.message == f"`{ANIMALS}#cat` is not called `Dog`, but `Cat`."


def test_the_name_that_a_value_set_gives_is_right_too() -> None:
    kitty = include(ANIMALS, concept=[{"code": "cat", "display": "Kitty"}])
    found = terminology(animals(), value_set(URL, kitty))

    answers = [found.validate_code(URL, animal("cat", display=d)) for d in ("Kitty", "Cat", "Dog")]

    assert [each.display_is_wrong for each in answers] == [False, False, True]
    assert answers[0].display == "Kitty"


def test_what_nobody_named_may_be_called_anything() -> None:
    found = terminology(value_set(URL, include(ELSEWHERE, "1"))).validate_code(
        URL, Coding(system=ELSEWHERE, code="1", display="Whatever")
    )

    assert (found.result, found.display_is_wrong) == (True, False)


def test_a_concept_that_groups_others_is_allowed_only_where_that_is_said() -> None:
    known = terminology(animals())

    assert known.validate_in_system(animal("animal")).result is False
    assert known.validate_in_system(animal("animal"), abstract=True).result is True


def test_an_inactive_code_is_right_with_a_remark() -> None:
    found = terminology(animals()).validate_in_system(animal("dodo"))

    assert found.result is True
    assert found.inactive
    assert found.message == f"`{ANIMALS}#dodo` is inactive."


def test_another_spelling_is_right_where_case_does_not_matter() -> None:
    found = terminology(animals(caseSensitive=False)).validate_in_system(animal("CAT"))

    assert (found.result, found.normal) == (True, "cat")


def test_an_unknown_value_set_is_not_available() -> None:
    found = terminology(animals()).validate_code(URL, animal("cat"))

    assert found.result is None
    assert found.message == f"The value set `{URL}` is not available here."


@pytest.mark.parametrize(
    ("one", "other", "relation"),
    [
        ("mammal", "spaniel", "subsumes"),
        ("spaniel", "mammal", "subsumed-by"),
        ("cat", "cat", "equivalent"),
        ("cat", "dog", "not-subsumed"),
        ("cat", "unicorn", None),
    ],
)
def test_codes_stand_to_each_other(one: str, other: str, relation: str | None) -> None:
    assert terminology(animals()).subsumes(animal(one), animal(other)) == relation


def test_codes_of_two_systems_do_not_stand_to_each_other() -> None:
    oak = Coding(system=PLANTS, code="oak")

    assert terminology(animals(), plants()).subsumes(animal("cat"), oak) is None


def test_more_sources_come_first_and_change_nothing_for_others() -> None:
    known = terminology(animals(), value_set(URL, include(ANIMALS)))
    wolf = code_system(ANIMALS, concept("wolf"))

    more = known.with_sources(Packages.of([wolf]))

    assert more.validate_code(URL, animal("wolf")).result is True
    assert more.validate_code(URL, animal("cat")).result is False
    assert known.validate_code(URL, animal("cat")).result is True


def test_a_fallback_is_asked_for_nothing_that_is_here() -> None:
    known = terminology(animals()).with_fallback(
        Packages.of([code_system(ANIMALS, concept("wolf")), plants()])
    )

    assert known.validate_in_system(animal("wolf")).result is False
    assert known.validate_in_system(Coding(system=PLANTS, code="oak")).result is True


def test_a_fallback_with_codes_counts_more_than_a_stub_without() -> None:
    stub = code_system(PLANTS, content="not-present")
    known = terminology(stub).with_fallback(Packages.of([plants()]))

    assert known.validate_in_system(Coding(system=PLANTS, code="oak")).result is True


@pytest.mark.parametrize(
    ("url", "codes"),
    [
        (f"{PLANTS}?fhir_vs", ["tree", "oak", "herb"]),
        (f"{PLANTS}?fhir_vs=isa/tree", ["tree", "oak"]),
    ],
)
def test_a_url_describes_a_value_set(url: str, codes: list[str]) -> None:
    found = terminology(plants()).codes(url)

    assert [coding.code for coding in found] == codes


@pytest.mark.parametrize(
    "url", [f"{PLANTS}?fhir_vs=refset/1", "?fhir_vs", f"{PLANTS}?fhir_vs=isa/"]
)
def test_other_urls_describe_none(url: str) -> None:
    with pytest.raises(NotFoundError):
        terminology(plants()).codes(url)


def test_the_codes_of_a_value_set_are_bounded_in_number() -> None:
    mammals = value_set(URL, include(ANIMALS, **condition("concept", "is-a", "mammal")))
    known = terminology(animals(), mammals)

    assert known.codes(URL, most=4)[0] == animal("mammal", display="Mammal")
    with pytest.raises(TooCostlyError, match="has 4 codes, and 3 are the most"):
        known.codes(URL, most=3)

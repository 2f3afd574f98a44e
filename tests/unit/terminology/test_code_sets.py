"""https://hl7.org/fhir/R4/search.html#token ."""

import pytest

from fhir_server.fhir.outcome import TooCostlyError
from fhir_server.terminology.code_sets import CodeSets
from fhir_server.terminology.media_types import URL as MEDIA_TYPES
from fhir_server.terminology.media_types import MediaTypes
from tests.terminology import (
    ANIMALS,
    ELSEWHERE,
    PLANTS,
    animals,
    include,
    plants,
    terminology,
    value_set,
)

URL = "http://test.example/set"


def test_a_value_set_has_codes_by_system() -> None:
    known = terminology(
        animals(), plants(), value_set(URL, include(ANIMALS, "cat"), include(PLANTS))
    )

    assert CodeSets(known).members(URL) == {
        ANIMALS: frozenset({"cat"}),
        PLANTS: frozenset({"tree", "oak", "herb"}),
    }


def test_what_is_not_here_cannot_be_told() -> None:
    sets = CodeSets(terminology(value_set(URL, include(ELSEWHERE))))

    assert sets.members(URL) is None
    assert sets.members("http://test.example/absent") is None
    assert sets.related(ELSEWHERE, "1", above=True) is None


def test_a_code_has_codes_above_and_below() -> None:
    sets = CodeSets(terminology(animals(caseSensitive=False)))

    assert sets.related(ANIMALS, "DOG", above=True) == frozenset({"dog", "mammal", "animal"})
    assert sets.related(ANIMALS, "dog", above=False) == frozenset({"dog", "spaniel"})
    assert sets.related(ANIMALS, "unicorn", above=False) is None


def test_what_is_too_much_for_a_search_is_refused() -> None:
    sets = CodeSets(terminology(animals(), value_set(URL, include(ANIMALS))), most=3)

    with pytest.raises(TooCostlyError):
        sets.members(URL)
    with pytest.raises(TooCostlyError, match="ask for one that is narrower"):
        sets.related(ANIMALS, "mammal", above=False)


def test_what_a_grammar_makes_stands_alone() -> None:
    sets = CodeSets(terminology(systems={MEDIA_TYPES: MediaTypes}))

    assert sets.related(MEDIA_TYPES, "text/plain", above=False) == frozenset({"text/plain"})

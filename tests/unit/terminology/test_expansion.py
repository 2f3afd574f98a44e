"""https://hl7.org/fhir/R4/valueset-operation-expand.html ."""

import pytest

from fhir_server.fhir.outcome import NotFoundError, TooCostlyError, UnprocessableError
from fhir_server.fhir.resource import Element, Json
from fhir_server.terminology.expansion import Code, Options
from fhir_server.terminology.media_types import URL as MEDIA_TYPES
from fhir_server.terminology.media_types import MediaTypes
from fhir_server.terminology.versions import Versions
from tests.terminology import (
    ANIMALS,
    ELSEWHERE,
    PLANTS,
    abstract,
    animals,
    code_system,
    codes,
    concept,
    condition,
    flat,
    include,
    plants,
    terminology,
    value_set,
)

URL = "http://test.example/set"


def tree(found: tuple[Code, ...]) -> Json:
    return {code.code: tree(code.contains) for code in found}


def test_codes_stand_under_those_that_subsume_them() -> None:
    found = terminology(animals(), value_set(URL, include(ANIMALS))).expand(URL, Options())

    assert tree(found.contains) == {
        "animal": {"mammal": {"cat": {}, "dog": {"spaniel": {}}}, "bird": {"dodo": {}}}
    }
    assert found.total == 7
    assert found.versions == (f"{ANIMALS}|1.0.0",)


def test_a_code_stands_under_the_nearest_that_is_there() -> None:
    without = value_set(URL, include(ANIMALS), exclude=[include(ANIMALS, "mammal", "dog")])

    found = terminology(animals(), without).expand(URL, Options())

    assert tree(found.contains) == {"animal": {"cat": {}, "spaniel": {}, "bird": {"dodo": {}}}}


@pytest.mark.parametrize(
    "options",
    [{"nested": False}, {"count": 7}, {"count": 3}, {"filter": "d"}],
)
def test_pages_filtered_and_flat_expansions_have_no_levels(options: Json) -> None:
    found = terminology(animals(), value_set(URL, include(ANIMALS))).expand(URL, Options(**options))

    assert all(not code.contains for code in found.contains)


def test_codes_that_are_listed_keep_their_order() -> None:
    listed = value_set(URL, include(ANIMALS, "spaniel", "dog", "cat"))

    assert codes(terminology(animals(), listed), URL) == ["spaniel", "dog", "cat"]


def test_a_code_that_several_includes_hold_is_there_once() -> None:
    both = value_set(URL, include(ANIMALS, "cat"), include(ANIMALS), include(PLANTS, "oak"))

    found = codes(terminology(animals(), plants(), both), URL, nested=False)

    assert found == ["cat", "animal", "mammal", "dog", "spaniel", "bird", "dodo", "oak"]


def test_flags_tell_of_codes_that_group_and_of_inactive_ones() -> None:
    found = flat(
        terminology(animals(), value_set(URL, include(ANIMALS))).expand(URL, Options()).contains
    )

    assert [code.code for code in found if code.abstract] == ["animal"]
    assert [code.code for code in found if code.inactive] == ["dodo"]


@pytest.mark.parametrize(
    ("options", "left_out"),
    [
        ({"active_only": True}, {"dodo"}),
        ({"exclude_not_for_ui": True}, {"animal"}),
        (
            {"exclude_systems": (ANIMALS,)},
            {"animal", "mammal", "cat", "dog", "spaniel", "bird", "dodo"},
        ),
        ({"exclude_systems": (f"{PLANTS}|9",)}, set()),
    ],
)
def test_options_leave_codes_out(options: Json, left_out: set[str]) -> None:
    known = terminology(animals(), plants(), value_set(URL, include(ANIMALS), include(PLANTS)))

    assert set(codes(known, URL)) - set(codes(known, URL, **options)) == left_out


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("spa", ["spaniel"]),
        ("SPANI", ["spaniel"]),
        ("do", ["dog", "dodo"]),
        ("katze", ["cat"]),
        ("og", []),
        ("green tree", ["fir"]),
        ("tr gre", ["fir"]),
        ("green oak", []),
        ("Ärger", ["x1"]),
        ("arger", ["x1"]),
        ("x1", ["x1"]),
        ("ever-green", ["fir"]),
        ("-", []),
    ],
)
def test_a_filter_begins_words_or_the_code(text: str, found: list[str]) -> None:
    more = code_system(
        PLANTS,
        concept("fir", display="Tree, ever-green (green)"),
        concept("x1", display="Ärger"),
    )
    known = terminology(animals(), more, value_set(URL, include(ANIMALS), include(PLANTS)))

    assert codes(known, URL, filter=text) == found


def test_a_filter_looks_at_the_names_that_the_value_set_gives() -> None:
    listed = {"system": ELSEWHERE, "concept": [{"code": "1", "display": "Kitty"}, {"code": "2"}]}

    assert codes(terminology(value_set(URL, listed)), URL, filter="kit") == ["1"]


def test_pages_are_cut_out_of_the_whole() -> None:
    known = terminology(animals(), plants(), value_set(URL, include(ANIMALS), include(PLANTS)))
    whole = codes(known, URL, nested=False)

    found = known.expand(URL, Options(offset=2, count=3))

    assert [code.code for code in found.contains] == whole[2:5]
    assert found.total == len(whole) == 10
    assert codes(known, URL, offset=8, count=3) == whole[8:]
    assert codes(known, URL, offset=20, count=3) == []
    assert codes(known, URL, count=0) == []


def test_more_codes_than_are_given_at_once_are_too_costly() -> None:
    known = terminology(animals(), value_set(URL, include(ANIMALS)))

    with pytest.raises(TooCostlyError, match="ask for pages with `count` and `offset`"):
        known.expand(URL, Options(most=6))
    assert known.expand(URL, Options(most=6, count=6)).total == 7


def test_a_grammar_has_no_end() -> None:
    known = terminology(value_set(URL, include(MEDIA_TYPES)), systems={MEDIA_TYPES: MediaTypes})

    with pytest.raises(TooCostlyError, match="no end of codes"):
        known.expand(URL, Options())
    with pytest.raises(TooCostlyError, match="no end of codes"):
        known.expand(URL, Options(filter="json"))


def test_what_is_not_here_is_named() -> None:
    known = terminology(value_set(URL, include(ELSEWHERE)))

    with pytest.raises(NotFoundError, match="other` is not available here"):
        known.expand("http://test.example/other", Options())
    with pytest.raises(UnprocessableError, match="codes` is not available here") as refused:
        known.expand(URL, Options())
    assert refused.value.issues[0].code == "not-found"


def test_a_stored_expansion_is_given_where_the_definition_cannot_be_evaluated() -> None:
    stored = {
        "contains": [
            {"system": ELSEWHERE, "code": "1", "display": "One", "abstract": True},
            {"display": "Group", "contains": [{"system": ELSEWHERE, "code": "2"}]},
        ]
    }
    known = terminology(value_set(URL, include(ELSEWHERE), expansion=stored))

    found = known.expand(URL, Options()).contains

    assert [(code.code, code.display, code.abstract) for code in found] == [
        ("1", "One", True),
        ("2", "", False),
    ]
    assert codes(known, URL, filter="one") == ["1"]


MANY_NAMES = code_system(
    ANIMALS,
    {
        "code": "cat",
        "display": "Cat",
        "designation": [
            {"language": "de", "value": "Katze"},
            {"language": "de-AT", "use": {"system": "u", "code": "short"}, "value": "Ktz"},
            {"language": "fr", "value": "Chat"},
        ],
    },
)


@pytest.mark.parametrize(
    ("language", "display"),
    [("", "Cat"), ("de", "Katze"), ("de-AT", "Ktz"), ("FR", "Chat"), ("it", "Cat")],
)
def test_displays_are_in_the_language_asked_for(language: str, display: str) -> None:
    known = terminology(MANY_NAMES, value_set(URL, include(ANIMALS)))

    assert known.expand(URL, Options(language=language)).contains[0].display == display


@pytest.mark.parametrize(
    ("options", "values"),
    [
        ({}, []),
        ({"include_designations": True}, ["Katze", "Ktz", "Chat"]),
        ({"designations": ("urn:ietf:bcp:47|de",)}, ["Katze", "Ktz"]),
        ({"designations": ("fr",)}, ["Chat"]),
        ({"designations": ("u|short",)}, ["Ktz"]),
        ({"designations": ("v|short",)}, []),
    ],
)
def test_designations_are_given_as_asked(options: Json, values: list[str]) -> None:
    known = terminology(MANY_NAMES, value_set(URL, include(ANIMALS)))

    found = known.expand(URL, Options(**options)).contains[0].designations

    assert [designation["value"] for designation in found] == values


def test_a_supplement_that_the_value_set_names_adds_designations() -> None:
    more = code_system(
        "http://test.example/more",
        {"code": "cat", "designation": [{"language": "it", "value": "gatto"}]},
        content="supplement",
        supplements=ANIMALS,
    )
    extension = {
        "url": "http://hl7.org/fhir/StructureDefinition/valueset-supplement",
        "valueCanonical": more["url"],
    }
    named = value_set(URL, include(ANIMALS), extension=[extension])
    options = Options(language="it")

    assert terminology(MANY_NAMES, more, named).expand(URL, options).contains[0].display == "gatto"


def test_a_request_chooses_among_versions() -> None:
    older = code_system(ANIMALS, concept("wolf"), version="0.9")
    known = terminology(animals(), older, value_set(URL, include(ANIMALS)))

    found = known.expand(URL, Options(versions=Versions(default={ANIMALS: "0.9"})))

    assert [code.code for code in found.contains] == ["wolf"]
    assert found.versions == (f"{ANIMALS}|0.9",)


def circular(*names: str) -> list[Element]:
    return [
        concept(code, property=[{"code": "parent", "valueCode": above}])
        for code, above in zip(names, (*names[1:], names[0]), strict=True)
    ]


def test_codes_that_subsume_themselves_are_given_flat() -> None:
    known = terminology(
        code_system(ANIMALS, *circular("a", "b", "c"), abstract("d")),
        value_set(URL, include(ANIMALS)),
    )

    assert tree(known.expand(URL, Options()).contains) == {"a": {}, "b": {}, "c": {}, "d": {}}


def test_levels_too_deep_for_json_are_given_flat() -> None:
    chain = circular(*(str(number) for number in range(100)))
    del chain[-1]["property"]
    known = terminology(code_system(ANIMALS, *chain), value_set(URL, include(ANIMALS)))

    found = known.expand(URL, Options()).contains

    assert len(found) == 100


def test_inactive_codes_are_left_out_where_the_value_set_says_so() -> None:
    without = value_set(
        URL, include(ANIMALS, **condition("concept", "is-a", "bird")), inactive=False
    )

    assert codes(terminology(animals(), without), URL) == ["bird"]

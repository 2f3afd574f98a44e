"""https://hl7.org/fhir/R4/conceptmap-operation-translate.html ."""

import pytest

from fhir_server.fhir.outcome import NotFoundError
from fhir_server.fhir.resource import Element, Json, Resource
from fhir_server.terminology.coding import Coding
from fhir_server.terminology.translation import Translation, Wanted
from tests.terminology import ANIMALS, PLANTS, animal, terminology

URL = "http://test.example/map"


def concept_map(*elements: Element, url: str = URL, **group: Json) -> Resource:
    return {
        "resourceType": "ConceptMap",
        "url": url,
        "status": "active",
        "sourceCanonical": "http://test.example/from",
        "targetUri": "http://test.example/to",
        "group": [{"source": ANIMALS, "target": PLANTS, "element": list(elements), **group}],
    }


def element(code: str, *targets: Element) -> Element:
    return {"code": code, "target": list(targets)}


def target(code: str, equivalence: str = "equivalent", **elements: Json) -> Element:
    return {"code": code, "equivalence": equivalence, **elements}


def translated(source: Resource, code: str, *others: Resource, **wanted: Json) -> Translation:
    asked = Wanted(coding=wanted.pop("coding", animal(code)), **wanted)
    return terminology(source, *others).translate(asked, source["url"])


def told(found: Translation) -> list[tuple[str, str]]:
    return [(m.equivalence, m.concept.code if m.concept else "") for m in found.matches]


MAP = concept_map(
    element("cat", target("catmint", "wider", display="Catmint"), target("catnip")),
    element("dog", target("dogwood", "disjoint")),
    element("bird"),
    element("hen", {"equivalence": "unmatched"}),
)


def test_a_code_becomes_all_that_the_map_says() -> None:
    found = translated(MAP, "cat")

    assert told(found) == [("wider", "catmint"), ("equivalent", "catnip")]
    assert found.matches[0].concept == Coding(system=PLANTS, code="catmint", display="Catmint")
    assert found.matches[0].map_url == URL
    assert found.result


@pytest.mark.parametrize(
    ("code", "matches"),
    [
        ("dog", [("disjoint", "dogwood")]),
        ("bird", [("unmatched", "")]),
        ("hen", [("unmatched", "")]),
    ],
)
def test_no_translation_is_a_match_but_no_result(code: str, matches: list[tuple[str, str]]) -> None:
    found = translated(MAP, code)

    assert told(found) == matches
    assert not found.result


def test_a_code_that_is_not_mentioned_has_no_match() -> None:
    assert translated(MAP, "eel") == Translation(matches=())


def test_a_code_of_another_system_has_no_match() -> None:
    assert not translated(MAP, "", coding=Coding(system=PLANTS, code="cat")).matches
    assert not translated(MAP, "cat", target_system="http://other.example").matches


def test_reverse_asks_what_becomes_this_code() -> None:
    catmint = Coding(system=PLANTS, code="catmint")

    found = translated(MAP, "", coding=catmint, reverse=True)

    assert told(found) == [("narrower", "cat")]
    assert found.matches[0].concept == Coding(system=ANIMALS, code="cat")


@pytest.mark.parametrize(
    ("unmapped", "matches"),
    [
        ({"mode": "provided"}, [("equal", "eel")]),
        ({"mode": "fixed", "code": "weed"}, [("inexact", "weed")]),
        ({"mode": "other-map", "url": "http://test.example/other"}, [("equivalent", "eelgrass")]),
        ({"mode": "other-map", "url": "http://test.example/absent"}, []),
    ],
)
def test_what_the_map_does_not_mention_becomes_what_it_says(
    unmapped: Element, matches: list[tuple[str, str]]
) -> None:
    other = concept_map(element("eel", target("eelgrass")), url="http://test.example/other")
    source = concept_map(element("cat", target("catnip")), unmapped=unmapped)

    assert told(translated(source, "eel", other)) == matches
    assert told(translated(source, "cat", other)) == [("equivalent", "catnip")]


def test_maps_that_send_to_each_other_do_not_hang() -> None:
    one = concept_map(unmapped={"mode": "other-map", "url": "http://test.example/two"})
    two = concept_map(url="http://test.example/two", unmapped={"mode": "other-map", "url": URL})

    assert not translated(one, "cat", two).matches


CONDITIONAL = concept_map(
    element(
        "cat",
        target("catnip", dependsOn=[{"property": "http://p", "system": "s", "value": "wild"}]),
        target("catmint", dependsOn=[{"property": "http://p", "value": "tame"}]),
    )
)


def test_a_condition_that_nobody_told_of_is_asked_for() -> None:
    found = translated(CONDITIONAL, "cat")

    assert not found.matches
    assert [element for element, _, _ in found.unmet] == ["http://p", "http://p"]


@pytest.mark.parametrize(
    ("dependency", "matches"),
    [
        (("http://p", "wild", "s"), [("equivalent", "catnip")]),
        (("http://p", "wild", "t"), []),
        (("http://p", "tame", "t"), [("equivalent", "catmint")]),
        (("http://q", "tame", ""), []),
    ],
)
def test_a_condition_is_met_by_what_is_known(
    dependency: tuple[str, str, str], matches: list[tuple[str, str]]
) -> None:
    assert told(translated(CONDITIONAL, "cat", dependencies=(dependency,))) == matches


@pytest.mark.parametrize(
    ("source", "target_set", "reverse"),
    [
        ("http://test.example/from", "http://test.example/to", False),
        ("http://test.example/from|1.0", "", False),
        ("http://test.example/to", "http://test.example/from", True),
    ],
)
def test_a_map_is_found_by_its_value_sets(
    source: str,
    target_set: str,
    reverse: bool,  # noqa: FBT001 - a table
) -> None:
    coding = Coding(system=PLANTS, code="catnip") if reverse else animal("cat")

    found = terminology(MAP).translate(
        Wanted(coding=coding, reverse=reverse), source=source, target=target_set
    )

    assert found.result


def test_a_map_that_is_not_here_is_not_found() -> None:
    wanted = Wanted(coding=animal("cat"))

    with pytest.raises(NotFoundError, match="absent` is not available here"):
        terminology(MAP).translate(wanted, "http://test.example/absent")
    with pytest.raises(NotFoundError, match="No concept map from"):
        terminology(MAP).translate(wanted, source="http://test.example/to")

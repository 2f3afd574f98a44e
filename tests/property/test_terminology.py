"""Terminology over all small code systems and value sets.

https://hl7.org/fhir/R4/terminology-service.html
"""

import random
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir.definitions import load
from fhir_server.fhir.outcome import FhirError
from fhir_server.fhir.resource import Element, Resource
from fhir_server.terminology.coding import Coding
from fhir_server.terminology.expansion import Options
from fhir_server.terminology.terminology import Terminology
from fhir_server.terminology.translation import Wanted
from tests.resources_by_definition import Author
from tests.terminology import ANIMALS, PLANTS, code_system, codes, flat, terminology, value_set

URL = "http://test.example/set"
IMPORTED = "http://test.example/imported"
NAMES = tuple("abcdefgh")
SYSTEMS = (ANIMALS, PLANTS)

names = st.sampled_from(NAMES)


@st.composite
def code_systems(draw: st.DrawFn, url: str) -> Resource:
    """Each code may have parents among those before it, so that there is no circle."""
    concepts: list[Element] = []
    known = draw(st.lists(names, unique=True, max_size=len(NAMES)))
    for number, code in enumerate(known):
        parents = draw(st.sets(st.sampled_from(known[:number]), max_size=2)) if number else set()
        properties: list[Element] = [
            {"code": "parent", "valueCode": parent} for parent in sorted(parents)
        ]
        if draw(st.booleans()):
            properties.append({"code": "inactive", "valueBoolean": True})
        concepts.append({"code": code, "display": f"Is {code}", "property": properties})
    return code_system(url, *concepts)


@st.composite
def includes(draw: st.DrawFn, *, imports: bool) -> Element:
    kind = draw(
        st.sampled_from(("whole", "listed", "filtered", "imported" if imports else "whole"))
    )
    if kind == "imported":
        return {"valueSet": [IMPORTED]}
    found: Element = {"system": draw(st.sampled_from(SYSTEMS))}
    if kind == "listed":
        listed = draw(st.lists(names, unique=True, min_size=1, max_size=4))
        found["concept"] = [{"code": code} for code in listed]
    if kind == "filtered":
        op = st.sampled_from(("is-a", "descendent-of", "is-not-a", "generalizes", "=", "regex"))
        filters = st.builds(
            lambda op, value: {"property": "concept", "op": op, "value": value}, op, names
        )
        found["filter"] = draw(st.lists(filters, min_size=1, max_size=2))
    if imports and draw(st.booleans()):
        found["valueSet"] = [IMPORTED]
    return found


def value_sets(url: str, *, imports: bool) -> st.SearchStrategy[Resource]:
    each = includes(imports=imports)
    return st.builds(
        lambda inside, outside, inactive: value_set(
            url, *inside, exclude=outside, inactive=inactive
        ),
        st.lists(each, min_size=1, max_size=3),
        st.lists(each, max_size=2),
        st.booleans(),
    )


worlds: st.SearchStrategy[Terminology] = st.builds(
    terminology,
    code_systems(ANIMALS),
    code_systems(PLANTS),
    value_sets(IMPORTED, imports=False),
    value_sets(URL, imports=True),
)


@given(world=worlds)
def test_a_code_is_a_member_if_and_only_if_the_expansion_has_it(world: Terminology) -> None:
    expansion = flat(world.expand(URL, Options()).contains)
    inside = {(code.system, code.code) for code in expansion}

    members = {
        (system, code)
        for system in SYSTEMS
        for code in NAMES
        if world.validate_code(URL, Coding(system=system, code=code), abstract=True).result
    }

    assert members == inside
    assert len(inside) == len(expansion)


@given(world=worlds)
def test_without_a_system_a_code_is_found_wherever_it_is(world: Terminology) -> None:
    inside = {code.code for code in flat(world.expand(URL, Options()).contains)}

    found = {
        code for code in NAMES if world.validate_code(URL, Coding(code=code), abstract=True).result
    }

    assert found == inside


@given(world=worlds, size=st.integers(min_value=1, max_value=5))
def test_pages_are_a_partition_of_the_expansion(world: Terminology, size: int) -> None:
    whole = world.expand(URL, Options(nested=False))
    pages = [
        world.expand(URL, Options(offset=offset, count=size))
        for offset in range(0, whole.total + 1, size)
    ]

    assert tuple(code for page in pages for code in page.contains) == whole.contains
    assert {page.total for page in pages} == {whole.total}


@given(world=worlds, text=st.sampled_from(("is", "a", "is b", "zz")))
def test_a_filter_keeps_what_fits_and_nothing_else(world: Terminology, text: str) -> None:
    whole = world.expand(URL, Options(nested=False)).contains
    words = text.split()

    found = world.expand(URL, Options(nested=False, filter=text)).contains

    assert found == tuple(
        code
        for code in whole
        if all(
            any(word.startswith(part) for word in (code.code, *code.display.lower().split()))
            for part in words
        )
    )


@given(system=code_systems(ANIMALS))
def test_subsumption_is_a_partial_order(system: Resource) -> None:
    known = terminology(system)
    relations = {
        (one, other): known.subsumes(
            Coding(system=ANIMALS, code=one), Coding(system=ANIMALS, code=other)
        )
        for one in NAMES
        for other in NAMES
    }
    above = {pair for pair, found in relations.items() if found in ("subsumes", "equivalent")}

    assert {(other, one) for one, other in above} == {
        pair for pair, found in relations.items() if found in ("subsumed-by", "equivalent")
    }
    assert all((a, d) in above for a, b in above for c, d in above if b == c)
    assert all(a == b for a, b in above if (b, a) in above)


@given(
    pairs=st.lists(
        st.tuples(names, names, st.sampled_from(("equal", "wider", "narrower", "subsumes"))),
        unique=True,
        max_size=8,
    )
)
def test_a_translation_turned_round_is_the_translation_back(
    pairs: list[tuple[str, str, str]],
) -> None:
    url = "http://test.example/map"
    elements = [
        {"code": source, "target": [{"code": target, "equivalence": equivalence}]}
        for source, target, equivalence in pairs
    ]
    group = {"source": ANIMALS, "target": PLANTS, "element": elements}
    known = terminology({"resourceType": "ConceptMap", "url": url, "group": [group]})

    def matches(system: str, code: str, *, reverse: bool) -> set[str]:
        wanted = Wanted(coding=Coding(system=system, code=code), reverse=reverse)
        found = known.translate(wanted, url).matches
        return {match.concept.code for match in found if match.concept}

    there = {(a, b) for a in NAMES for b in matches(ANIMALS, a, reverse=False)}
    back = {(a, b) for b in NAMES for a in matches(PLANTS, b, reverse=True)}

    assert there == back == {(source, target) for source, target, _ in pairs}


@given(world=worlds)
def test_the_codes_of_an_expansion_are_the_same_with_and_without_levels(
    world: Terminology,
) -> None:
    assert sorted(codes(world, URL)) == sorted(codes(world, URL, nested=False))


@given(seed=st.integers(min_value=0, max_value=2**32))
def test_no_resource_makes_terminology_fail(seed: int) -> None:
    """Whatever the elements hold, the answer is one or a refusal."""
    author = Author(load(), random.Random(seed))  # noqa: S311 - made up, not secret
    system, a_set, a_map = (
        {**author.resource(type_), "url": url}
        for type_, url in (("CodeSystem", ANIMALS), ("ValueSet", URL), ("ConceptMap", "x"))
    )
    known = terminology(system, a_set, value_set(IMPORTED, {"system": ANIMALS}))
    coding = Coding(system=ANIMALS, code="x", display="x")

    with suppress(FhirError):
        known.expand(URL, Options(filter="x"))
    with suppress(FhirError):
        known.expand(IMPORTED, Options(language="x", include_designations=True))
    with suppress(FhirError):
        known.validate_code(URL, coding)
    with suppress(FhirError):
        known.translate(Wanted(coding=coding), a_map)
    known.validate_in_system(coding)
    known.subsumes(coding, Coding(system=ANIMALS, code=""))

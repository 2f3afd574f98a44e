"""https://hl7.org/fhir/R4/codesystem.html#hierarchy ."""

from fhir_server.fhir.resource import Element, Resource
from fhir_server.terminology.concept import ancestors, is_above
from fhir_server.terminology.listed import Listed
from tests.terminology import ANIMALS, abstract, animals, code_system, concept, retired


def points(name: str, code: str) -> Element:
    return {"property": [{"code": name, "valueCode": code}]}


def test_nested_concepts_stand_under_those_around_them() -> None:
    system = Listed(animals())

    assert system.parents("spaniel") == ["dog"]
    assert system.children("mammal") == ["cat", "dog"]
    assert list(ancestors(system, "spaniel")) == ["dog", "mammal", "animal"]
    assert system.codes("mammal") == ("mammal", "cat", "dog", "spaniel")


def test_properties_tell_of_more_parents() -> None:
    system = Listed(
        code_system(
            ANIMALS,
            concept("pet", **points("child", "cat")),
            concept("mammal"),
            concept("cat", **points("parent", "mammal")),
            concept("lion", **points("subsumedBy", "cat")),
        )
    )

    assert set(system.parents("cat")) == {"pet", "mammal"}
    assert set(ancestors(system, "lion")) == {"cat", "pet", "mammal"}
    assert system.codes("pet") == ("pet", "cat", "lion")


def test_a_property_is_known_by_its_uri_whatever_it_is_called() -> None:
    system = Listed(
        code_system(
            ANIMALS,
            concept("mammal"),
            concept("cat", **points("up", "mammal")),
            concept("dog", property=[{"code": "group", "valueBoolean": True}]),
            property=[
                {"code": "up", "uri": "http://hl7.org/fhir/concept-properties#parent"},
                {"code": "group", "uri": "http://hl7.org/fhir/concept-properties#notSelectable"},
            ],
        )
    )
    dog = system.find("dog")

    assert system.parents("cat") == ["mammal"]
    assert dog is not None
    assert dog.abstract


def test_a_concept_that_is_written_twice_is_one_with_two_parents() -> None:
    system = Listed(
        code_system(ANIMALS, concept("pet", concept("cat")), concept("mammal", concept("cat")))
    )

    assert system.parents("cat") == ["pet", "mammal"]
    assert list(system.codes()) == ["pet", "cat", "mammal"]


def test_what_subsumes_itself_does_not_hang() -> None:
    system = Listed(
        code_system(
            ANIMALS, concept("a", **points("parent", "b")), concept("b", **points("parent", "a"))
        )
    )

    assert is_above(system, "b", "a")
    assert system.codes("a") == ("a", "b")


def test_case_matters_only_where_the_code_system_says_so() -> None:
    strict, lenient = Listed(animals()), Listed(animals(caseSensitive=False))
    unsaid: Resource = {k: v for k, v in animals().items() if k != "caseSensitive"}

    assert strict.find("Cat") is None
    assert lenient.find("CAT") == lenient.find("cat")
    assert Listed(unsaid).find("Cat") is not None


def test_abstract_and_retired_concepts_are_marked() -> None:
    system = Listed(
        code_system(
            ANIMALS,
            abstract("group"),
            retired("dodo"),
            concept("auk", property=[{"code": "inactive", "valueBoolean": True}]),
            concept("cat", property=[{"code": "status", "valueCode": "deprecated"}]),
        )
    )
    found = {code: system.concepts[code] for code in system.codes()}

    assert [code for code, each in found.items() if each.abstract] == ["group"]
    assert [code for code, each in found.items() if each.inactive] == ["dodo", "auk"]


def test_a_supplement_adds_designations_and_properties() -> None:
    supplement = code_system(
        "http://test.example/more",
        {"code": "cat", "designation": [{"language": "fr", "value": "chat"}]},
        content="supplement",
        supplements=ANIMALS,
    )

    cat = Listed(animals(), [supplement]).concepts["cat"]

    assert list(cat.texts) == ["Cat", "Katze", "chat"]

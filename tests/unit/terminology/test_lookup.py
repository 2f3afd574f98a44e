"""https://hl7.org/fhir/R4/codesystem-operation-lookup.html ."""

from fhir_server.fhir.resource import Json
from fhir_server.terminology.listed import Listed
from fhir_server.terminology.lookup import look_up
from tests.terminology import animals


def properties(code: str, *wanted: str) -> list[tuple[str, Json]]:
    system = Listed(animals())
    found = look_up(system, system.concepts[code], wanted=wanted)
    return [(each.code, next(iter(each.value.values()))) for each in found.properties]


def test_all_is_told_where_nothing_is_chosen() -> None:
    assert properties("mammal") == [("parent", "animal"), ("child", "cat"), ("child", "dog")]
    assert properties("dodo") == [("parent", "bird"), ("status", "retired"), ("inactive", True)]


def test_only_what_is_chosen_is_told() -> None:
    system = Listed(animals())

    assert properties("mammal", "parent") == [("parent", "animal")]
    assert properties("mammal", "*") == properties("mammal")
    assert look_up(system, system.concepts["cat"], wanted=["parent"]).designations == ()
    assert len(look_up(system, system.concepts["cat"], wanted=["lang.de"]).designations) == 1
    assert len(look_up(system, system.concepts["cat"], wanted=["lang.fr"]).designations) == 0


def test_the_display_is_in_the_language_asked_for() -> None:
    system = Listed(animals())

    assert look_up(system, system.concepts["cat"], language="de").display == "Katze"
    assert look_up(system, system.concepts["cat"], language="fr").display == "Cat"


def test_another_concept_is_told_with_its_name() -> None:
    system = Listed(animals())

    found = look_up(system, system.concepts["spaniel"], wanted=["parent"])

    assert found.properties[0].description == "Dog"

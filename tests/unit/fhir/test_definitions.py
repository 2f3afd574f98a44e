"""https://hl7.org/fhir/R4/definitions.html as compiled from the pinned package."""

from pathlib import Path

import msgspec
import pytest

from fhir_server.fhir import definitions
from fhir_server.fhir.definitions import Definitions, DefinitionsError, load, param_id


@pytest.fixture(scope="module")
def r4() -> Definitions:
    return load()


def test_all_concrete_resource_types_are_there_in_order(r4: Definitions) -> None:
    assert len(r4.resource_types) == 146
    assert list(r4.resource_types) == sorted(r4.resource_types)
    assert not r4.is_resource_type("DomainResource")
    assert not r4.is_resource_type("HumanName")


def test_type_ids_are_places_in_the_sorted_types(r4: Definitions) -> None:
    assert r4.type_id("Account") == 1
    assert [r4.type_name(r4.type_id(name)) for name in r4.resource_types] == list(r4.resource_types)


@pytest.mark.parametrize("number", [-1, 0, 147])
def test_a_number_outside_the_types_has_no_name(r4: Definitions, number: int) -> None:
    with pytest.raises(KeyError):
        r4.type_name(number)


def test_the_twenty_primitives_have_names_and_no_tables(r4: Definitions) -> None:
    assert len(r4.primitive_types) == 20
    assert "string" not in r4.structures()


def test_every_type_that_an_element_names_can_be_looked_up(r4: Definitions) -> None:
    for name in r4.structures():
        structure = r4.structure(name)
        for table in structure.elements.values():
            for kind in (kind for element in table for kind in element.types):
                assert (
                    kind.code in structure.elements
                    or kind.code in r4.primitive_types
                    or kind.code in r4.structures()
                ), (name, kind)


def test_elements_carry_cardinality_types_targets_and_bindings(r4: Definitions) -> None:
    contact = {e.name: e for e in r4.structure("Patient").elements["Patient.contact"]}

    assert contact["organization"].types[0].targets == ("Organization",)
    assert (contact["relationship"].min, contact["relationship"].max) == (0, None)
    assert contact["gender"].required_binding is not None
    assert contact["gender"].required_binding.startswith(
        "http://hl7.org/fhir/ValueSet/administrative-gender"
    )


def test_a_content_reference_names_the_table_it_repeats(r4: Definitions) -> None:
    item = {e.name: e for e in r4.structure("Questionnaire").elements["Questionnaire.item"]}

    assert item["item"].types[0].code == "Questionnaire.item"


def test_a_choice_has_a_property_for_each_type(r4: Definitions) -> None:
    patient = {e.name: e for e in r4.structure("Patient").elements["Patient"]}

    assert set(patient["deceased"].json_names()) == {"deceasedBoolean", "deceasedDateTime"}
    assert set(patient["gender"].json_names()) == {"gender"}


def test_a_reference_to_any_resource_has_no_targets(r4: Definitions) -> None:
    task = {e.name: e for e in r4.structure("Task").elements["Task"]}

    assert task["focus"].types[0].targets == ()


def test_the_id_of_a_resource_is_an_id_and_that_of_an_element_a_string(r4: Definitions) -> None:
    elements = r4.structure("Patient").elements

    assert elements["Patient"][0].types[0].code == "id"
    assert elements["Patient.contact"][0].types[0].code == "string"


def test_every_type_has_the_parameters_of_every_resource(r4: Definitions) -> None:
    common = {"_id", "_lastUpdated", "_profile", "_security", "_source", "_tag"}

    for type_ in r4.resource_types:
        assert common <= set(r4.search_parameters(type_))


def test_parameters_are_those_with_an_expression_less_the_examples(r4: Definitions) -> None:
    found = [p for type_ in r4.resource_types for p in r4.search_parameters(type_).values()]

    # 1,715 pairs of base and parameter have an expression. Of these, seven are of Resource and
    # three are the specification's examples, one of them among the seven.
    assert (
        len(
            [
                p
                for p in found
                if not p.url.startswith("http://hl7.org/fhir/SearchParameter/Resource-")
            ]
        )
        == 1706
    )
    assert all(p.expression for p in found)
    assert not [p for p in found if "/SearchParameter/example" in p.url]


def test_an_expression_is_cut_down_to_its_base(r4: Definitions) -> None:
    assert r4.search_parameters("Encounter")["date"].expression == "Encounter.period"
    assert r4.search_parameters("RiskAssessment")["date"].expression == (
        "(RiskAssessment.occurrence as dateTime)"
    )
    assert r4.search_parameters("AllergyIntolerance")["code"].expression == (
        "AllergyIntolerance.code | AllergyIntolerance.reaction.substance"
    )


def test_a_composite_has_its_components(r4: Definitions) -> None:
    composite = r4.search_parameters("Observation")["code-value-quantity"]

    assert composite.components[0] == ("http://hl7.org/fhir/SearchParameter/clinical-code", "code")
    assert len(composite.components) == 2


def test_the_number_of_a_parameter_never_changes(r4: Definitions) -> None:
    # These stand in databases: a change here needs a migration.
    assert param_id("Encounter", "date") == 720208234
    assert r4.search_parameters("Encounter")["_tag"].param_id == 1091050840


def test_no_two_parameters_share_a_number(r4: Definitions) -> None:
    numbers = [
        p.param_id for type_ in r4.resource_types for p in r4.search_parameters(type_).values()
    ]

    assert len(numbers) == len(set(numbers))
    assert all(0 < number < 2**31 for number in numbers)


def test_a_type_that_does_not_exist_has_no_parameters(r4: Definitions) -> None:
    with pytest.raises(KeyError):
        r4.search_parameters("Resource")


def test_the_patient_compartment_is_that_of_the_specification(r4: Definitions) -> None:
    compartment = r4.compartment("Patient")

    assert compartment["Encounter"] == ("patient",)
    assert "Task" not in compartment
    assert len(compartment) == 66
    for type_, codes in compartment.items():
        assert set(codes) <= set(r4.search_parameters(type_)), type_


def test_required_codes_disregard_the_version_of_the_value_set(r4: Definitions) -> None:
    url = "http://hl7.org/fhir/ValueSet/administrative-gender"

    assert r4.required_codes(url) == frozenset({"male", "female", "other", "unknown"})
    assert r4.required_codes(f"{url}|4.0.1") == r4.required_codes(url)


def test_codes_below_another_code_count(r4: Definitions) -> None:
    codes = r4.required_codes("http://hl7.org/fhir/ValueSet/issue-type")

    assert codes is not None
    assert {"invalid", "structure"} <= codes


def test_only_four_required_value_sets_have_no_list(r4: Definitions) -> None:
    bound = {
        element.required_binding.partition("|")[0]
        for name in r4.structures()
        for table in r4.structure(name).elements.values()
        for element in table
        if element.required_binding
    }

    assert {url for url in bound if r4.required_codes(url) is None} == {
        "http://hl7.org/fhir/ValueSet/currencies",
        "http://hl7.org/fhir/ValueSet/mimetypes",
        "http://hl7.org/fhir/ValueSet/ucum-units",
        "http://loinc.org/vs/LL379-9",
    }


def test_missing_data_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DefinitionsError, match="make setup"):
        definitions.read(tmp_path / "definitions.msgpack")


def test_data_of_another_compiler_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "definitions.msgpack"
    file.write_bytes(msgspec.msgpack.encode({"version": 3}))

    with pytest.raises(DefinitionsError, match="make setup"):
        definitions.read(file)

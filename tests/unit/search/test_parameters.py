"""Every search parameter of R4 compiles, or stands on a list with the reason."""

import pytest

from fhir_server.fhir.definitions import load
from fhir_server.fhirpath.compile import compile, ends  # noqa: A004 - FHIRPath's word
from fhir_server.fhirpath.model import model_of
from fhir_server.search.parameter import SearchType
from fhir_server.search.parameters import (
    COLUMNS,
    not_extracted,
    parameters,
    searchable,
)
from fhir_server.search.params import date, number, quantity, reference, string, token, uri
from fhir_server.search.params.composite import components

DEFINITIONS = load()
MODEL = model_of(DEFINITIONS)
HERE = reference.Here(base="http://here/fhir", types=frozenset(DEFINITIONS.resource_types))
VALUES = {
    SearchType.TOKEN: token.values({}),
    SearchType.STRING: string.values(),
    SearchType.DATE: date.values(),
    SearchType.REFERENCE: reference.values(HERE),
    SearchType.NUMBER: number.values(),
    SearchType.QUANTITY: quantity.values(),
    SearchType.URI: uri.values(),
}
# Where an expression may end in a type that has no value of the parameter's type.
VALUELESS = {
    ("date", "string"),  # "in the spring"
    ("date", "Age"),
    ("date", "Range"),
    ("reference", "Attachment"),  # Consent.source[x]: the document itself
    ("reference", "Extension"),  # its value is taken
    ("string", "Extension"),
    ("token", "Extension"),
}


@pytest.mark.parametrize("type_name", DEFINITIONS.resource_types)
def test_every_expression_compiles_and_can_end_somewhere(type_name: str) -> None:
    for parameter in parameters(DEFINITIONS, type_name).values():
        compile(parameter.expression, type_name, MODEL)

        assert ends(parameter.expression, type_name, MODEL), parameter.code


@pytest.mark.parametrize("type_name", DEFINITIONS.resource_types)
def test_every_component_of_a_composite_compiles(type_name: str) -> None:
    for parameter in parameters(DEFINITIONS, type_name).values():
        for end in ends(parameter.expression, type_name, MODEL):
            for part in components(parameter, DEFINITIONS):
                compile(part.expression, type_name if part.of_root else end.type, MODEL)


@pytest.mark.parametrize("type_name", DEFINITIONS.resource_types)
def test_every_type_that_a_parameter_meets_has_values_or_is_named(type_name: str) -> None:
    unknown = {
        (parameter.code, end.type)
        for parameter in parameters(DEFINITIONS, type_name).values()
        if not_extracted(parameter) is None and parameter.type is not SearchType.COMPOSITE
        for end in ends(parameter.expression, type_name, MODEL)
        if end.type not in VALUES[parameter.type]
        and (str(parameter.type), end.type) not in VALUELESS
    }

    assert unknown == set()


def test_what_is_not_extracted_is_a_short_list() -> None:
    left_out = {
        (type_name, parameter.code)
        for type_name in DEFINITIONS.resource_types
        for parameter in parameters(DEFINITIONS, type_name).values()
        if not_extracted(parameter) is not None
    }

    phonetic = {"InsurancePlan", "Organization", "Patient", "Person", "Practitioner"}
    assert left_out == {
        ("Bundle", "composition"),
        ("Bundle", "message"),
        ("DocumentReference", "relationship"),
        ("Location", "near"),
        ("RelatedPerson", "phonetic"),
        *((type_name, "phonetic") for type_name in phonetic),
    }


def test_parameters_of_every_resource_are_on_each_type_under_its_own_number() -> None:
    patient, encounter = parameters(DEFINITIONS, "Patient"), parameters(DEFINITIONS, "Encounter")

    assert {"_tag", "_security", "_profile", "_source", *COLUMNS} <= patient.keys()
    assert patient["_tag"].param_id != encounter["_tag"].param_id


def test_no_two_parameters_bear_the_same_number() -> None:
    numbers = [
        parameter.param_id
        for type_name in DEFINITIONS.resource_types
        for parameter in parameters(DEFINITIONS, type_name).values()
    ]

    assert len(numbers) == len(set(numbers))


def test_patient_parameter_targets_patients_only() -> None:
    assert parameters(DEFINITIONS, "Encounter")["patient"].targets == ("Patient",)
    assert parameters(DEFINITIONS, "Encounter")["subject"].targets == ("Group", "Patient")


def test_every_type_of_parameter_can_be_searched_by() -> None:
    types = {parameter.type for parameter in searchable(DEFINITIONS, "Observation")}

    assert types == set(SearchType) - {SearchType.NUMBER, SearchType.SPECIAL, SearchType.URI} | {
        SearchType.URI
    }

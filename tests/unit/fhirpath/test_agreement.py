"""The narrow compiler of search parameters and that of the whole language find the same.

https://hl7.org/fhir/R4/searchparameter-registry.html
"""

import pytest

from fhir_server.fhir.definitions import load
from fhir_server.fhir.resource import Json, Resource
from fhir_server.fhirpath.compile import compile  # noqa: A004 - FHIRPath's word
from fhir_server.fhirpath.expression import STRICT, expression
from fhir_server.fhirpath.model import model_of
from fhir_server.search.parameters import not_extracted, parameters

DEFINITIONS = load()
MODEL = model_of(DEFINITIONS)
RESOURCES: list[Resource] = [
    {
        "resourceType": "Encounter",
        "id": "1",
        "meta": {"tag": [{"code": "t"}], "lastUpdated": "2026-01-01T00:00:00Z"},
        "status": "finished",
        "class": {"code": "EMER"},
        "identifier": [{"value": "a"}, {"value": "b"}],
        "participant": [{"individual": {"reference": "Practitioner/1"}}, {"type": [{"text": "x"}]}],
        "period": {"start": "2026-01-01"},
    },
    {
        "resourceType": "Patient",
        "name": [{"given": [None, "Ada"], "_given": [{"id": "x"}, None], "family": "L"}],
        "telecom": [{"system": "email", "value": "a@b"}, {"system": "phone", "value": "1"}],
        "deceasedDateTime": "2026-01-01",
        "birthDate": "1974-12-25",
    },
    {
        "resourceType": "Observation",
        "code": {"coding": [{"code": "c"}]},
        "valueQuantity": {"value": 3, "code": "kg"},
        "component": [{"code": {"text": "x"}, "valueString": "y"}],
        "effectivePeriod": {"start": "2026"},
    },
    {
        "resourceType": "QuestionnaireResponse",
        "item": [
            {
                "extension": [
                    {
                        "url": "http://hl7.org/fhir/StructureDefinition/questionnaireresponse-isSubject",
                        "valueBoolean": True,
                    }
                ],
                "answer": [{"valueReference": {"reference": "Patient/1"}}],
            }
        ],
    },
]


def narrowly(text: str, resource: Resource) -> list[Json]:
    return [value for _, value in compile(text, resource["resourceType"], MODEL)(resource)]


def wholly(text: str, resource: Resource) -> list[Json]:
    found = expression(text, MODEL, base=resource["resourceType"]).evaluate(resource)
    return [item.value for item in found if item.value is not None]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource["resourceType"])
def test_both_compilers_find_the_same(resource: Resource) -> None:
    compared = 0
    for parameter in parameters(DEFINITIONS, resource["resourceType"]).values():
        # What resolve() finds depends on more than the resource; the narrow one goes by the text.
        if not_extracted(parameter) is None and "resolve()" not in parameter.expression:
            text = parameter.expression
            assert wholly(text, resource) == narrowly(text, resource), text
            compared += bool(narrowly(text, resource))

    assert compared


def test_every_search_parameter_compiles_strictly() -> None:
    compiled = [
        expression(parameter.expression, MODEL, base=type_name, strictness=STRICT)
        for type_name in DEFINITIONS.resource_types
        for parameter in parameters(DEFINITIONS, type_name).values()
    ]

    assert len(compiled) > 1_000

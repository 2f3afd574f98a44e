"""The official examples: valid but for the faults they have, and the same after a way through XML.

https://hl7.org/fhir/R4/examples.html
"""

import pytest

from fhir_server.fhir import xml
from fhir_server.fhir.definitions import load
from fhir_server.fhir.json import decode, encode
from fhir_server.validation.structure import check
from tests.official_examples import examples, instances

# The examples that break the specification that they belong to, and where.
EMPTY_NARRATIVE = "Its narrative is empty (txt-2)."
NO_BASE = "A SearchParameter must have a `base`."
NOT_A_TARGET = "It refers to a type that the definition does not name."
KNOWN_FAULTS = {
    "ActivityDefinition-blood-tubes-supply.json": EMPTY_NARRATIVE,
    "ActivityDefinition-heart-valve-replacement.json": EMPTY_NARRATIVE,
    "EventDefinition-example.json": EMPTY_NARRATIVE,
    "Questionnaire-zika-virus-exposure-assessment.json": EMPTY_NARRATIVE,
    "CodeSystem-v2-0550.json": "Codes end in a no-break space that was decoded wrongly.",
    "DeviceMetric-example.json": NOT_A_TARGET,
    "DeviceUseStatement-example.json": NOT_A_TARGET,
    "MedicationRequest-medrx0301.json": NOT_A_TARGET,
    "Observation-clinical-gender.json": NOT_A_TARGET,
    "OrganizationAffiliation-orgrole1.json": "`Network` is no resource type.",
    "Questionnaire-qs1.json": "Items have no `linkId`.",
    "SearchParameter-codesystem-extensions-CodeSystem-author.json": NO_BASE,
    "SearchParameter-codesystem-extensions-CodeSystem-effective.json": NO_BASE,
    "SearchParameter-codesystem-extensions-CodeSystem-end.json": NO_BASE,
    "SearchParameter-codesystem-extensions-CodeSystem-keyword.json": NO_BASE,
    "SearchParameter-codesystem-extensions-CodeSystem-workflow.json": NO_BASE,
    "SearchParameter-valueset-extensions-ValueSet-author.json": NO_BASE,
    "SearchParameter-valueset-extensions-ValueSet-effective.json": NO_BASE,
    "SearchParameter-valueset-extensions-ValueSet-end.json": NO_BASE,
    "SearchParameter-valueset-extensions-ValueSet-keyword.json": NO_BASE,
    "SearchParameter-valueset-extensions-ValueSet-workflow.json": NO_BASE,
    "SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject.json": (
        "Its id is longer than 64 characters."
    ),
}


@pytest.mark.spec("validation.html", "SHALL")
def test_the_official_examples_are_valid_but_for_their_own_faults() -> None:
    wrong = {name for name, body in examples() if check(decode(body), load())}

    assert wrong == KNOWN_FAULTS.keys()


@pytest.mark.spec("xml.html", "SHALL")
def test_the_official_examples_are_the_same_in_json_and_xml() -> None:
    """Equal as values, and in the digits of decimals, which equal decimals may differ in."""
    count = 0
    for name, body in instances(one_in=10):
        before = decode(body)
        by_xml = xml.decode(xml.encode(before, load()), load())
        assert by_xml == before, name
        assert len(encode(by_xml)) == len(encode(before)), name
        count += 1

    assert count > 1_000

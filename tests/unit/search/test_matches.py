"""The meaning of each node, on one resource."""

from dataclasses import replace

import pytest

from fhir_server.fhir.dates import parse as parse_date
from fhir_server.fhir.definitions import load
from fhir_server.search.candidate import Candidate
from fhir_server.search.expression import (
    And,
    Comparison,
    Everything,
    Expression,
    IdIs,
    Not,
    Nothing,
    Or,
    OwnerIs,
    UpdatedIn,
)
from fhir_server.search.extract import extract
from fhir_server.search.matches import matches
from fhir_server.search.parse import parse

DEFINITIONS = load()
BASE = "http://here/fhir"
UPDATED = parse_date("2026-03-04T15:02:11.000001Z").lo
PATIENT = {
    "resourceType": "Patient",
    "id": "9",
    "identifier": [{"system": "http://mrn", "value": "AB12"}, {"value": "plain"}],
    "gender": "female",
    "birthDate": "1990-05",
    "name": [{"family": "Ångström-Núñez", "given": ["María José"]}],
    "generalPractitioner": [
        {"reference": "Organization/1"},
        {"reference": "http://else/Patient/1"},
    ],
}
CANDIDATE = Candidate(
    type="Patient",
    type_id=DEFINITIONS.type_id("Patient"),
    id="9",
    owner=7,
    patient_id="9",
    custodian=3,
    labels=1,
    last_updated=UPDATED,
    indexed=extract(PATIENT, DEFINITIONS, BASE),
)


def asked(name: str, value: str) -> Expression:
    return parse(
        "Patient",
        [(name, value)],
        DEFINITIONS,
        base=BASE,
        lenient=False,
        default_count=20,
        max_count=100,
        at=UPDATED,
    ).where


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("identifier", "ab12", True),
        ("identifier", "http://mrn|AB12", True),
        ("identifier", "http://other|AB12", False),
        ("identifier", "|AB12", False),
        ("identifier", "|plain", True),
        ("identifier", "http://mrn|", True),
        ("identifier", "http://other|", False),
        ("identifier", "AB1", False),
        ("gender", "female", True),
        ("gender", "male,female", True),
        ("gender", "http://hl7.org/fhir/administrative-gender|female", True),
        ("active", "true", False),
        ("family", "angstrom", True),
        ("family", "ÅNGSTRÖM-NU", True),
        ("family", "nunez", False),
        ("given", "maria  jose", True),
        ("name", "maria", True),
        ("birthdate", "1990", True),
        ("birthdate", "1990-05-03", False),
        ("birthdate", "ap1990-05-03", True),
        ("birthdate", "lt1990-05-03", True),
        ("birthdate", "sa1990-04", True),
        ("birthdate", "ne1990", False),
        ("death-date", "ne1990", False),
        ("general-practitioner", "Organization/1", True),
        ("general-practitioner", "1", True),
        ("general-practitioner", "Practitioner/1", False),
        ("general-practitioner", "http://else/Patient/1", True),
        ("_id", "8,9", True),
        ("_id", "8", False),
        ("_lastUpdated", "2026-03-04", True),
        ("_lastUpdated", "gt2026-03-04T15:02:11.000001Z", False),
        ("_lastUpdated", "gt2026-03-04T15:02:11.000000Z", True),
        ("_lastUpdated", "ge2026-03-04T15:02:11.000001Z", True),
    ],
)
def test_criterion_on_a_patient(name: str, value: str, expected: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert matches(asked(name, value), CANDIDATE) is expected


def test_logic() -> None:
    yes, no = Everything(), Nothing()

    assert matches(And(operands=(yes, yes)), CANDIDATE)
    assert not matches(And(operands=(yes, no)), CANDIDATE)
    assert matches(And(operands=()), CANDIDATE)
    assert matches(Or(operands=(no, yes)), CANDIDATE)
    assert not matches(Or(operands=()), CANDIDATE)
    assert matches(Not(operand=no), CANDIDATE)
    assert not matches(Not(operand=IdIs(ids=("9",))), CANDIDATE)


def test_owner_goes_by_the_id_of_the_patient() -> None:
    assert matches(OwnerIs(patient_id="9"), CANDIDATE)
    assert not matches(OwnerIs(patient_id="8"), CANDIDATE)
    assert not matches(OwnerIs(patient_id="9"), replace(CANDIDATE, patient_id=None))


def test_last_updated_is_one_microsecond_wide() -> None:
    instant = {"lo": UPDATED, "hi": UPDATED + 1}

    found = {p.value for p in Comparison if matches(UpdatedIn(comparison=p, **instant), CANDIDATE)}

    assert found == {"eq", "ge", "le", "ap"}

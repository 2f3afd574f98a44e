"""What an emergency token may ask, on the expression of a search."""

import pytest

from fhir_server.access.emergency import patient_of
from fhir_server.fhir import definitions
from fhir_server.fhir.outcome import ForbiddenError
from fhir_server.search.parse import parse
from fhir_server.search.query import Query


def query(type_: str, *pairs: tuple[str, str]) -> Query:
    return parse(
        type_,
        pairs,
        definitions.load(),
        base="http://fhir.example/fhir",
        lenient=False,
        default_count=20,
        max_count=100,
        at=0,
    )


@pytest.mark.parametrize(
    "pairs",
    [
        [("identifier", "urn:x|1")],
        [("identifier", "1"), ("gender", "female")],
        [("family", "reyes"), ("birthdate", "1990-01-01")],
        [("family", "reyes"), ("birthdate", "1990-01-01"), ("given", "ana")],
    ],
)
def test_patient_by_what_names_one_person(pairs: list[tuple[str, str]]) -> None:
    assert patient_of(query("Patient", *pairs)) is None


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("identifier", "urn:x|")],
        [("identifier", "1,2")],
        [("family", "reyes")],
        [("family", "r"), ("birthdate", "1990-01-01")],
        [("family", "reyes"), ("birthdate", "1990")],
        [("family", "reyes"), ("birthdate", "lt1990-01-01")],
        [("name", "reyes"), ("birthdate", "1990-01-01")],
        [("birthdate", "1990-01-01")],
        [("_id", "1")],
    ],
)
def test_patient_by_less_is_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(ForbiddenError):
        patient_of(query("Patient", *pairs))


@pytest.mark.parametrize(
    "pairs",
    [
        [("patient", "1")],
        [("patient", "Patient/1"), ("patient", "1")],
        [("subject", "Patient/1"), ("status", "finished")],
    ],
)
def test_everything_else_for_one_patient(pairs: list[tuple[str, str]]) -> None:
    assert patient_of(query("Encounter", *pairs)) == "1"


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("patient", "1,2")],
        [("patient", "1"), ("patient", "2")],
        [("subject", "Group/1")],
        [("participant", "Practitioner/1")],
    ],
)
def test_everything_else_for_nobody_or_several_is_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(ForbiddenError):
        patient_of(query("Encounter", *pairs))

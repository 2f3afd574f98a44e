"""Exact matching on strong identifiers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.matching.exact import US_SSN, links, strong

OURS = "http://fhir.crisis-continuity.org/sid"


def a_patient(*identifiers: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Patient", "identifier": list(identifiers)}


def test_identifier_of_a_shared_system_is_strong() -> None:
    found = strong(
        a_patient(
            {"system": "urn:mrn", "value": "7"},
            {"system": f"{OURS}/drivers-license/OR", "value": "A1"},
            {"system": US_SSN, "value": "501220001"},
        )
    )

    assert found == (
        (f"{OURS}/drivers-license/OR", "A1"),
        (US_SSN, "501220001"),
        ("urn:mrn", "7"),
    )


@pytest.mark.parametrize(
    "identifier",
    [
        {"value": "7"},
        {"system": "urn:mrn"},
        {"system": "urn:mrn", "value": "--"},
        {"system": "urn:mrn", "value": "7", "use": "old"},
        {"system": "urn:mrn", "value": "7", "use": "temp"},
        {"system": f"{OURS}/person/mct", "value": "P-1"},
        {"system": f"{OURS}/encounter-person/mct", "value": "CE-1"},
    ],
)
def test_agencys_own_number_and_half_an_identifier_are_not_strong(
    identifier: dict[str, Any],
) -> None:
    assert strong(a_patient(identifier)) == ()


@pytest.mark.parametrize(
    "number",
    [
        "000120001",
        "666120001",
        "900120001",
        "501000001",
        "501220000",
        "123456789",
        "078051120",
        "111111111",
        "501-22-0001",
        "50122",
        "50122000x",
    ],
)
def test_number_that_was_never_issued_links_nobody(number: str) -> None:
    assert strong(a_patient({"system": US_SSN, "value": number})) == ()


@given(st.lists(st.sampled_from("abcd"), max_size=6))
def test_a_patient_is_linked_to_each_other_once_and_never_to_itself(found: list[str]) -> None:
    ids = [link["other"]["reference"].removeprefix("Patient/") for link in links("a", found)]

    assert ids == sorted(set(found) - {"a"})

"""What a Consent's rare selectors ask of a resource."""

import pytest

from fhir_server.access.directives import local_address
from fhir_server.consent.contents import Reading, contents, when
from fhir_server.fhir import dates
from fhir_server.fhir.resource import Element, Resource

READING = Reading(
    address=lambda element: local_address(element, "http://here.example/fhir"),
    type_ids={"Observation": 20, "Encounter": 10, "Procedure": 30},
)
ENCOUNTER: Resource = {"resourceType": "Encounter", "id": "e1"}
OBSERVATION: Resource = {
    "resourceType": "Observation",
    "id": "o1",
    "meta": {"profile": ["http://example.org/p|1"]},
    "code": {"coding": [{"system": "urn:s", "code": "a"}]},
    "encounter": {"reference": "Encounter/e1"},
    "performer": [{"reference": "http://here.example/fhir/Practitioner/p1"}, {"display": "x"}],
    "effectiveDateTime": "2025-03-01",
}


def test_a_resource_tells_its_codes_profiles_date_author_and_neighbours() -> None:
    encounter, observation = contents([(1, ENCOUNTER), (2, OBSERVATION)], READING)

    assert (observation.key, observation.address) == (2, ("Observation", "o1"))
    assert observation.codings == {("urn:s", "a")}
    assert observation.profiles == {"http://example.org/p"}
    assert observation.refers_to == {("Encounter", "e1"), ("Practitioner", "p1")}
    assert observation.authors == {("Practitioner", "p1")}
    assert encounter.referred_by == {("Observation", "o1")}
    assert encounter.type_id == 10


def test_authors_are_found_below_the_element_that_names_them() -> None:
    performer = {"actor": {"reference": "Practitioner/p1"}}
    resource = {"resourceType": "Procedure", "id": "1", "performer": [performer]}

    (found,) = contents([(1, resource)], READING)

    assert found.authors == {("Practitioner", "p1")}


@pytest.mark.parametrize(
    ("element", "period"),
    [
        (
            {"effectiveDateTime": "2025-03", "issued": "2025-04-01T10:00:00Z"},
            ("2025-03", "2025-03"),
        ),
        ({"period": {"start": "2025-01-01", "end": "2025-02"}}, ("2025-01-01", "2025-02")),
        ({"period": {"start": "2025-01-01"}, "date": "2025-05"}, ("2025-05", "2025-05")),
        ({"period": {"end": "2025-01-01"}}, None),
        ({}, None),
    ],
)
def test_when_it_was(element: Element, period: tuple[str, str] | None) -> None:
    expected = period and (dates.parse(period[0]).lo, dates.parse(period[1]).hi)

    assert when({"resourceType": "Observation", **element}) == expected

"""https://hl7.org/fhir/R4/http.html#transaction , batches ."""

import httpx
import pytest

from tests.api.resources import bundle, entry, patient, tag


@pytest.mark.spec("http.html#brules", "SHALL")
def test_each_entry_stands_alone(agency: httpx.Client) -> None:
    existing = agency.post("/Patient", json=patient()).json()["id"]
    sent = bundle(
        "batch",
        entry("POST", "Patient", patient()),
        entry("GET", f"Patient/{existing}"),
        entry("GET", f"Patient/{tag()}"),
        entry("GET", f"Patient?_id={existing}"),
        entry("PUT", f"Patient/{existing}", patient(id=existing), ifMatch='W/"9"'),
        entry("POST", "Patient", {"resourceType": "Observation"}),
        entry("DELETE", f"Patient/{existing}"),
        entry("GET", "metadata"),
    )

    response = agency.post("", json=sent)

    answer = response.json()
    statuses = [e["response"]["status"][:3] for e in answer["entry"]]
    assert (response.status_code, answer["type"]) == (200, "batch-response")
    assert statuses == ["201", "200", "404", "200", "412", "400", "204", "200"]
    assert answer["entry"][1]["resource"]["id"] == existing
    assert answer["entry"][2]["response"]["outcome"]["resourceType"] == "OperationOutcome"
    assert answer["entry"][3]["resource"]["type"] == "searchset"


@pytest.mark.spec("http.html#brules", "SHALL")
def test_an_entry_tells_what_a_response_would(agency: httpx.Client) -> None:
    answer = agency.post("", json=bundle("batch", entry("POST", "Patient", patient()))).json()

    response = answer["entry"][0]["response"]
    assert response["etag"] == 'W/"1"'
    assert response["location"].endswith("/_history/1")
    assert response["lastModified"].endswith("Z")
    assert "resource" not in answer["entry"][0]


@pytest.mark.spec("http.html#ops", "SHOULD")
def test_preferences_hold_for_the_entries(agency: httpx.Client) -> None:
    sent = bundle("batch", entry("POST", "Patient", patient()))

    whole = agency.post("", json=sent, headers={"Prefer": "return=representation"}).json()
    outcome = agency.post("", json=sent, headers={"Prefer": "return=OperationOutcome"}).json()

    assert whole["entry"][0]["resource"]["resourceType"] == "Patient"
    assert outcome["entry"][0]["response"]["outcome"]["resourceType"] == "OperationOutcome"


@pytest.mark.spec("http.html#cread", "MAY")
def test_a_conditional_read_in_a_batch(agency: httpx.Client) -> None:
    id_ = agency.post("/Patient", json=patient()).json()["id"]
    sent = bundle("batch", entry("GET", f"Patient/{id_}", ifNoneMatch='W/"1"'))

    answer = agency.post("", json=sent).json()

    assert answer["entry"][0]["response"]["status"].startswith("304")


@pytest.mark.parametrize("kind", ["collection", "searchset", None])
def test_another_bundle_is_refused(agency: httpx.Client, kind: str | None) -> None:
    response = agency.post("", json={"resourceType": "Bundle", "type": kind})

    assert response.status_code == 400


def test_another_resource_is_refused(agency: httpx.Client) -> None:
    assert agency.post("", json=patient()).status_code == 400


def test_an_empty_batch_has_an_empty_answer(agency: httpx.Client) -> None:
    response = agency.post("", json={"resourceType": "Bundle", "type": "batch"})

    assert response.json() == {"resourceType": "Bundle", "type": "batch-response"}


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"request": {"method": "GET"}},
        {"request": {"method": "get", "url": "Patient/1"}},
        {"request": {"method": "GET", "url": ""}},
        {"request": {"method": "POST", "url": "Patient"}, "resource": [1]},
        {"request": {"method": "GET", "url": "http://other.example/Patient/1"}},
    ],
)
def test_a_malformed_entry_fails_alone(agency: httpx.Client, broken: object) -> None:
    sent = bundle("batch", broken, entry("POST", "Patient", patient()))

    answer = agency.post("", json=sent).json()

    assert [e["response"]["status"][:3] for e in answer["entry"]] == ["400", "201"]

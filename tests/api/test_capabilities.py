"""https://hl7.org/fhir/R4/http.html#capabilities ."""

import pytest

from tests.api.deployment import Deployment, Registration


@pytest.mark.spec("http.html#capabilities", "SHALL")
def test_capabilities_need_no_token(deployment: Deployment) -> None:
    response = deployment.http().get("/metadata")

    statement = response.json()
    assert response.status_code == 200
    assert statement["resourceType"] == "CapabilityStatement"
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["implementation"]["url"] == f"{deployment.url}/fhir"


@pytest.mark.spec("http.html#capabilities", "MAY")
def test_the_statement_is_given_in_the_modes_that_there_are(deployment: Deployment) -> None:
    client = deployment.http()

    kinds = [
        client.get("/metadata", params={"mode": mode}).json()["resourceType"]
        for mode in ("full", "terminology", "normative")
    ]

    assert kinds == ["CapabilityStatement", "TerminologyCapabilities", "OperationOutcome"]


@pytest.mark.spec("terminologycapabilities.html", "SHOULD")
def test_the_code_systems_that_there_are_are_stated(deployment: Deployment) -> None:
    stated = deployment.http().get("/metadata", params={"mode": "terminology"}).json()
    systems = {found["uri"]: found.get("version") for found in stated["codeSystem"]}

    assert systems["http://hl7.org/fhir/sid/icd-10-cm"] == [{"code": "2026", "isDefault": True}]
    assert systems.keys() >= {"http://unitsofmeasure.org", "http://hl7.org/fhir/task-status"}
    # R4 has a CodeSystem for it, but no codes.
    assert "http://snomed.info/sct" not in systems
    assert {found["name"] for found in stated["expansion"]["parameter"]} >= {"filter", "count"}


@pytest.mark.spec("http.html#cread", "MAY")
def test_a_current_copy_is_not_sent_again(deployment: Deployment) -> None:
    client = deployment.http()
    etag = client.get("/metadata").headers["ETag"]

    assert client.get("/metadata", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.spec("capabilitystatement.html", "SHALL")
def test_what_is_stated_can_be_done(deployment: Deployment) -> None:
    # Only a privacy officer's client may search every type, AuditEvent among them.
    agency = deployment.agency("Officer", Registration(privacy_officer=True)).http
    rest = deployment.http().get("/metadata").json()["rest"][0]
    stated = {resource["type"]: resource for resource in rest["resource"]}

    for name, resource in stated.items():
        response = agency.get(f"/{name}", params={"_count": "1"})
        assert response.status_code == 200, (name, response.text)
        assert {"code": "search-type"} in resource["interaction"]
    for parameter in stated["Encounter"]["searchParam"]:
        value = {
            "date": "2026-01-01",
            "quantity": "5",
            "reference": "http://x.example/fhir/Group/1",
        }.get(parameter["type"], "x")
        value = "2026-01-01" if parameter["name"] == "_lastUpdated" else value
        response = agency.get("/Encounter", params={parameter["name"]: value, "_count": "1"})
        assert response.status_code == 200, (parameter, response.text)

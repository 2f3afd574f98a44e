"""https://hl7.org/fhir/R4/http.html#create ."""

import httpx
import pytest

from tests.api.deployment import Deployment, Registration
from tests.api.resources import patient

FHIR_JSON = {"Content-Type": "application/fhir+json"}


@pytest.mark.spec("http.html#create", "SHALL")
def test_create_tells_where_the_new_resource_is(
    deployment: Deployment, agency: httpx.Client
) -> None:
    response = agency.post("/Patient", json=patient())

    body = response.json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"{deployment.url}/fhir/Patient/{body['id']}/_history/1"
    assert response.headers["ETag"] == 'W/"1"'
    assert agency.get(response.headers["Location"]).json() == body


@pytest.mark.spec("http.html#create", "SHALL")
def test_id_version_and_time_of_the_client_are_ignored(agency: httpx.Client) -> None:
    sent = patient(id="mine", meta={"versionId": "7", "lastUpdated": "2001-01-01T00:00:00Z"})

    body = agency.post("/Patient", json=sent).json()

    assert body["id"] != "mine"
    assert body["meta"]["versionId"] == "1"
    assert not body["meta"]["lastUpdated"].startswith("2001")


@pytest.mark.spec("http.html#create", "SHALL")
@pytest.mark.parametrize(
    ("content", "expression"),
    [
        ('{"resourceType": "Observation"}', "resourceType"),
        ('{"active": true}', "resourceType"),
        ('{"resourceType": "Patient", "active": true, "active": false}', "Patient.active"),
        ("{", None),
        ("[]", None),
        ("", None),
    ],
)
def test_what_is_no_such_resource_is_refused(
    agency: httpx.Client, content: str, expression: str | None
) -> None:
    response = agency.post("/Patient", content=content, headers=FHIR_JSON)

    issue = response.json()["issue"][0]
    assert response.status_code == 400
    assert issue.get("expression") == (None if expression is None else [expression])


@pytest.mark.spec("http.html#create", "SHALL")
def test_every_fault_is_named_by_its_path(agency: httpx.Client) -> None:
    response = agency.post(
        "/Patient", json=patient(name=[{"familyName": "x"}], birthDate="yesterday", gender="x")
    )

    expressions = {issue["expression"][0] for issue in response.json()["issue"]}
    assert response.status_code == 422
    assert {"Patient.birthDate", "Patient.gender"} <= expressions
    assert any(found.startswith("Patient.name[0]") for found in expressions)


@pytest.mark.spec("http.html#ops", "SHOULD")
@pytest.mark.parametrize(
    ("preference", "kind"),
    [
        ("return=minimal", None),
        ("return=representation", "Patient"),
        ("return=OperationOutcome", "OperationOutcome"),
    ],
)
def test_the_body_is_what_the_client_prefers(
    agency: httpx.Client, preference: str, kind: str | None
) -> None:
    response = agency.post("/Patient", json=patient(), headers={"Prefer": preference})

    assert response.status_code == 201
    assert (response.json()["resourceType"] if response.content else None) == kind
    assert response.headers["Location"]


@pytest.mark.spec("http.html#mime-type", "SHALL")
@pytest.mark.parametrize("content_type", ["text/turtle", "text/plain"])
def test_another_format_is_refused(agency: httpx.Client, content_type: str) -> None:
    response = agency.post("/Patient", content="<x/>", headers={"Content-Type": content_type})

    assert response.status_code == 415
    assert response.json()["issue"][0]["expression"] == ["http.Content-Type"]


def test_without_the_scope_nothing_is_created(deployment: Deployment) -> None:
    reader = deployment.agency("Reader", Registration(scopes="system/Patient.rs")).http

    assert reader.post("/Patient", json=patient()).status_code == 403

"""`$validate`: https://hl7.org/fhir/R4/resource-operation-validate.html ."""

import json
import uuid
from typing import Any

import httpx
import pytest

from fhir_server.fhir import xml
from fhir_server.fhir.definitions import load
from tests.api.deployment import Deployment
from tests.api.resources import patient

Json = Any
LINE = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line"
BODY_HEIGHT = "http://hl7.org/fhir/StructureDefinition/bodyheight"
XML = {"Content-Type": "application/fhir+xml", "Accept": "application/fhir+xml"}


def parameters(resource: Json = None, **others: str) -> Json:
    found = [{"name": name, "valueUri": value} for name, value in others.items()]
    if resource is not None:
        found.append({"name": "resource", "resource": resource})
    return {"resourceType": "Parameters", "parameter": found}


def issues(response: httpx.Response) -> Json:
    assert response.status_code == 200, response.text
    found = response.json()
    assert found["resourceType"] == "OperationOutcome"
    return found["issue"]


def errors(response: httpx.Response) -> list[str]:
    return [issue["expression"][0] for issue in issues(response) if issue["severity"] == "error"]


def lines(response: httpx.Response) -> list[int]:
    return [
        extension["valueInteger"]
        for issue in issues(response)
        if issue["severity"] == "error"
        for extension in issue["extension"]
        if extension["url"] == LINE
    ]


def refusal(response: httpx.Response, status: int) -> str:
    assert response.status_code == status, response.text
    text: str = response.json()["issue"][0]["diagnostics"]
    return text


def profile(**elements: Json) -> Json:
    """A profile of Patient that demands a photo, of a name that no other test uses."""
    return {
        "resourceType": "StructureDefinition",
        "url": f"http://example.org/StructureDefinition/{uuid.uuid4()}",
        "name": "Pictured",
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {
            "element": [
                {"id": "Patient", "path": "Patient"},
                {"id": "Patient.photo", "path": "Patient.photo", "min": 1},
            ]
        },
        **elements,
    }


@pytest.fixture
def stored(agency: httpx.Client) -> str:
    response = agency.post("/Patient", json=patient())
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


@pytest.mark.spec("resource-operation-validate.html", "SHALL")
@pytest.mark.parametrize("path", ["/Patient/$validate", "/$validate"])
def test_a_right_resource_is_all_ok(agency: httpx.Client, path: str) -> None:
    narrated = patient(
        text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Sam</div>'}
    )

    for body in (narrated, parameters(narrated)):
        (issue,) = issues(agency.post(path, json=body))
        assert (issue["severity"], issue["code"]) == ("information", "informational")


def test_faults_are_told_with_their_lines_and_the_status_is_200(agency: httpx.Client) -> None:
    wrong = json.dumps(patient(gender="robot", contact=[{"gender": "male"}]), indent=1)
    headers = {"Content-Type": "application/fhir+json"}

    response = agency.post("/Patient/$validate", content=wrong, headers=headers)

    assert errors(response) == ["Patient.gender", "Patient.contact[0]"]
    rows = wrong.split("\n")
    assert ["gender" in rows[line - 1] for line in lines(response)[:1]] == [True]


def test_lines_are_those_of_the_body_also_within_parameters(agency: httpx.Client) -> None:
    wrong = json.dumps(parameters(patient(gender="robot")), indent=1)
    headers = {"Content-Type": "application/fhir+json"}

    response = agency.post("/Patient/$validate", content=wrong, headers=headers)

    (line,) = lines(response)
    assert "robot" in wrong.split("\n")[line - 1]


def test_xml_is_validated_and_answered(agency: httpx.Client) -> None:
    wrong = xml.encode(patient(gender="robot"), load(), pretty=True)

    response = agency.post("/Patient/$validate", content=wrong, headers=XML)

    assert response.status_code == 200
    outcome = xml.decode(response.content, load())
    (issue,) = [issue for issue in outcome["issue"] if issue["severity"] == "error"]
    (line,) = [each["valueInteger"] for each in issue["extension"] if each["url"] == LINE]
    assert issue["expression"] == ["Patient.gender"]
    assert b"robot" in wrong.split(b"\n")[line - 1]


def test_nothing_is_stored(agency: httpx.Client) -> None:
    before = agency.get("/Patient?_summary=count&_total=accurate").json()["total"]
    agency.post("/Patient/$validate", json=patient())

    assert agency.get("/Patient?_summary=count&_total=accurate").json()["total"] == before


def test_a_profile_is_applied_by_parameter_and_by_query(agency: httpx.Client) -> None:
    height = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]},
    }

    by_parameter = agency.post(
        "/Observation/$validate", json=parameters(height, profile=BODY_HEIGHT)
    )
    by_query = agency.post("/Observation/$validate", json=height, params={"profile": BODY_HEIGHT})

    assert "Observation.category" in errors(by_parameter)
    assert errors(by_query) == errors(by_parameter)
    assert not errors(agency.post("/Observation/$validate", json=height))


def test_an_unknown_profile_is_refused_with_a_remedy(agency: httpx.Client) -> None:
    unknown = f"http://example.org/{uuid.uuid4()}"
    response = agency.post("/Patient/$validate", json=patient(), params={"profile": unknown})

    assert unknown in refusal(response, 422)
    assert "handoff package add" in refusal(response, 422)


def test_a_profile_that_is_stored_here_is_applied(agency: httpx.Client) -> None:
    demanding = profile()
    url = demanding["url"]
    assert agency.post("/StructureDefinition", json=demanding).status_code == 201

    asked = agency.post("/Patient/$validate", json=patient(), params={"profile": url})
    claimed = agency.post("/Patient/$validate", json=patient(meta={"profile": [url]}))

    assert errors(asked) == errors(claimed) == ["Patient.photo"]


def test_the_stored_resource_is_validated_by_get_and_by_post(
    agency: httpx.Client, stored: str
) -> None:
    path = f"/Patient/{stored}/$validate"
    demanding = profile()
    assert agency.post("/StructureDefinition", json=demanding).status_code == 201

    assert not errors(agency.get(path))
    assert not errors(agency.post(path))
    by_profile = {"mode": "profile", "profile": demanding["url"]}
    assert errors(agency.get(path, params=by_profile)) == ["Patient.photo"]
    assert errors(agency.post(path, json=parameters(**by_profile))) == ["Patient.photo"]


@pytest.mark.parametrize("mode", ["", "?mode=delete", "?mode=profile&profile=" + BODY_HEIGHT])
def test_hidden_and_absent_instances_look_the_same(
    deployment: Deployment, agency: httpx.Client, mode: str
) -> None:
    other = deployment.agency("Elsewhere").http
    hidden = other.post("/Patient", json=patient()).json()["id"]

    answers = [agency.get(f"/Patient/{id_}/$validate{mode}") for id_ in (hidden, "absent")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_an_update_needs_the_id_of_the_url(agency: httpx.Client, stored: str) -> None:
    path = f"/Patient/{stored}/$validate?mode=update"

    assert not errors(agency.post(path, json=patient(id=stored)))
    assert errors(agency.post(path, json=patient(id="other"))) == ["Patient.id"]
    assert errors(agency.post(path, json=patient())) == ["Patient.id"]
    assert errors(agency.post("/Patient/$validate?mode=update", json=patient())) == ["Patient.id"]
    assert not errors(agency.post("/Patient/$validate?mode=create", json=patient()))


def test_a_deletion_of_what_is_seen_may_be_tried(agency: httpx.Client, stored: str) -> None:
    assert not errors(agency.get(f"/Patient/{stored}/$validate?mode=delete"))
    assert "instance" in refusal(agency.post("/Patient/$validate?mode=delete"), 400)


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/Patient/$validate", None, "no resource"),
        ("/Patient/$validate?mode=destroy", patient(), "`mode`"),
        ("/Patient/$validate?mode=profile", patient(), "`profile`"),
        ("/Patient/$validate?nonsense=1", patient(), "`nonsense`"),
        ("/Patient/$validate", parameters(patient(), nonsense="1"), "`nonsense`"),
        ("/Observation/$validate", patient(), "`Observation`"),
    ],
)
def test_a_question_without_sense_is_refused(
    agency: httpx.Client, path: str, body: Json, said: str
) -> None:
    response = agency.post(path, json=body) if body else agency.post(path)

    assert said in refusal(response, 400)


def test_parameters_themselves_are_validated(agency: httpx.Client) -> None:
    wrong = {"resourceType": "Parameters", "parameter": [{"valueCode": "x"}]}

    assert errors(agency.post("/Parameters/$validate", json=wrong)) == [
        "Parameters.parameter[0].name"
    ]


def test_a_token_is_needed(deployment: Deployment) -> None:
    assert deployment.http().post("/Patient/$validate", json=patient()).status_code == 401


def test_a_type_that_there_is_not_is_not_found(agency: httpx.Client) -> None:
    assert agency.post("/Nonsense/$validate", json=patient()).status_code == 404


def test_what_claims_a_known_profile_is_refused_unless_it_fits(agency: httpx.Client) -> None:
    height = {
        "resourceType": "Observation",
        "meta": {"profile": [BODY_HEIGHT, "http://example.org/unknown"]},
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8302-2"}]},
    }
    fitting = height | {
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "vital-signs",
                    }
                ]
            }
        ],
        "subject": {"reference": "Patient/1"},
        "effectiveDateTime": "2026-03-04",
        "valueQuantity": {
            "value": 180,
            "unit": "cm",
            "system": "http://unitsofmeasure.org",
            "code": "cm",
        },
    }

    refused = agency.post("/Observation", json=height)

    assert refused.status_code == 422
    told = {issue["expression"][0] for issue in refused.json()["issue"]}
    assert {"Observation.category", "Observation.subject"} <= told
    assert agency.post("/Observation", json=fitting).status_code == 201

"""XML by Accept, Content-Type and `_format`, for every interaction and every refusal.

https://hl7.org/fhir/R4/http.html#mime-type and https://hl7.org/fhir/R4/xml.html
"""

import httpx
import pytest

from fhir_server.fhir import json, xml
from fhir_server.fhir.definitions import load
from fhir_server.fhir.resource import Resource
from tests.api.deployment import Deployment
from tests.api.resources import bundle, entry, patient, tag, tagged

XML = "application/fhir+xml"
ACCEPT = {"Accept": XML}
DIV = "<div xmlns='http://www.w3.org/1999/xhtml'><p title='>'>Sam &#160;<br></br></p></div>"

SCRIPT = '<div xmlns="http://www.w3.org/1999/xhtml">x<script>y</script></div>'
EXTERNAL_ENTITY = (
    '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    '<Patient xmlns="http://hl7.org/fhir"><id value="&e;"/></Patient>'
)


def resource_of(response: httpx.Response, content_type: str = XML) -> Resource:
    assert response.headers["Content-Type"] == f"{content_type}; charset=utf-8"
    return xml.decode(response.content, load())


def post(client: httpx.Client, path: str, resource: Resource, **headers: str) -> httpx.Response:
    content = xml.encode(resource, load())
    return client.post(path, content=content, headers={"Content-Type": XML, **headers})


def outcome_of(response: httpx.Response) -> Resource:
    resource = resource_of(response)
    assert resource["resourceType"] == "OperationOutcome"
    issue: Resource = resource["issue"][0]
    return issue


@pytest.fixture
def created(agency: httpx.Client) -> Resource:
    response = agency.post("/Patient", json=patient())
    assert response.status_code == 201, response.text
    return json.decode(response.content)


@pytest.mark.spec("http.html#mime-type", "SHALL")
@pytest.mark.parametrize("accept", [XML, "application/xml", "text/xml"])
def test_xml_is_given_as_it_is_asked_for(
    agency: httpx.Client, created: Resource, accept: str
) -> None:
    response = agency.get(f"/Patient/{created['id']}", headers={"Accept": accept})

    assert resource_of(response, accept) == created
    assert response.headers["ETag"] == 'W/"1"'


@pytest.mark.spec("http.html#parameters", "SHALL")
@pytest.mark.parametrize("value", ["xml", "application%2Ffhir%2Bxml", "application/fhir+xml"])
def test_format_goes_before_accept(agency: httpx.Client, created: Resource, value: str) -> None:
    response = agency.get(f"/Patient/{created['id']}?_format={value}")
    json_response = agency.get(f"/Patient/{created['id']}?_format=json", headers=ACCEPT)

    assert resource_of(response) == created
    assert json.decode(json_response.content) == created


@pytest.mark.spec("xml.html", "SHALL")
def test_what_is_sent_in_xml_is_stored_as_json(agency: httpx.Client) -> None:
    resource = patient(
        text={"status": "additional", "div": DIV},
        _birthDate={"extension": [{"url": "http://x.example/e", "valueDateTime": "1990-03-04"}]},
        contained=[{"resourceType": "Organization", "id": "o", "name": "<&>"}],
    )

    made = post(agency, "/Patient", resource)
    read = json.decode(agency.get(f"/Patient/{json.decode(made.content)['id']}").content)

    assert made.status_code == 201
    assert {name: read[name] for name in resource} == resource


def test_decimals_keep_their_digits_there_and_back(agency: httpx.Client) -> None:
    extension = '<extension url="http://x.example/d"><valueDecimal value="1.00"/></extension>'
    content = f'<Patient xmlns="http://hl7.org/fhir">{extension}</Patient>'

    made = agency.post("/Patient", content=content, headers={"Content-Type": XML, **ACCEPT})
    url = f"/Patient/{resource_of(made)['id']}"

    assert '<valueDecimal value="1.00"/>' in agency.get(url, headers=ACCEPT).text
    assert '"valueDecimal":1.00' in agency.get(url).text


@pytest.mark.spec("http.html#mime-type", "SHALL")
def test_every_interaction_speaks_xml(agency: httpx.Client) -> None:
    code = tag()
    made = resource_of(post(agency, "/Patient", tagged(patient(), code), **ACCEPT))
    url = f"/Patient/{made['id']}"
    content = xml.encode({**made, "active": False}, load())
    updated = agency.put(url, content=content, headers={"Content-Type": XML, **ACCEPT})
    query = {"_tag": code}
    form = agency.post("/Patient/_search", data={**query, "_format": "xml"})

    assert resource_of(updated)["meta"]["versionId"] == "2"
    assert resource_of(agency.get(f"{url}/_history/1", headers=ACCEPT)) == made
    assert resource_of(agency.get(f"{url}/_history", headers=ACCEPT))["type"] == "history"
    assert resource_of(form)["entry"][0]["resource"]["id"] == made["id"]
    found = resource_of(agency.get("/Patient", params=query, headers=ACCEPT))
    assert found == json.decode(agency.get("/Patient", params=query).content)
    deleted = agency.delete(url, headers={**ACCEPT, "Prefer": "return=OperationOutcome"})
    assert outcome_of(deleted)["severity"] == "information"


@pytest.mark.spec("http.html#transaction", "SHALL")
def test_a_transaction_in_xml(agency: httpx.Client) -> None:
    kind = bundle("transaction", entry("POST", "Patient", patient(), fullUrl="urn:uuid:1"))

    response = post(agency, "/", kind, **ACCEPT, Prefer="return=representation")

    answer = resource_of(response)
    assert answer["type"] == "transaction-response"
    assert answer["entry"][0]["resource"]["birthDate"] == patient()["birthDate"]


@pytest.mark.spec("http.html#capabilities", "SHALL")
def test_the_capability_statement_in_xml(deployment: Deployment) -> None:
    response = deployment.http().get("/metadata", headers=ACCEPT)

    statement = resource_of(response)
    assert statement == json.decode(deployment.http().get("/metadata").content)
    assert {"application/fhir+json", XML} <= set(statement["format"])


@pytest.mark.spec("http.html#Status-Codes", "SHALL")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/Patient/nobody", 404),
        ("GET", "/Patient?banana=1", 400),
        ("GET", "/Banana", 404),
        ("DELETE", "/Patient/_history", 405),
        ("GET", "/Patient?family=%FF&_format=xml", 400),
    ],
)
def test_a_refusal_is_in_xml(agency: httpx.Client, method: str, path: str, status: int) -> None:
    response = agency.request(method, path, headers=ACCEPT)

    assert response.status_code == status
    assert outcome_of(response)["severity"] == "error"


def test_a_refusal_without_a_token_is_in_xml(deployment: Deployment) -> None:
    response = deployment.http().get("/Patient?_format=xml")

    assert response.status_code == 401
    assert outcome_of(response)["code"] == "login"


def test_a_refused_search_by_form_is_in_xml(agency: httpx.Client) -> None:
    response = agency.post("/Patient/_search", data={"banana": "1", "_format": "xml"})

    assert response.status_code == 400
    assert outcome_of(response)["severity"] == "error"


def test_what_xml_cannot_hold_breaks_no_answer(agency: httpx.Client) -> None:
    response = agency.get("/Patient?%01%EF%BF%BF=1", headers=ACCEPT)

    assert response.status_code == 400
    assert "\ufffd" in outcome_of(response)["diagnostics"]


@pytest.mark.spec("xml.html", "SHALL")
@pytest.mark.parametrize(
    ("content", "status", "expression"),
    [
        ("<banana/>", 400, "Patient.banana"),
        ('<gender value="male"/><active value="true"/>', 400, "Patient.active"),
        ('<name><given value="x"/>text</name>', 400, "Patient.name[0]"),
        ("<?php x ?>", 400, "Patient"),
        ('<gender value="banana"/>', 422, "Patient.gender"),
        ("<gender/>", 422, "Patient.gender"),
        (f'<text><status value="generated"/>{SCRIPT}</text>', 422, "Patient.text.div"),
    ],
)
def test_a_fault_is_told_with_its_place(
    agency: httpx.Client, content: str, status: int, expression: str
) -> None:
    document = f'<Patient xmlns="http://hl7.org/fhir">{content}</Patient>'

    response = agency.post("/Patient", content=document, headers={"Content-Type": XML, **ACCEPT})

    assert response.status_code == status
    assert outcome_of(response)["expression"] == [expression]


@pytest.mark.parametrize(
    "document",
    [
        EXTERNAL_ENTITY,
        '<Patient xmlns="http://hl7.org/fhir">' + '<extension url="x">' * 50_000,
        '<Patient xmlns="urn:other"/>',
        "{}",
    ],
)
def test_a_hostile_document_is_refused(agency: httpx.Client, document: str) -> None:
    response = agency.post("/Patient", content=document, headers={"Content-Type": XML})

    assert response.status_code == 400
    assert response.json()["resourceType"] == "OperationOutcome"


def test_pretty_xml_says_the_same(agency: httpx.Client, created: Resource) -> None:
    response = agency.get(f"/Patient/{created['id']}?_pretty=true", headers=ACCEPT)

    assert '\n  <active value="true"/>\n' in response.text
    assert resource_of(response) == created

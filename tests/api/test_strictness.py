"""What breaks FHIR is refused where it comes in, by its FHIRPath; what only looks odd is taken.

https://hl7.org/fhir/R4/json.html and https://hl7.org/fhir/R4/http.html#create
"""

import httpx
import pytest

from fhir_server.fhir import xml
from fhir_server.fhir.definitions import load
from fhir_server.fhir.json import encode
from fhir_server.fhir.resource import Resource
from tests.probes import RIGHT, WRONG, XMLNS

JSON = {"Content-Type": "application/fhir+json"}
XML = {"Content-Type": "application/fhir+xml", "Accept": "application/fhir+json"}
PATIENT = '<Patient xmlns="http://hl7.org/fhir">%s</Patient>'


def post(client: httpx.Client, resource: Resource) -> httpx.Response:
    named = resource.get("resourceType")
    type_ = named if isinstance(named, str) and load().is_resource_type(named) else "Patient"
    return client.post(f"/{type_}", content=encode(resource), headers=JSON)


def is_told(response: httpx.Response, expression: str) -> bool:
    """Say whether an issue of a refusal names the element, or one inside of it."""
    issues = response.json()["issue"]
    named = [path for issue in issues for path in issue.get("expression", [])]
    return response.status_code in {400, 422} and any(p.startswith(expression) for p in named)


@pytest.mark.spec("http.html#create", "SHALL")
@pytest.mark.parametrize(("resource", "_code", "expression"), WRONG.values(), ids=WRONG.keys())
def test_each_kind_of_fault_is_refused_by_its_path(
    agency: httpx.Client, resource: Resource, _code: str, expression: str
) -> None:
    response = post(agency, resource)

    # A body of no type, or of another, cannot be told by a path in its type.
    unnamed = expression == "Resource"
    assert is_told(response, "resourceType" if unnamed else expression), response.text


@pytest.mark.spec("http.html#create", "SHALL")
@pytest.mark.parametrize("resource", RIGHT.values(), ids=RIGHT.keys())
def test_what_is_right_is_taken(agency: httpx.Client, resource: Resource) -> None:
    response = post(agency, resource)

    assert response.status_code == 201, response.text


@pytest.mark.spec("xml.html", "SHALL")
@pytest.mark.parametrize(
    ("content", "expression"),
    [
        ('<banana value="1"/>', "Patient.banana"),
        ('<active value="TRUE"/>', "Patient.active"),
        ('<active value="true"/><active value="true"/>', "Patient.active"),
        ('<active value=""/>', "Patient.active"),
        ("<active/>", "Patient.active"),
        ('<gender value="male"/><active value="true"/>', "Patient.active"),
        ('<gender value="M"/>', "Patient.gender"),
        ('<birthDate value="1980-02-30"/>', "Patient.birthDate"),
        ('<multipleBirthInteger value="1.0"/>', "Patient.multipleBirth"),
        (
            '<deceasedBoolean value="true"/><deceasedDateTime value="2020"/>',
            "Patient.deceased",
        ),
        ("<maritalStatus/>", "Patient.maritalStatus"),
        ("<name>Sam</name>", "Patient.name[0]"),
        ('<active xmlns="" value="true"/>', "Patient.active"),
        ('<name use="official"/>', "Patient.name[0]"),
        (
            f'<text><status value="generated"/><div {XMLNS}>x<script/></div></text>',
            "Patient.text.div",
        ),
        ("<contained/>", "Patient.contained[0]"),
    ],
)
def test_each_kind_of_fault_in_xml_is_refused_by_its_path(
    agency: httpx.Client, content: str, expression: str
) -> None:
    response = agency.post("/Patient", content=PATIENT % content, headers=XML)

    assert is_told(response, expression), response.text


@pytest.mark.spec("xml.html", "SHALL")
@pytest.mark.parametrize("resource", RIGHT.values(), ids=RIGHT.keys())
def test_what_is_right_is_taken_in_xml(agency: httpx.Client, resource: Resource) -> None:
    content = xml.encode(resource, load())

    response = agency.post(f"/{resource['resourceType']}", content=content, headers=XML)

    assert response.status_code == 201, response.text

"""https://hl7.org/fhir/R4/http.html#patch ."""

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from fhir_server.fhir.json import encode
from fhir_server.fhir.resource import Json, Resource
from tests.api.deployment import Deployment
from tests.api.resources import bundle, entry, patient, tag
from tests.patch_cases import fhir_cases

JSON_PATCH = {"Content-Type": "application/json-patch+json"}
XML_PATCH = {"Content-Type": "application/xml-patch+xml"}
FHIR_JSON = {"Content-Type": "application/fhir+json"}


@pytest.fixture
def url(agency: httpx.Client) -> str:
    return f"/Patient/{agency.post('/Patient', json=patient()).json()['id']}"


def operation(kind: str, path: str, **parts: Json) -> Json:
    said = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    said += [
        {"name": name, **value} if isinstance(value, dict) else {"name": name, "valueString": value}
        for name, value in parts.items()
    ]
    return {"name": "operation", "part": said}


def parameters(*operations: Json) -> Resource:
    return {"resourceType": "Parameters", "parameter": list(operations)}


def json_patch(agency: httpx.Client, url: str, *operations: Json, **headers: str) -> httpx.Response:
    return agency.patch(url, content=json.dumps(operations), headers={**JSON_PATCH, **headers})


@pytest.mark.spec("http.html#patch", "MAY")
def test_json_patch(agency: httpx.Client, url: str) -> None:
    response = json_patch(
        agency,
        url,
        {"op": "test", "path": "/birthDate", "value": "1990-03-04"},
        {"op": "replace", "path": "/birthDate", "value": "1991-03-04"},
    )

    assert response.status_code == 200, response.text
    assert response.headers["ETag"] == 'W/"2"'
    assert agency.get(url).json()["birthDate"] == "1991-03-04"
    assert agency.get(f"{url}/_history/1").json()["birthDate"] == "1990-03-04"


@pytest.mark.spec("http.html#patch", "MAY")
def test_xml_patch(agency: httpx.Client, url: str) -> None:
    patch = (
        '<diff xmlns:f="http://hl7.org/fhir">'
        '<replace sel="f:Patient/f:birthDate/@value">1992-03-04</replace>'
        '<add sel="f:Patient/f:name"><given xmlns="http://hl7.org/fhir" value="Lou"/></add></diff>'
    )

    response = agency.patch(url, content=patch, headers=XML_PATCH)

    assert response.status_code == 200, response.text
    found = agency.get(url).json()
    assert (found["birthDate"], found["name"][0]["given"]) == ("1992-03-04", ["Sam", "Lou"])


@pytest.mark.spec("http.html#patch", "MAY")
def test_fhirpath_patch(agency: httpx.Client, url: str) -> None:
    response = agency.patch(
        url,
        json=parameters(
            operation("replace", "Patient.birthDate", value={"valueDate": "1993-03-04"}),
            operation("add", "Patient", name="gender", value={"valueCode": "other"}),
            operation("delete", "Patient.active"),
        ),
        headers=FHIR_JSON,
    )

    assert response.status_code == 200, response.text
    found = agency.get(url).json()
    assert (found["birthDate"], found["gender"], "active" in found) == (
        "1993-03-04",
        "other",
        False,
    )


def test_the_official_cases_of_fhirpath_patch(agency: httpx.Client) -> None:
    failed = []
    for case in fhir_cases():
        made = agency.post("/Patient", content=encode(case.input), headers=FHIR_JSON).json()
        response = agency.patch(
            f"/Patient/{made['id']}", content=encode(case.patch), headers=FHIR_JSON
        )
        found = response.json()
        if case.output is None:
            right = response.status_code == 422
        else:
            right = _bare(found) == _bare(case.output)
        if not right:
            failed.append((case.name, found, case.output))

    assert failed == []


def _bare(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if name not in {"id", "meta"}}


@pytest.mark.parametrize(
    ("operations", "status"),
    [
        ([{"op": "replace", "path": "/birthDate", "value": "soon"}], 422),
        ([{"op": "test", "path": "/birthDate", "value": "x"}], 422),
        ([{"op": "remove", "path": "/nothing/there"}], 422),
        ([{"op": "replace", "path": "/id", "value": "other"}], 422),
        ([{"op": "explode", "path": "/id"}], 400),
        ([{"path": "/id"}], 400),
        ({"op": "remove"}, 400),
    ],
)
def test_what_cannot_be_patched_stays(
    agency: httpx.Client, url: str, operations: Json, status: int
) -> None:
    response = agency.patch(url, content=json.dumps(operations), headers=JSON_PATCH)

    assert response.status_code == status, response.text
    assert agency.get(url).headers["ETag"] == 'W/"1"'


@pytest.mark.parametrize(
    "wrong",
    [
        parameters(operation("replace", "Patient.name.given", value="x")),
        parameters(operation("replace", "Patient.nothing(", value="x")),
        parameters(operation("add", "Patient", name="nonsense", value="x")),
        parameters(operation("explode", "Patient")),
        parameters({"name": "nonsense"}),
        patient(),
    ],
)
def test_a_patch_that_means_nothing_is_refused(
    agency: httpx.Client, url: str, wrong: Resource
) -> None:
    agency.patch(url, json=parameters(), headers=FHIR_JSON)
    two = operation("insert", "Patient.name[0].given", index={"valueInteger": 0}, value="Kim")
    assert agency.patch(url, json=parameters(two), headers=FHIR_JSON).status_code == 200

    assert agency.patch(url, json=wrong, headers=FHIR_JSON).status_code in {400, 422}


def test_other_bodies_are_no_patch(agency: httpx.Client, url: str) -> None:
    response = agency.patch(url, content="x", headers={"Content-Type": "text/plain"})

    assert response.status_code == 415


@pytest.mark.spec("http.html#concurrency", "SHOULD")
def test_a_patch_follows_the_version_that_it_names(agency: httpx.Client, url: str) -> None:
    change = {"op": "replace", "path": "/active", "value": False}

    stale = json_patch(agency, url, change, **{"If-Match": 'W/"7"'})
    current = json_patch(agency, url, change, **{"If-Match": 'W/"1"'})

    assert (stale.status_code, current.status_code) == (412, 200)


def test_no_patch_is_lost(agency: httpx.Client, url: str) -> None:
    def add(number: int) -> int:
        value = {"system": "phone", "value": str(number)}
        operation_ = operation("add", "Patient", name="telecom", value={"valueContactPoint": value})
        return agency.patch(url, json=parameters(operation_), headers=FHIR_JSON).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(add, range(8)))

    assert statuses == [200] * 8
    assert len(agency.get(url).json()["telecom"]) == 8


def test_a_patch_of_what_the_criteria_find(agency: httpx.Client) -> None:
    found = tag()
    url = f"/Patient?identifier={found}"
    change = {"op": "replace", "path": "/active", "value": False}
    agency.post("/Patient", json=patient(identifier=[{"value": found}]))

    assert json_patch(agency, url, change).json()["active"] is False
    assert json_patch(agency, "/Patient?identifier=nobody-has-it", change).status_code == 412


def test_what_is_not_known_cannot_be_patched(deployment: Deployment, url: str) -> None:
    stranger = deployment.agency("Stranger").http
    change = {"op": "replace", "path": "/active", "value": False}

    hidden, absent = (json_patch(stranger, each, change) for each in (url, "/Patient/absent"))

    assert hidden.status_code == absent.status_code == 404
    assert hidden.json() == absent.json()


def test_a_patch_in_a_transaction(agency: httpx.Client, url: str) -> None:
    change = parameters(operation("replace", "Patient.active", value={"valueBoolean": False}))

    response = agency.post(
        "",
        json=bundle(
            "transaction",
            entry("PATCH", url.removeprefix("/"), change),
            entry("POST", "Patient", patient()),
        ),
    )

    assert response.status_code == 200, response.text
    assert agency.get(url).json()["active"] is False

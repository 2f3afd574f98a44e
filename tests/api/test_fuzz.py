"""Whatever is sent gets an answer in FHIR: never a crash, and never a fault stored.

`make fuzz` does the same for much longer. https://hl7.org/fhir/R4/http.html#Status-Codes
"""

import time

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.fhir import xml
from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.resource import Resource
from tests.api.resources import bundle, entry
from tests.strategies.faults import Faulty, faulty
from tests.strategies.fuzz import EXAMPLES, spoilt_text
from tests.strategies.resources import DEFINITIONS, TYPES, resources
from tests.strategies.wild import wild

JSON = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}
XML = {"Content-Type": "application/fhir+xml", "Accept": "application/fhir+json"}
SERVER_ERROR = 500
MOST_SECONDS = 10
# Each example is a request, so a quarter as many.
fuzz = settings(
    max_examples=EXAMPLES // 4,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def sent(
    client: httpx.Client, method: str, path: str, content: bytes, headers: dict[str, str]
) -> httpx.Response:
    """Return the answer, which must be one: in time, and an OperationOutcome if it refuses."""
    started = time.monotonic()
    response = client.request(method, path, content=content, headers=headers)
    assert time.monotonic() - started < MOST_SECONDS
    assert response.status_code < SERVER_ERROR, response.text
    if response.is_client_error:
        assert response.json()["resourceType"] == "OperationOutcome"
    return response


def type_of(resource: Resource) -> str:
    named = resource.get("resourceType")
    return named if isinstance(named, str) and DEFINITIONS.is_resource_type(named) else "Basic"


@fuzz
@given(found=faulty())
def test_a_fault_is_never_stored(agency: httpx.Client, found: Faulty) -> None:
    response = sent(agency, "POST", f"/{type_of(found.resource)}", encode(found.resource), JSON)

    assert response.is_client_error, response.text


@fuzz
@given(made=resources())
def test_right_resources_of_every_type_come_back_the_same(
    agency: httpx.Client, made: Resource
) -> None:
    response = sent(agency, "POST", f"/{type_of(made)}", encode(made), JSON)

    if response.is_success:
        read = agency.get(
            response.headers["Location"], headers=XML | {"Accept": XML["Content-Type"]}
        )
        assert xml.decode(read.content, DEFINITIONS) == decode(response.content)


@fuzz
@given(changed=wild(), in_bundle=st.booleans())
def test_wild_resources_get_an_answer(
    agency: httpx.Client, changed: Resource, *, in_bundle: bool
) -> None:
    if in_bundle:
        body = bundle("transaction", entry("POST", type_of(changed), changed))
        sent(agency, "POST", "/", encode(body), JSON)
    else:
        sent(agency, "POST", f"/{type_of(changed)}", encode(changed), JSON)


@fuzz
@given(made=resources(richness=3), data=st.data())
def test_spoilt_bodies_get_an_answer(
    agency: httpx.Client, made: Resource, data: st.DataObject
) -> None:
    in_xml = data.draw(st.booleans())
    body = xml.encode(made, DEFINITIONS) if in_xml else encode(made)

    sent(agency, "POST", f"/{type_of(made)}", data.draw(spoilt_text(body)), XML if in_xml else JSON)


QUERY_PIECES = (
    *("_id", "_sort", "_count", "_include", "_revinclude", "_summary", "_elements", "_total"),
    *("name", "subject", "date", "code", "identifier", "status", ":missing", ":exact", ":in"),
    *("_has:Observation:patient:code", "subject:Patient.name", "=", "&", "&", ",", "|", "$", "*"),
    *("\\", "%00", "%ff", "%", "ge2020", "2020-02-30", "-1", "9" * 30, "Patient/1", "true", " "),
    *("_format=xml", "_lastUpdated", "ne", "+", "\u00e9", "'", '"', ";", "(", "_type", "_list"),
)
QUERY = st.lists(st.sampled_from(QUERY_PIECES), max_size=8).map("".join)


@fuzz
@given(type_=TYPES, query=QUERY)
def test_whatever_is_asked_gets_an_answer(agency: httpx.Client, type_: str, query: str) -> None:
    sent(agency, "GET", f"/{type_}?{query}", b"", {"Accept": "application/fhir+json"})

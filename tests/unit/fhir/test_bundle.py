"""https://hl7.org/fhir/R4/bundle.html built from bytes."""

from fhir_server.fhir import bundle
from fhir_server.fhir.bundle import (
    HistoryEntry,
    ResourceEntry,
    ResponseEntry,
    SearchEntry,
    SearchMode,
)
from fhir_server.fhir.json import decode
from fhir_server.fhir.resource import Resource

BASE = "https://handoff.example/fhir"
PATIENT = b'{"resourceType":"Patient","id":"1","extension":[{"url":"x","valueDecimal":1.00}]}'
# 2026-03-04T15:02:11.123456Z
AT = 1772636531123456


def read(data: bytes) -> Resource:
    return decode(data)


def test_a_stored_body_is_spliced_byte_for_byte() -> None:
    entry = SearchEntry(full_url=f"{BASE}/Patient/1", resource=PATIENT)

    assert PATIENT in bundle.searchset([entry], links=[])


def test_a_searchset_has_total_links_and_modes() -> None:
    entries = [
        SearchEntry(full_url=f"{BASE}/Patient/1", resource=PATIENT),
        SearchEntry(full_url=f"{BASE}/Patient/1", resource=PATIENT, mode=SearchMode.INCLUDE),
    ]

    found = read(
        bundle.searchset(
            entries,
            links=[("self", f'{BASE}/Patient?name="x"'), ("next", f"{BASE}?page=2")],
            total=7,
            timestamp=AT,
        )
    )

    assert (found["type"], found["total"]) == ("searchset", 7)
    assert found["timestamp"] == "2026-03-04T15:02:11.123456Z"
    assert found["link"] == [
        {"relation": "self", "url": f'{BASE}/Patient?name="x"'},
        {"relation": "next", "url": f"{BASE}?page=2"},
    ]
    assert [entry["search"] for entry in found["entry"]] == [{"mode": "match"}, {"mode": "include"}]
    assert found["entry"][0]["fullUrl"] == f"{BASE}/Patient/1"


def test_an_empty_bundle_has_no_empty_arrays() -> None:
    assert read(bundle.searchset([], links=[], total=0)) == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 0,
    }


def test_a_history_shows_the_requests_and_leaves_out_the_body_of_a_deletion() -> None:
    deleted = HistoryEntry(
        full_url=f"{BASE}/Patient/1",
        method="DELETE",
        url="Patient/1",
        status=204,
        version=2,
        last_modified=AT,
    )

    found = read(bundle.history([deleted], links=[], total=1))

    assert found["entry"] == [
        {
            "fullUrl": f"{BASE}/Patient/1",
            "request": {"method": "DELETE", "url": "Patient/1"},
            "response": {
                "status": "204 No Content",
                "etag": 'W/"2"',
                "lastModified": "2026-03-04T15:02:11.123456Z",
            },
        }
    ]


def test_a_transaction_response_answers_entry_by_entry() -> None:
    outcome = b'{"resourceType":"OperationOutcome"}'
    created = ResponseEntry(
        status=201,
        full_url=f"{BASE}/Patient/1",
        location="Patient/1/_history/1",
        version=1,
        last_modified=AT,
        resource=PATIENT,
        outcome=outcome,
    )

    found = read(bundle.transaction_response([created, ResponseEntry(status=204)]))

    assert found["type"] == "transaction-response"
    assert found["entry"][0]["response"]["status"] == "201 Created"
    assert found["entry"][0]["response"]["location"] == "Patient/1/_history/1"
    assert found["entry"][0]["response"]["outcome"] == decode(outcome)
    assert found["entry"][0]["resource"]["id"] == "1"
    assert found["entry"][1] == {"response": {"status": "204 No Content"}}


def test_a_batch_response_says_that_it_is_one() -> None:
    assert read(bundle.batch_response([ResponseEntry(status=404)]))["type"] == "batch-response"


def test_a_document_has_identifier_and_timestamp() -> None:
    found = read(
        bundle.document(
            [ResourceEntry(full_url="urn:uuid:1", resource=b'{"resourceType":"Composition"}')],
            identifier=("urn:ietf:rfc:3986", "urn:uuid:2"),
            timestamp=AT,
        )
    )

    assert found["type"] == "document"
    assert found["identifier"] == {"system": "urn:ietf:rfc:3986", "value": "urn:uuid:2"}
    assert found["timestamp"] == "2026-03-04T15:02:11.123456Z"
    assert found["entry"][0] == {
        "fullUrl": "urn:uuid:1",
        "resource": {"resourceType": "Composition"},
    }


def test_a_collection_needs_nothing_else() -> None:
    assert read(bundle.collection([ResourceEntry(resource=PATIENT)]))["entry"][0]["resource"]

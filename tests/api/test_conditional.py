"""Conditional interactions: https://hl7.org/fhir/R4/http.html#ccreate , #cond-update, #cdelete ."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from fhir_server.fhir.resource import Json
from tests.api.deployment import Deployment
from tests.api.resources import bundle, encounter, entry, patient, tag

SYSTEM = "http://case.example"
AT_ONCE = 32


def known_as(value: str, **elements: Json) -> Json:
    return patient(identifier=[{"system": SYSTEM, "value": value}], **elements)


def criteria(value: str) -> str:
    return f"identifier={SYSTEM}|{value}"


def total(agency: httpx.Client, value: str) -> int:
    found: int = agency.get(f"/Patient?{criteria(value)}&_summary=count").json()["total"]
    return found


def create(agency: httpx.Client, value: str) -> httpx.Response:
    return agency.post("/Patient", json=known_as(value), headers={"If-None-Exist": criteria(value)})


@pytest.mark.spec("http.html#ccreate", "SHALL")
def test_what_exists_is_not_created_once_more(agency: httpx.Client) -> None:
    first, second = create(agency, found := tag()), create(agency, found)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.headers["Location"] == second.headers["Location"]
    assert first.headers["ETag"] == second.headers["ETag"]
    assert total(agency, found) == 1


def test_many_at_once_create_one(agency: httpx.Client) -> None:
    found = tag()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        responses = list(pool.map(lambda _: create(agency, found), range(AT_ONCE)))

    assert sorted(response.status_code for response in responses) == [200] * (AT_ONCE - 1) + [201]
    assert len({response.json()["id"] for response in responses}) == 1
    assert total(agency, found) == 1


def test_many_transactions_at_once_create_one(agency: httpx.Client) -> None:
    found = tag()
    sent = bundle(
        "transaction",
        entry(
            "POST", "Patient", known_as(found), fullUrl="urn:uuid:p", ifNoneExist=criteria(found)
        ),
        entry("POST", "Encounter", encounter("x", subject={"reference": "urn:uuid:p"})),
    )

    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda _: agency.post("", json=sent), range(8)))

    assert [response.status_code for response in responses] == [200] * 8
    (person,) = agency.get(f"/Patient?{criteria(found)}").json()["entry"]
    assert total(agency, found) == 1
    contacts = agency.get(f"/Encounter?patient={person['resource']['id']}&_summary=count").json()
    assert contacts["total"] == 8


def test_several_matches_are_no_answer(agency: httpx.Client) -> None:
    found = tag()
    for _ in range(2):
        agency.post("/Patient", json=known_as(found))

    responses = [
        create(agency, found),
        agency.put(f"/Patient?{criteria(found)}", json=known_as(found)),
    ]

    assert [response.status_code for response in responses] == [412, 412]
    assert responses[0].json()["issue"][0]["code"] == "multiple-matches"
    assert total(agency, found) == 2


@pytest.mark.parametrize("wrong", ["", "shoe-size=9", "identifier=", "_count=1"])
def test_a_condition_must_be_understood(agency: httpx.Client, wrong: str) -> None:
    headers = {"If-None-Exist": wrong, "Prefer": "handling=lenient"}
    response = agency.post("/Patient", json=patient(), headers=headers)

    assert response.status_code == 400
    assert agency.delete(f"/Patient?{wrong}").status_code == 400


def test_what_is_hidden_does_not_match(deployment: Deployment, agency: httpx.Client) -> None:
    found = tag()
    create(agency, found)
    stranger = deployment.agency("Stranger").http

    response = create(stranger, found)

    assert response.status_code == 201
    assert total(stranger, found) == 1


@pytest.mark.spec("http.html#cond-update", "SHALL")
def test_update_of_what_is_found_and_creation_of_what_is_not(agency: httpx.Client) -> None:
    found = tag()
    url = f"/Patient?{criteria(found)}"

    first = agency.put(url, json=known_as(found))
    second = agency.put(url, json=known_as(found, active=False))
    third = agency.put(url, json=known_as(found, id="other"))

    assert (first.status_code, second.status_code, third.status_code) == (201, 200, 400)
    assert first.json()["id"] == second.json()["id"]
    assert second.headers["ETag"] == 'W/"2"'


def test_a_conditional_update_follows_a_version(agency: httpx.Client) -> None:
    url = f"/Patient?{criteria(found := tag())}"
    agency.put(url, json=known_as(found))

    stale = agency.put(url, json=known_as(found), headers={"If-Match": 'W/"7"'})
    current = agency.put(url, json=known_as(found), headers={"If-Match": 'W/"1"'})

    assert (stale.status_code, current.status_code) == (412, 200)


def test_an_absent_id_is_chosen_only_by_who_may(agency: httpx.Client) -> None:
    found = tag()

    response = agency.put(f"/Patient?{criteria(found)}", json=known_as(found, id="mine"))

    assert response.status_code == 405


@pytest.mark.spec("http.html#cdelete", "SHALL")
@pytest.mark.parametrize("count", [0, 1, 3])
def test_everything_that_is_found_is_deleted(agency: httpx.Client, count: int) -> None:
    found = tag()
    made = [agency.post("/Patient", json=known_as(found)).json()["id"] for _ in range(count)]

    response = agency.delete(f"/Patient?{criteria(found)}")

    assert response.status_code == 204
    assert total(agency, found) == 0
    assert all(agency.get(f"/Patient/{id_}").status_code == 410 for id_ in made)
    assert all(len(agency.get(f"/Patient/{id_}/_history").json()["entry"]) == 2 for id_ in made)


def test_a_delete_of_too_many_deletes_none(agency: httpx.Client) -> None:
    found = tag()
    entries = [entry("POST", "Patient", known_as(found)) for _ in range(101)]
    agency.post("", json=bundle("transaction", *entries))

    response = agency.delete(f"/Patient?{criteria(found)}")

    assert response.status_code == 412
    assert total(agency, found) == 101


@pytest.mark.spec("http.html#trules", "SHALL")
def test_conditional_entries_and_references(agency: httpx.Client) -> None:
    old, new = tag(), tag()
    known = create(agency, old).json()["id"]
    doomed = tag()
    create(agency, doomed)
    sent = bundle(
        "transaction",
        entry("POST", "Patient", known_as(old), fullUrl="urn:uuid:o", ifNoneExist=criteria(old)),
        entry("PUT", f"Patient?{criteria(new)}", known_as(new), fullUrl="urn:uuid:n"),
        entry("DELETE", f"Patient?{criteria(doomed)}"),
        entry("POST", "Encounter", encounter("x", subject={"reference": "urn:uuid:o"})),
        entry("POST", "Encounter", encounter("x", subject={"reference": "urn:uuid:n"})),
        entry(
            "POST", "Encounter", encounter("x", subject={"reference": f"Patient?{criteria(old)}"})
        ),
    )

    response = agency.post("", json=sent, headers={"Prefer": "return=representation"})

    assert response.status_code == 200, response.text
    answered = response.json()["entry"]
    statuses = [found["response"]["status"][:3] for found in answered]
    assert statuses == ["200", "201", "204", "201", "201", "201"]
    assert answered[0]["response"]["location"].endswith(f"Patient/{known}/_history/1")
    made = answered[1]["resource"]["id"]
    subjects = [found["resource"]["subject"]["reference"] for found in answered[3:]]
    assert subjects == [f"Patient/{known}", f"Patient/{made}", f"Patient/{known}"]
    assert total(agency, doomed) == 0


@pytest.mark.parametrize("count", [0, 2])
def test_a_conditional_reference_needs_one_match(agency: httpx.Client, count: int) -> None:
    found = tag()
    for _ in range(count):
        agency.post("/Patient", json=known_as(found))
    subject = {"reference": f"Patient?{criteria(found)}"}

    response = agency.post(
        "", json=bundle("transaction", entry("POST", "Encounter", encounter("x", subject=subject)))
    )

    assert response.status_code == 412
    assert response.json()["issue"][0]["expression"] == ["Bundle.entry[0].resource"]

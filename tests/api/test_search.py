"""https://hl7.org/fhir/R4/http.html#search and https://hl7.org/fhir/R4/search.html ."""

import httpx
import pytest

from fhir_server.fhir.resource import Json
from tests.api.deployment import Deployment
from tests.api.resources import encounter, patient, tag, tagged


@pytest.fixture
def code(agency: httpx.Client) -> str:
    """The tag of five Patients, of different years of birth."""
    found = tag()
    for year in range(1990, 1995):
        sent = tagged(patient(birthDate=f"{year}-01-01"), found)
        assert agency.post("/Patient", json=sent).status_code == 201
    return found


def ids(bundle: Json) -> list[str]:
    return [entry["resource"]["id"] for entry in bundle.get("entry", [])]


def links(bundle: Json) -> dict[str, str]:
    return {link["relation"]: link["url"] for link in bundle["link"]}


@pytest.mark.spec("http.html#search", "SHALL")
def test_search_gives_a_searchset(deployment: Deployment, agency: httpx.Client, code: str) -> None:
    bundle = agency.get("/Patient", params={"_tag": code}).json()

    entry = bundle["entry"][0]
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
    assert len(bundle["entry"]) == 5
    assert entry["search"] == {"mode": "match"}
    assert entry["fullUrl"] == f"{deployment.url}/fhir/Patient/{entry['resource']['id']}"


@pytest.mark.spec("http.html#search", "SHALL")
def test_post_finds_the_same(agency: httpx.Client, code: str) -> None:
    by_get = agency.get("/Patient", params={"_tag": code, "birthdate": "ge1992"}).json()
    by_post = agency.post("/Patient/_search?birthdate=ge1992", data={"_tag": code}).json()

    assert sorted(ids(by_get)) == sorted(ids(by_post))
    assert len(ids(by_get)) == 3


@pytest.mark.spec("search.html#self", "SHALL")
def test_self_states_what_was_understood(agency: httpx.Client, code: str) -> None:
    response = agency.get(
        "/Patient",
        params={"_tag": code, "shoe-size": "9", "_count": "999999"},
        headers={"Prefer": "handling=lenient"},
    )

    own = httpx.URL(links(response.json())["self"])
    assert own.params["_tag"] == code
    assert own.params["_count"] == "1000"
    assert "shoe-size" not in own.params


@pytest.mark.spec("search.html#errors", "SHOULD")
def test_unknown_parameters_are_refused(agency: httpx.Client) -> None:
    response = agency.get("/Patient", params={"shoe-size": "9"})

    assert response.status_code == 400
    assert response.json()["issue"][0]["expression"] == ["shoe-size"]


@pytest.mark.spec("http.html#paging", "SHALL")
def test_pages_partition_the_result(agency: httpx.Client, code: str) -> None:
    everything = agency.get("/Patient", params={"_tag": code, "_sort": "birthdate"}).json()
    page = agency.get("/Patient", params={"_tag": code, "_sort": "birthdate", "_count": "2"}).json()
    paged = ids(page)
    while "next" in links(page):
        page = agency.get(links(page)["next"]).json()
        paged += ids(page)

    assert paged == ids(everything)
    assert len(paged) == 5


def test_the_next_link_tells_nothing_of_the_search(agency: httpx.Client, code: str) -> None:
    page = agency.post("/Patient/_search", data={"_tag": code, "_count": "2"}).json()

    url = links(page)["next"]
    assert code not in url
    assert set(httpx.URL(url).params) == {"_cursor"}
    assert agency.get(url + "&_tag=x").status_code == 400


def test_a_cursor_is_of_no_use_to_another_client(
    deployment: Deployment, agency: httpx.Client, code: str
) -> None:
    page = agency.get("/Patient", params={"_tag": code, "_count": "2"}).json()
    stranger = deployment.agency("Stranger").http

    assert stranger.get(links(page)["next"]).status_code == 400


@pytest.mark.spec("search.html#total", "SHOULD")
def test_total_is_exact_where_it_is_asked_for(agency: httpx.Client, code: str) -> None:
    page = agency.get("/Patient", params={"_tag": code, "_count": "2", "_total": "accurate"})
    count = agency.get("/Patient", params={"_tag": code, "_summary": "count"})

    assert page.json()["total"] == count.json()["total"] == 5
    assert "entry" not in count.json()


@pytest.mark.spec("search.html#include", "SHALL")
def test_included_resources_are_marked(agency: httpx.Client) -> None:
    person = agency.post("/Patient", json=patient()).json()
    contact = agency.post("/Encounter", json=encounter(person["id"])).json()

    bundle = agency.get(
        "/Encounter", params={"patient": person["id"], "_include": "Encounter:subject"}
    ).json()

    modes = {e["resource"]["id"]: e["search"]["mode"] for e in bundle["entry"]}
    assert modes == {contact["id"]: "match", person["id"]: "include"}


def test_what_is_withheld_is_not_counted(deployment: Deployment, code: str) -> None:
    stranger = deployment.agency("Stranger").http

    found = stranger.get("/Patient", params={"_tag": code, "_total": "accurate"}).json()

    assert found["total"] == 0
    assert "entry" not in found


def test_a_type_that_does_not_exist_is_not_found(agency: httpx.Client) -> None:
    assert agency.get("/Person7").status_code == 404
    assert agency.post("/Person7/_search").status_code == 404


def test_a_form_is_the_only_body_of_a_search(agency: httpx.Client) -> None:
    response = agency.post("/Patient/_search", json={"name": "x"})

    assert response.status_code == 415


def test_what_was_ignored_on_the_first_page_is_ignored_on_the_next(
    agency: httpx.Client, code: str
) -> None:
    page = agency.get(
        "/Patient",
        params={"_tag": code, "shoe-size": "9", "_count": "2"},
        headers={"Prefer": "handling=lenient"},
    ).json()

    assert agency.get(links(page)["next"]).status_code == 200

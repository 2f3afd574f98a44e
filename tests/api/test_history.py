"""https://hl7.org/fhir/R4/http.html#history ."""

from urllib.parse import urlsplit

import httpx
import pytest

from tests.api.deployment import Deployment
from tests.api.resources import patient, tag

GROUP = {"resourceType": "Group", "type": "person", "actual": True}


@pytest.fixture
def id_(agency: httpx.Client) -> str:
    """A Patient that was created, updated and deleted."""
    created = str(agency.post("/Patient", json=patient()).json()["id"])
    agency.put(f"/Patient/{created}", json=patient(id=created, active=False))
    agency.delete(f"/Patient/{created}")
    return created


@pytest.mark.spec("http.html#history", "SHALL")
def test_instance_history_has_every_version_newest_first(
    deployment: Deployment, agency: httpx.Client, id_: str
) -> None:
    bundle = agency.get(f"/Patient/{id_}/_history").json()

    requests = [(e["request"]["method"], e["request"]["url"]) for e in bundle["entry"]]
    assert bundle["type"] == "history"
    assert requests == [
        ("DELETE", f"Patient/{id_}"),
        ("PUT", f"Patient/{id_}"),
        ("POST", "Patient"),
    ]
    assert [e["response"]["etag"] for e in bundle["entry"]] == ['W/"3"', 'W/"2"', 'W/"1"']
    assert "resource" not in bundle["entry"][0]
    assert {e["fullUrl"] for e in bundle["entry"]} == {f"{deployment.url}/fhir/Patient/{id_}"}


@pytest.mark.spec("http.html#history", "SHALL")
def test_type_history_lists_deletions(agency: httpx.Client, id_: str) -> None:
    bundle = agency.get("/Patient/_history", params={"_count": "1"}).json()

    (newest,) = bundle["entry"]
    assert newest["request"] == {"method": "DELETE", "url": f"Patient/{id_}"}


@pytest.mark.spec("http.html#history", "MAY")
def test_since_leaves_older_versions_out(agency: httpx.Client, id_: str) -> None:
    everything = agency.get(f"/Patient/{id_}/_history").json()["entry"]
    second = everything[1]["response"]["lastModified"]

    later = agency.get(f"/Patient/{id_}/_history", params={"_since": second}).json()["entry"]

    assert later == everything[:2]


@pytest.mark.spec("http.html#paging", "SHALL")
def test_pages_partition_the_history(agency: httpx.Client, id_: str) -> None:
    everything = agency.get(f"/Patient/{id_}/_history").json()["entry"]
    paged, url = [], f"/Patient/{id_}/_history?_count=1"
    while url:
        page = agency.get(url).json()
        paged += page["entry"]
        links = {link["relation"]: link["url"] for link in page["link"]}
        url = links.get("next", "")

    assert paged == everything


def test_a_link_tells_nothing_and_is_of_no_use_elsewhere(
    deployment: Deployment, agency: httpx.Client, id_: str
) -> None:
    page = agency.get(f"/Patient/{id_}/_history", params={"_count": "1"}).json()
    cursor = urlsplit(page["link"][1]["url"]).query
    stranger = deployment.agency("Stranger").http

    assert cursor.startswith("_cursor=")
    assert agency.get(f"/Patient/_history?{cursor}").status_code == 400
    assert stranger.get(f"/Patient/_history?{cursor}").status_code == 400


@pytest.mark.parametrize("query", ["_since=yesterday", "_count=0", "_count=x", "family=x"])
def test_what_is_no_parameter_of_history_is_refused(agency: httpx.Client, query: str) -> None:
    assert agency.get(f"/Patient/_history?{query}").status_code == 400


def test_history_of_absent_and_withheld_look_the_same(deployment: Deployment, id_: str) -> None:
    stranger = deployment.agency("Stranger").http

    hidden = stranger.get(f"/Patient/{id_}/_history")
    absent = stranger.get(f"/Patient/{tag()}/_history")

    assert (hidden.status_code, hidden.content) == (404, absent.content)


@pytest.mark.spec("http.html#history", "MAY")
def test_history_of_a_time_has_what_was_current_then(agency: httpx.Client, id_: str) -> None:
    everything = agency.get(f"/Patient/{id_}/_history").json()["entry"]
    stamps = [entry["response"]["lastModified"] for entry in everything]

    def at(time: str) -> list[str]:
        found = agency.get(f"/Patient/{id_}/_history", params={"_at": time}).json()
        return [entry["response"]["etag"] for entry in found.get("entry", [])]

    assert [at(stamp) for stamp in stamps] == [['W/"3"'], ['W/"2"'], ['W/"1"']]
    assert at("2020") == []


@pytest.mark.spec("http.html#history", "MAY")
def test_system_history_has_all_types_newest_first(agency: httpx.Client, id_: str) -> None:
    practice = agency.post("/Group", json={**GROUP, "name": id_}).json()["id"]

    first = agency.get("/_history", params={"_count": "3"}).json()
    both = agency.get("/_history", params={"_type": "Patient,Group", "_count": "4"}).json()
    url = next(link["url"] for link in first["link"] if link["relation"] == "next")
    second = agency.get(url).json()

    found = [entry["fullUrl"].rpartition("/fhir/")[2] for entry in both["entry"]]
    assert found == [f"Group/{practice}"] + [f"Patient/{id_}"] * 3
    assert first["entry"] + second["entry"][:1] == both["entry"]


def test_the_types_of_a_system_history_must_be_known(agency: httpx.Client) -> None:
    assert agency.get("/_history?_type=Nonsense").status_code == 400
    assert agency.get("/Patient/_history?_type=Patient").status_code == 400


@pytest.mark.spec("http.html#head", "SHALL")
@pytest.mark.parametrize("path", ["/Patient/{id}/_history", "/Patient?_id={id}", "/_history"])
def test_head_is_get_without_a_body(agency: httpx.Client, id_: str, path: str) -> None:
    url = path.format(id=id_)

    # Each page has a link of its own, of which the compressed length depends.
    plain = {"Accept-Encoding": "identity"}
    head, get = agency.head(url, headers=plain), agency.get(url, headers=plain)

    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]

"""https://hl7.org/fhir/R4/http.html#vread ."""

import httpx
import pytest

from tests.api.resources import patient


@pytest.fixture
def url(agency: httpx.Client) -> str:
    created = agency.post("/Patient", json=patient()).json()
    changed = agency.put(f"/Patient/{created['id']}", json=patient(id=created["id"], active=False))
    assert changed.status_code == 200, changed.text
    return f"/Patient/{created['id']}"


@pytest.mark.spec("http.html#vread", "SHALL")
def test_each_version_is_read(agency: httpx.Client, url: str) -> None:
    first = agency.get(f"{url}/_history/1")
    second = agency.get(f"{url}/_history/2")

    assert (first.json()["active"], second.json()["active"]) == (True, False)
    assert (first.headers["ETag"], second.headers["ETag"]) == ('W/"1"', 'W/"2"')
    assert first.json()["meta"]["versionId"] == "1"


@pytest.mark.spec("http.html#vread", "SHALL")
@pytest.mark.parametrize("version", ["3", "0", "01", "x", "-1", "9" * 40])
def test_unknown_version_is_not_found(agency: httpx.Client, url: str, version: str) -> None:
    assert agency.get(f"{url}/_history/{version}").status_code == 404


@pytest.mark.spec("http.html#vread", "SHALL")
def test_the_deletion_is_gone_and_what_was_before_is_there(agency: httpx.Client, url: str) -> None:
    agency.delete(url)

    assert agency.get(f"{url}/_history/3").status_code == 410
    assert agency.get(f"{url}/_history/2").status_code == 200

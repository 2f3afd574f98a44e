"""Operations that gather records.

https://hl7.org/fhir/R4/patient-operation-everything.html ,
https://hl7.org/fhir/R4/observation-operation-lastn.html ,
https://hl7.org/fhir/R4/resource-operation-meta.html and
https://hl7.org/fhir/R4/composition-operation-document.html
"""

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.api.deployment import Deployment
from tests.api.resources import encounter, patient
from tests.api.test_search_parameters import observation, post

if TYPE_CHECKING:
    from fhir_server.fhir.resource import Json


@pytest.fixture(scope="module")
def world(agency: httpx.Client) -> dict[str, str]:
    """Ana with two encounters, three observations of two codes, and somebody else's record."""
    practice = post(agency, {"resourceType": "Organization", "name": "Practice"})
    ana, ben = post(agency, patient()), post(agency, patient())
    about = {"subject": {"reference": f"Patient/{ana}"}}
    provider = {"serviceProvider": {"reference": f"Organization/{practice}"}}
    old = {"period": {"start": "2020-01-01", "end": "2020-01-02"}}
    visit = post(agency, encounter(ana, **provider))
    during = {"encounter": {"reference": f"Encounter/{visit}"}}
    return {
        "practice": practice,
        "ana": ana,
        "ben": ben,
        "visit": visit,
        "old": post(agency, encounter(ana, **old)),
        "other": post(agency, encounter(ben)),
        "early": post(agency, observation("a", {"effectiveDateTime": "2026-01-01"}, **about)),
        "late": post(agency, observation("a", {"effectiveDateTime": "2026-02-01"}, **about)),
        "only": post(agency, observation("b", {}, **about, **during)),
        "note": post(
            agency,
            {
                "resourceType": "Composition",
                "status": "final",
                "type": {"text": "Note"},
                "date": "2026-01-01",
                "title": "Note",
                "author": [{"reference": f"Organization/{practice}"}],
                **about,
                "section": [{"entry": [{"reference": "Observation/absent"}]}],
            },
        ),
    }


def found(agency: httpx.Client, url: str) -> list[tuple[str, str]]:
    """Return id and mode of all entries, page by page."""
    entries: list[Json] = []
    while url:
        response = agency.get(url)
        assert response.status_code == 200, response.text
        entries += response.json().get("entry", [])
        links = {link["relation"]: link["url"] for link in response.json()["link"]}
        url = links.get("next", "")
    return [(e["resource"]["id"], e["search"]["mode"]) for e in entries]


@pytest.mark.parametrize("count", ["1000", "2"])
def test_everything_about_a_patient(
    agency: httpx.Client, world: dict[str, str], count: str
) -> None:
    entries = found(agency, f"/Patient/{world['ana']}/$everything?_count={count}")

    matches = [id_ for id_, mode in entries if mode == "match"]
    names = ("ana", "visit", "old", "early", "late", "only", "note")
    assert sorted(matches) == sorted(world[name] for name in names)
    assert {id_ for id_, mode in entries if mode == "include"} == {world["practice"]}


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("_type=Encounter", {"visit", "old"}),
        ("_type=Encounter&start=2021", {"visit"}),
        ("_type=Encounter,Patient&end=2020-06", {"ana", "old"}),
        ("_type=Observation&start=2026-01-15", {"late", "only"}),
        ("_type=Observation&_since=2999", set()),
    ],
)
def test_everything_within_bounds(
    agency: httpx.Client, world: dict[str, str], asked: str, names: set[str]
) -> None:
    entries = found(agency, f"/Patient/{world['ana']}/$everything?{asked}")

    matches = {id_ for id_, mode in entries if mode == "match"}
    assert matches == {world[name] for name in names}


def test_everything_about_an_encounter(agency: httpx.Client, world: dict[str, str]) -> None:
    entries = found(agency, f"/Encounter/{world['visit']}/$everything")

    assert set(entries) == {
        (world["visit"], "match"),
        (world["only"], "match"),
        (world["ana"], "include"),
        (world["practice"], "include"),
    }


@pytest.mark.parametrize("asked", ["shoe-size=9", "start=soon", "_type=Organization", "_count=0"])
def test_what_everything_does_not_take(
    agency: httpx.Client, world: dict[str, str], asked: str
) -> None:
    assert agency.get(f"/Patient/{world['ana']}/$everything?{asked}").status_code == 400


def test_everything_about_a_stranger_is_nothing(
    deployment: Deployment, world: dict[str, str]
) -> None:
    stranger = deployment.agency("Stranger").http

    hidden = stranger.get(f"/Patient/{world['ana']}/$everything")
    absent = stranger.get("/Patient/absent/$everything")

    assert (hidden.status_code, hidden.content) == (404, absent.content)


@pytest.mark.parametrize(
    ("asked", "names"),
    [("", ["late", "only"]), ("&max=2", ["late", "early", "only"]), ("&code=b", ["only"])],
)
def test_lastn_has_the_latest_of_each_code(
    agency: httpx.Client, world: dict[str, str], asked: str, names: list[str]
) -> None:
    entries = found(agency, f"/Observation/$lastn?patient={world['ana']}{asked}")

    assert [id_ for id_, _ in entries] == [world[name] for name in names]


@pytest.mark.parametrize("asked", ["code=a", "patient=1&max=0", "patient=1&_sort=code"])
def test_what_lastn_does_not_take(agency: httpx.Client, asked: str) -> None:
    assert agency.get(f"/Observation/$lastn?{asked}").status_code == 400


def test_meta_of_a_resource(agency: httpx.Client, world: dict[str, str]) -> None:
    response = agency.get(f"/Patient/{world['ana']}/$meta").json()

    (returned,) = response["parameter"]
    assert returned["name"] == "return"
    assert returned["valueMeta"]["versionId"] == "1"
    assert agency.get("/Patient/absent/$meta").status_code == 404


def test_a_document_has_what_its_composition_names(
    agency: httpx.Client, world: dict[str, str]
) -> None:
    response = agency.get(f"/Composition/{world['note']}/$document")

    bundle = response.json()
    ids = [entry["resource"]["id"] for entry in bundle["entry"]]
    assert bundle["type"] == "document"
    assert ids[0] == world["note"]
    assert sorted(ids[1:]) == sorted([world["ana"], world["practice"]])
    assert bundle["identifier"]["value"].startswith("urn:uuid:")


def test_documents_are_not_kept(agency: httpx.Client, world: dict[str, str]) -> None:
    response = agency.get(f"/Composition/{world['note']}/$document?persist=true")

    assert response.status_code == 501

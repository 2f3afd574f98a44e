"""What comes along with the matches, and in which form.

https://hl7.org/fhir/R4/search.html#return
"""

import httpx
import pytest

from fhir_server.fhir.resource import Json
from tests.api.resources import encounter, patient, tag, tagged
from tests.api.test_search_parameters import observation, post


@pytest.fixture(scope="module")
def world(agency: httpx.Client) -> dict[str, str]:
    """Ana, her practice, two encounters (one part of the other), a finding."""
    code = tag()
    practice = post(agency, {"resourceType": "Organization", "name": "Practice"})
    ana = post(
        agency,
        tagged(patient(generalPractitioner=[{"reference": f"Organization/{practice}"}]), code),
    )
    visit = post(agency, tagged(encounter(ana), code))
    part = post(agency, tagged(encounter(ana, partOf={"reference": f"Encounter/{visit}"}), code))
    finding = post(
        agency,
        observation(
            "x",
            {},
            subject={"reference": f"Patient/{ana}"},
            encounter={"reference": f"Encounter/{part}"},
        ),
    )
    return {
        "tag": code,
        "practice": practice,
        "ana": ana,
        "visit": visit,
        "part": part,
        "finding": finding,
    }


def included(response: httpx.Response) -> set[str]:
    assert response.status_code == 200, response.text
    entries = response.json()["entry"]
    return {e["resource"]["id"] for e in entries if e["search"]["mode"] == "include"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("Encounter?_id={part}&_include=Encounter:part-of", {"visit"}),
        ("Encounter?_id={part}&_include=*", {"visit", "ana"}),
        ("Encounter?_id={part}&_include=Encounter:*", {"visit", "ana"}),
        (
            (
                "Encounter?_id={part}&_include=Encounter:patient"
                "&_include:iterate=Patient:general-practitioner"
            ),
            {"ana", "practice"},
        ),
        ("Encounter?_id={part}&_include:iterate=*", {"visit", "ana", "practice"}),
        ("Encounter?_id={visit}&_revinclude=Encounter:part-of", {"part"}),
        ("Encounter?_id={visit}&_revinclude:iterate=Encounter:part-of", {"part"}),
        (
            (
                "Encounter?_id={visit}&_revinclude=Encounter:part-of"
                "&_revinclude:iterate=Observation:encounter"
            ),
            {"part", "finding"},
        ),
        ("Patient?_id={ana}&_revinclude=*", {"visit", "part", "finding"}),
        ("Patient?_id={ana}&_revinclude=Observation:*", {"finding"}),
        ("Observation?_id={finding}&_include=Observation:subject:Patient", {"ana"}),
        ("Observation?_id={finding}&_include=Observation:focus", set()),
    ],
)
def test_what_comes_along(
    agency: httpx.Client, world: dict[str, str], asked: str, found: set[str]
) -> None:
    response = agency.get("/" + asked.format(**world))

    assert included(response) == {world[name] for name in found}


def test_a_match_is_not_included_once_more(agency: httpx.Client, world: dict[str, str]) -> None:
    response = agency.get(f"/Encounter?_tag={world['tag']}&_include=Encounter:part-of")

    assert included(response) == set()
    assert len(response.json()["entry"]) == 2


def only(response: httpx.Response) -> Json:
    (entry,) = response.json()["entry"]
    return entry["resource"]


def test_a_summary_has_the_elements_that_are_marked(
    agency: httpx.Client, world: dict[str, str]
) -> None:
    url = f"/Encounter?_id={world['visit']}"
    brief, whole = only(agency.get(f"{url}&_summary=true")), only(agency.get(url))

    assert "period" in whole
    assert "period" not in brief
    assert brief["status"] == "finished"
    assert brief["meta"]["tag"][-1]["code"] == "SUBSETTED"
    assert brief["meta"]["versionId"] == whole["meta"]["versionId"]


def test_elements_are_those_asked_for_and_those_required(
    agency: httpx.Client, world: dict[str, str]
) -> None:
    found = only(agency.get(f"/Encounter?_id={world['visit']}&_elements=period"))

    assert found.keys() == {"resourceType", "id", "meta", "status", "class", "period"}


@pytest.mark.parametrize(("kind", "has_text"), [("text", True), ("data", False)])
def test_text_and_data_are_the_two_halves(
    agency: httpx.Client,
    kind: str,
    has_text: bool,  # noqa: FBT001 - a case
) -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml">Ana</div>'
    id_ = post(agency, patient(text={"status": "generated", "div": div}))

    found = only(agency.get(f"/Patient?_id={id_}&_summary={kind}"))

    assert ("text" in found, "birthDate" in found) == (has_text, not has_text)


def test_a_read_may_be_of_a_part(agency: httpx.Client, world: dict[str, str]) -> None:
    found = agency.get(f"/Encounter/{world['visit']}", params={"_elements": "period"})

    assert found.status_code == 200
    assert "subject" not in found.json()


def test_links_repeat_the_format(agency: httpx.Client, world: dict[str, str]) -> None:
    page = agency.get(f"/Encounter?_tag={world['tag']}&_count=1&_format=xml&_pretty=true")

    assert page.headers["Content-Type"].startswith("application/fhir+xml")
    urls = [part.split('"')[0] for part in page.text.split('url value="')[1:3]]
    assert all("_format=xml" in url and "_pretty=true" in url for url in urls)


def test_several_types_are_searched_at_once(agency: httpx.Client, world: dict[str, str]) -> None:
    asked = f"_type=Patient,Encounter&_tag={world['tag']}&_total=accurate&_count=2"
    first = agency.get(f"/?{asked}").json()
    url = next(link["url"] for link in first["link"] if link["relation"] == "next")
    second = agency.get(url).json()

    found = [e["resource"]["id"] for page in (first, second) for e in page["entry"]]
    assert first["total"] == 3
    assert sorted(found) == sorted(world[name] for name in ("ana", "visit", "part"))
    assert found[0] == world["part"]  # the last changed comes first
    assert "_type=Patient%2CEncounter" in first["link"][0]["url"]


def test_all_types_are_searched_where_none_is_named(
    agency: httpx.Client, world: dict[str, str]
) -> None:
    found = agency.post("/_search", data={"_tag": world["tag"], "_summary": "count"}).json()

    assert found["total"] == 3


def test_only_parameters_of_all_types_can_be_used(agency: httpx.Client) -> None:
    assert agency.get("/?_type=Patient,Encounter&family=x").status_code == 400
    assert agency.get("/?_type=Patient,Encounter&_sort=date").status_code == 400
    assert agency.get("/?_type=Nonsense").status_code == 400


@pytest.mark.spec("search.html#compartments", "SHALL")
@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("Patient/{ana}/Encounter", {"visit", "part"}),
        ("Patient/{ana}/Observation", {"finding"}),
        ("Patient/{ana}/Observation?code=nothing", set()),
        ("Patient/{ana}/*", {"ana", "visit", "part", "finding"}),
        ("Patient/{ana}/*?_type=Patient,Observation", {"ana", "finding"}),
        ("Encounter/{part}/Observation", {"finding"}),
        ("Encounter/{visit}/Encounter", {"visit"}),
        ("Practitioner/nobody/Encounter", set()),
        ("RelatedPerson/nobody/Observation", set()),
    ],
)
def test_a_compartment_has_what_is_about_its_root(
    agency: httpx.Client, world: dict[str, str], path: str, found: set[str]
) -> None:
    response = agency.get("/" + path.format(**world))

    assert response.status_code == 200, response.text
    entries = response.json().get("entry", [])
    assert {e["resource"]["id"] for e in entries} == {world[name] for name in found}


@pytest.mark.parametrize("path", ["Patient/1/Practitioner", "Organization/1/Patient"])
def test_a_type_outside_of_a_compartment_is_refused(agency: httpx.Client, path: str) -> None:
    assert agency.get(f"/{path}").status_code == 400
    assert agency.get("/Patient/1/Nonsense").status_code == 404

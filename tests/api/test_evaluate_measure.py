"""https://hl7.org/fhir/R4/operation-measure-evaluate-measure.html ."""

from collections.abc import Iterator
from itertools import islice

import httpx
import pytest

from fhir_server.fhir import crisis
from fhir_server.fhir.resource import Element, Resource
from fhir_server.search.labels import Purpose
from tests.api.deployment import Agency, Deployment, Registration
from tests.api.resources import bundle, encounter, entry, patient

ON_SCENE = "/Measure/m-on-scene-resolution/$evaluate-measure"
JAIL = "/Measure/m-jail-diversion/$evaluate-measure"
# No other test has encounters in this year.
QUARTER = {"periodStart": "2019-04-01", "periodEnd": "2019-06-30"}
YEAR = {"periodStart": "2019-01-01", "periodEnd": "2019-12-31"}
SCOPES = "system/Measure.rs system/MeasureReport.rs"


def part(url: str, **value: object) -> Element:
    return {"url": url, **value}


def a_crisis(person: str, on: str, model: str, disposition: str) -> Resource:
    def event(code: str, at: str) -> Element:
        return part(
            crisis.TIMELINE,
            extension=[part("event", valueCode=code), part("time", valueDateTime=at)],
        )

    def concept(system: str, code: str) -> Element:
        return {"coding": [{"system": crisis.code_system(system), "code": code}]}

    return encounter(
        person,
        period={"start": f"{on}T10:00:00Z", "end": f"{on}T11:00:00Z"},
        extension=[
            event("received", f"{on}T10:00:00Z"),
            event("at-patient", f"{on}T10:20:00Z"),
            part(
                crisis.RESPONDER_MODEL,
                valueCodeableConcept=concept("crisis-responder-model", model),
            ),
            part(
                crisis.DISPOSITION,
                extension=[
                    part(
                        "disposition",
                        valueCodeableConcept=concept("crisis-disposition", disposition),
                    ),
                    part("voluntary", valueBoolean=True),
                ],
            ),
        ],
    )


CRISES = [
    *[("2019-05-02", "mobile-crisis-team", "resolved-on-scene")] * 30,
    *[("2019-05-03", "mobile-crisis-team", "transported-ed")] * 12,
    *[("2019-05-04", "co-responder", "resolved-on-scene")] * 14,
    *[("2019-05-05", "co-responder", "transported-ed")] * 3,
    *[("2019-10-05", "mobile-crisis-team", "resolved-on-scene")] * 20,
]


@pytest.fixture(scope="module")
def team(deployment: Deployment) -> Agency:
    """An agency with the crises of 2019."""
    found = deployment.agency("Crisis team of 2019")
    person = found.http.post("/Patient", json=patient()).json()["id"]
    crises = iter(CRISES)
    while some := list(islice(crises, 50)):
        entries = [entry("POST", "Encounter", a_crisis(person, *one)) for one in some]
        assert found.http.post("", json=bundle("transaction", *entries)).status_code == 200
    return found


@pytest.fixture(scope="module")
def public_health(deployment: Deployment, team: Agency) -> httpx.Client:
    assert team.id
    registration = Registration(scopes=SCOPES, purpose=Purpose.PUBHLTH)
    return deployment.agency("Public health", registration).http


def figures(element: Element) -> tuple[int | None, int | None]:
    counts = {
        population["code"]["coding"][0]["code"]: population.get("count")
        for population in element["population"]
    }
    return counts["numerator"], counts["denominator"]


def strata(report: Resource) -> dict[str, tuple[int | None, int | None]]:
    return {
        stratum["value"]["coding"][0]["code"]: figures(stratum)
        for stratum in report["group"][0]["stratifier"][0]["stratum"]
    }


def texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for child in value.values():
            yield from texts(child)
    elif isinstance(value, list):
        for child in value:
            yield from texts(child)
    elif isinstance(value, str):
        yield value


def test_measures_can_be_read_and_found(public_health: httpx.Client) -> None:
    measure = public_health.get("/Measure/m-on-scene-resolution").json()
    found = public_health.get("/Measure").json()

    assert measure["resourceType"] == "Measure"
    assert measure["url"].endswith("/Measure/m-on-scene-resolution")
    assert {e["resource"]["id"] for e in found["entry"]} >= {
        "m-on-scene-resolution",
        "m-jail-diversion",
    }


def test_a_quarter_is_reported_with_small_cells_hidden(public_health: httpx.Client) -> None:
    response = public_health.get(ON_SCENE, params=QUARTER)

    report = response.json()
    assert response.status_code == 200
    assert report["resourceType"] == "MeasureReport"
    assert report["type"] == "summary"
    assert report["period"] == {"start": "2019-04-01", "end": "2019-06-30"}
    assert figures(report["group"][0]) == (44, 59)
    assert report["group"][0]["measureScore"] == {"value": 0.75}
    # 14 of 17 would tell of 3, and with the total the other stratum would tell of them too.
    assert strata(report)["co-responder"] == (None, 17)
    assert strata(report)["mobile-crisis-team"] == (None, 42)
    assert strata(report)["outreach"] == (0, 0)


def test_a_year_is_reported(public_health: httpx.Client) -> None:
    report = public_health.get(ON_SCENE, params=YEAR).json()

    assert figures(report["group"][0]) == (64, 79)


def test_the_same_request_gives_the_same_bytes(public_health: httpx.Client) -> None:
    first, second = (public_health.get(ON_SCENE, params=QUARTER).content for _ in range(2))

    assert first == second


def test_a_report_holds_no_id_of_anybody(team: Agency, public_health: httpx.Client) -> None:
    people = team.http.get("/Patient").json()["entry"]
    ids = {one["resource"]["id"] for one in people}

    found = " ".join(texts(public_health.get(ON_SCENE, params=YEAR).json()))

    assert ids
    assert not any(one in found for one in ids)


def test_parameters_may_be_posted(public_health: httpx.Client) -> None:
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": name, "valueDate": value} for name, value in QUARTER.items()],
    }

    posted = public_health.post(ON_SCENE, json=body)

    assert posted.json() == public_health.get(ON_SCENE, params=QUARTER).json()


def test_the_measure_may_be_named_at_the_type(public_health: httpx.Client) -> None:
    canonical = f"{crisis.CANONICAL}/Measure/m-on-scene-resolution"

    found = public_health.get(
        "/Measure/$evaluate-measure", params={"measure": canonical, **QUARTER}
    )

    assert found.json() == public_health.get(ON_SCENE, params=QUARTER).json()


@pytest.mark.parametrize(
    ("start", "end"),
    [("2019-04-01", "2019-04-30"), ("2019-01-01", "2019-06-30"), ("2999-01-01", "2999-12-31")],
)
def test_other_periods_are_refused_and_allowed_ones_named(
    public_health: httpx.Client, start: str, end: str
) -> None:
    response = public_health.get(ON_SCENE, params={"periodStart": start, "periodEnd": end})

    assert response.status_code == 422
    assert "-03-31`" in response.json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({}, 400),
        ({"periodStart": "2019-01-01"}, 400),
        ({**QUARTER, "periodEnd": "soon"}, 400),
        ({**QUARTER, "colour": "red"}, 400),
        ({**QUARTER, "reportType": "subject-list"}, 422),
        ({**QUARTER, "reportType": "individual"}, 422),
        ({**QUARTER, "subject": "Patient/1"}, 422),
        ({**QUARTER, "reportType": "summary"}, 200),
    ],
)
def test_parameters_are_checked(
    public_health: httpx.Client, parameters: dict[str, str], status: int
) -> None:
    assert public_health.get(ON_SCENE, params=parameters).status_code == status


def test_an_unknown_measure_is_not_found(public_health: httpx.Client) -> None:
    response = public_health.get("/Measure/m-none/$evaluate-measure", params=QUARTER)

    assert response.status_code == 404


def test_own_operations_are_told_about_their_own_agency(
    deployment: Deployment, team: Agency
) -> None:
    registration = Registration(scopes=SCOPES, purpose=Purpose.HOPERAT)
    own = deployment.client(team.id, registration)
    other = deployment.agency("Another team", registration)

    mine = own.get(ON_SCENE, params=QUARTER).json()
    theirs = other.http.get(ON_SCENE, params=QUARTER).json()

    assert figures(mine["group"][0]) == (44, 59)
    assert mine["reporter"] == {"reference": f"Organization/{team.id}"}
    assert figures(theirs["group"][0]) == (0, 0)


def test_treatment_is_no_purpose_for_a_report(deployment: Deployment, team: Agency) -> None:
    assert team.id
    treating = deployment.client(team.id, Registration(scopes=SCOPES))

    assert treating.get(ON_SCENE, params=QUARTER).status_code == 403


def test_public_health_without_the_scope_is_refused(deployment: Deployment) -> None:
    registration = Registration(scopes="system/Measure.rs", purpose=Purpose.PUBHLTH)
    client = deployment.agency("Public health without scope", registration).http

    assert client.get(ON_SCENE, params=QUARTER).status_code == 403


def test_public_health_sees_no_encounter(deployment: Deployment, team: Agency) -> None:
    assert team.id
    registration = Registration(scopes="system/*.rs", purpose=Purpose.PUBHLTH)
    client = deployment.agency("Public health with all scopes", registration).http

    found = client.get("/Encounter", params={"date": "2019-05"})

    assert not found.json().get("entry")


def test_jail_diversion_tells_how_much_is_unknown(public_health: httpx.Client) -> None:
    report = public_health.get(JAIL, params=QUARTER).json()

    assert [figures(group) for group in report["group"]] == [(0, 0), (59, 59)]

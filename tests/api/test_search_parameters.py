"""Each type of search parameter, prefix and modifier over HTTP.

https://hl7.org/fhir/R4/search.html

What a comparison means is tested against an oracle (tests/contract/test_equivalence.py); here it is
shown that each can be asked for, and that values come from resources as the section says.
"""

from decimal import Decimal

import httpx
import pytest

from fhir_server.fhir.json import encode
from fhir_server.fhir.resource import Json
from tests.api.resources import encounter, patient, tag, tagged

UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"


def ids(response: httpx.Response) -> set[str]:
    assert response.status_code == 200, response.text
    entries = response.json().get("entry", [])
    return {
        entry["resource"]["id"]
        for entry in entries
        if entry.get("search", {}).get("mode") == "match"
    }


def post(agency: httpx.Client, resource: Json) -> str:
    headers = {"Content-Type": "application/fhir+json"}
    sent = agency.post(f"/{resource['resourceType']}", content=encode(resource), headers=headers)
    assert sent.status_code == 201, sent.text
    id_: str = sent.json()["id"]
    return id_


def observation(code: str, value: Json, **elements: Json) -> Json:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code, "display": "Body weight"}]},
        **value,
        **elements,
    }


def weight(value: str, unit: str) -> Json:
    return {"valueQuantity": {"value": Decimal(value), "system": UCUM, "code": unit, "unit": unit}}


@pytest.fixture(scope="module")
def world(agency: httpx.Client) -> dict[str, str]:
    """One resource of each kind of value, under a tag of their own."""
    code = tag()
    person = post(
        agency,
        tagged(
            patient(
                name=[{"family": "Grønvåg", "given": ["Ana Luz"]}],
                identifier=[
                    {
                        "system": "http://mrn",
                        "value": code,
                        "type": {"coding": [{"system": "http://types", "code": "MR"}]},
                    }
                ],
            ),
            code,
        ),
    )
    subject = {"subject": {"reference": f"Patient/{person}"}}
    return {
        "tag": code,
        "person": person,
        "heavy": post(
            agency, tagged(observation("29463-7", weight("80.5", "kg"), **subject), code)
        ),
        "light": post(agency, tagged(observation("29463-7", weight("5400", "g"), **subject), code)),
        "panel": post(
            agency,
            tagged(
                observation(
                    "85354-9",
                    {},
                    component=[
                        {"code": {"coding": [{"code": "s"}]}, **weight("140", "mm[Hg]")},
                        {"code": {"coding": [{"code": "d"}]}, **weight("80", "mm[Hg]")},
                    ],
                ),
                code,
            ),
        ),
        "risk": post(
            agency,
            tagged(
                {
                    "resourceType": "RiskAssessment",
                    "status": "final",
                    **subject,
                    "prediction": [{"probabilityDecimal": Decimal("0.25")}],
                },
                code,
            ),
        ),
        "visit": post(
            agency,
            tagged(
                encounter(
                    person,
                    serviceProvider={"identifier": {"system": "http://npi", "value": code}},
                ),
                code,
            ),
        ),
        "set": post(
            agency,
            tagged(
                {
                    "resourceType": "ValueSet",
                    "status": "draft",
                    "url": f"http://acme.example/{code}/sets/one",
                },
                code,
            ),
        ),
    }


CASES = [
    ("Observation", "value-quantity=5.4|http://unitsofmeasure.org|kg", {"light"}),
    ("Observation", "value-quantity=5400|http://unitsofmeasure.org|g", {"light"}),
    ("Observation", "value-quantity=80.5||kg", {"heavy"}),
    ("Observation", "value-quantity=80", set()),
    ("Observation", "value-quantity=81", {"heavy"}),
    ("Observation", "value-quantity=gt5.4|http://unitsofmeasure.org|kg", {"heavy"}),
    ("Observation", "value-quantity=ge5.4|http://unitsofmeasure.org|kg", {"heavy", "light"}),
    ("Observation", "value-quantity=lt6|http://unitsofmeasure.org|kg", {"light"}),
    ("Observation", "value-quantity=ap6|http://unitsofmeasure.org|kg", {"light"}),
    ("Observation", "value-quantity=ne5.4|http://unitsofmeasure.org|kg", {"heavy"}),
    ("RiskAssessment", "probability=0.25", {"risk"}),
    ("RiskAssessment", "probability=0.2", set()),
    ("RiskAssessment", "probability=0.3", {"risk"}),
    ("RiskAssessment", "probability=gt0.25", set()),
    ("RiskAssessment", "probability=sa0.1", {"risk"}),
    ("RiskAssessment", "probability=eb0.3", {"risk"}),
    ("Observation", "code-value-quantity=29463-7$gt50|http://unitsofmeasure.org|kg", {"heavy"}),
    ("Observation", "component-code-value-quantity=s$140", {"panel"}),
    ("Observation", "component-code-value-quantity=d$140", set()),
    ("Observation", "combo-code-value-quantity=d$80", {"panel"}),
    ("Observation", "code:text=body wei", {"heavy", "light", "panel"}),
    ("Observation", "code:not=29463-7", {"panel"}),
    ("Observation", "subject:missing=true", {"panel"}),
    ("Observation", "subject:missing=false&value-quantity:missing=false", {"heavy", "light"}),
    ("Observation", "subject:Patient.family=GRØNVAG&code=29463-7", {"heavy", "light"}),
    ("Observation", "subject.name:contains=luz", {"heavy", "light"}),
    ("Patient", "name:exact=Ana Luz", {"person"}),
    ("Patient", "name:exact=ana luz", set()),
    ("Patient", "name:contains=LUZ", {"person"}),
    ("Patient", "_has:Observation:patient:code=29463-7", {"person"}),
    ("Patient", "_has:Observation:patient:code=85354-9", set()),
    ("Patient", "_has:Encounter:patient:class=FLD&gender:missing=true", {"person"}),
    ("Encounter", "subject:Patient._has:Observation:subject:value-quantity=gt80", {"visit"}),
    ("Encounter", "status:not=planned", {"visit"}),
    ("Encounter", "status:in=http://hl7.org/fhir/ValueSet/encounter-status", {"visit"}),
    ("Encounter", "status:not-in=http://hl7.org/fhir/ValueSet/encounter-status", set()),
    ("Encounter", "class:below=http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB", set()),
    ("Encounter", "class:above=http://terminology.hl7.org/CodeSystem/v3-ActCode|FLD", {"visit"}),
    ("Encounter", "date=ap2026-03-04", {"visit"}),
    ("Encounter", "date=sa2026-03-04", set()),
    ("Encounter", "date=eb2026-03-05", {"visit"}),
]


@pytest.mark.parametrize(("type_", "asked", "found"), CASES)
def test_a_search_finds_what_it_asks_for(
    agency: httpx.Client, world: dict[str, str], type_: str, asked: str, found: set[str]
) -> None:
    response = agency.get(f"/{type_}?{asked}&_tag={world['tag']}")

    assert ids(response) == {world[name] for name in found}


def test_what_needs_the_tag_in_its_value(agency: httpx.Client, world: dict[str, str]) -> None:
    code = world["tag"]
    found = {
        f"/Patient?identifier:of-type=http://types|MR|{code}": "person",
        f"/Encounter?service-provider:identifier=http://npi|{code}": "visit",
        f"/ValueSet?url:below=http://acme.example/{code}": "set",
        f"/ValueSet?url:above=http://acme.example/{code}/sets/one/two": "set",
        f"/ValueSet?url=http://acme.example/{code}/sets/one": "set",
    }

    assert {url: ids(agency.get(url)) for url in found} == {
        url: {world[name]} for url, name in found.items()
    }
    assert ids(agency.get(f"/ValueSet?url:below=http://acme.example/{code[:-1]}")) == set()


def test_a_list_names_what_is_found(agency: httpx.Client, world: dict[str, str]) -> None:
    entry = [{"item": {"reference": f"Observation/{world['heavy']}"}}]
    listed = {"resourceType": "List", "status": "current", "mode": "working", "entry": entry}

    found = agency.get("/Observation", params={"_list": post(agency, listed)})

    assert ids(found) == {world["heavy"]}


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("value-quantity", "light"),
        ("-value-quantity", "heavy"),
        ("subject,-value-quantity", "heavy"),
        ("code,value-quantity", "light"),
        ("-code", "panel"),
    ],
)
def test_sort_by_any_parameter_puts_missing_values_last(
    agency: httpx.Client, world: dict[str, str], order: str, first: str
) -> None:
    pages = []
    url: str | None = f"/Observation?_tag={world['tag']}&_sort={order}&_count=1"
    while url:
        page = agency.get(url).json()
        pages += [entry["resource"]["id"] for entry in page["entry"]]
        url = next((one["url"] for one in page["link"] if one["relation"] == "next"), None)

    assert pages[0] == world[first]
    assert sorted(pages) == sorted(world[name] for name in ("heavy", "light", "panel"))
    if "value-quantity" in order:
        assert pages[-1] == world["panel"]


@pytest.mark.parametrize(
    "asked", ["value-quantity=five", "code-value-quantity=a", "status:above=x"]
)
def test_what_cannot_be_read_is_refused(agency: httpx.Client, asked: str) -> None:
    response = agency.get(f"/Observation?{asked}")

    assert response.status_code == 400
    assert response.json()["issue"][0]["expression"]


def test_what_was_ignored_is_named_in_the_answer(
    agency: httpx.Client, world: dict[str, str]
) -> None:
    response = agency.get(
        f"/Patient?shoe-size=9&_tag={world['tag']}", headers={"Prefer": "handling=lenient"}
    )

    (outcome,) = [
        entry["resource"]
        for entry in response.json()["entry"]
        if entry["search"]["mode"] == "outcome"
    ]
    assert outcome["issue"][0]["expression"] == ["shoe-size"]

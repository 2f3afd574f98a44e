"""https://hl7.org/fhir/R4/http.html#transaction and https://hl7.org/fhir/R4/http.html#trules ."""

import httpx
import pytest

from tests.api.resources import bundle, encounter, entry, patient, tag, tagged

PERSON = "urn:uuid:9b0a2f3e-45a1-4b57-8c29-4be8f7b5d001"
CONTACT = "urn:uuid:9b0a2f3e-45a1-4b57-8c29-4be8f7b5d002"


def placed(location: str) -> str:
    """Return the relative URL of the resource whose version `location` names."""
    return "/".join(location.split("/")[-4:-2])


@pytest.mark.spec("http.html#trules", "SHALL")
def test_references_between_entries_become_the_servers(agency: httpx.Client) -> None:
    contact = encounter("x", subject={"reference": PERSON})
    sent = bundle(
        "transaction",
        entry("POST", "Encounter", contact, fullUrl=CONTACT),
        entry("POST", "Patient", patient(), fullUrl=PERSON),
    )

    answer = agency.post("", json=sent).json()

    first, second = (e["response"]["location"] for e in answer["entry"])
    assert answer["type"] == "transaction-response"
    assert [e["response"]["status"] for e in answer["entry"]] == ["201 Created"] * 2
    assert agency.get(placed(first)).json()["subject"]["reference"] == placed(second)


@pytest.mark.spec("http.html#trules", "SHALL")
def test_deletes_come_before_creates_and_updates(agency: httpx.Client) -> None:
    kept = agency.post("/Patient", json=patient()).json()["id"]
    gone = agency.post("/Patient", json=patient()).json()["id"]
    sent = bundle(
        "transaction",
        entry("GET", f"Patient/{kept}"),
        entry("PUT", f"Patient/{kept}", patient(id=kept, active=False)),
        entry("POST", "Patient", patient()),
        entry("DELETE", f"Patient/{gone}"),
    )

    answer = agency.post("", json=sent).json()

    statuses = [e["response"]["status"][:3] for e in answer["entry"]]
    assert statuses == ["200", "200", "201", "204"]
    assert answer["entry"][0]["resource"]["active"] is False
    assert agency.get(f"/Patient/{gone}").status_code == 410


@pytest.mark.spec("http.html#trules", "SHALL")
def test_one_fault_undoes_everything(agency: httpx.Client) -> None:
    code = tag()
    existing = agency.post("/Patient", json=patient()).json()["id"]
    sent = bundle(
        "transaction",
        entry("POST", "Patient", tagged(patient(), code)),
        entry("PUT", f"Patient/{existing}", patient(id=existing), ifMatch='W/"9"'),
    )

    response = agency.post("", json=sent)

    assert response.status_code == 412
    assert response.json()["issue"][0]["expression"] == ["Bundle.entry[1].request.ifMatch"]
    assert "entry" not in agency.get("/Patient", params={"_tag": code}).json()


@pytest.mark.spec("http.html#transaction", "SHALL")
def test_each_fault_is_named_by_its_place_in_the_bundle(agency: httpx.Client) -> None:
    sent = bundle(
        "transaction",
        entry("POST", "Patient", patient()),
        entry("POST", "Patient", patient(gender="x")),
        entry("POST", "Patient", patient(name=[{"family": 3}])),
    )

    response = agency.post("", json=sent)

    expressions = {issue["expression"][0] for issue in response.json()["issue"]}
    assert response.status_code == 422
    assert expressions == {
        "Bundle.entry[1].resource.gender",
        "Bundle.entry[2].resource.name[0].family",
    }


@pytest.mark.spec("http.html#trules", "SHALL")
@pytest.mark.parametrize(
    "twice",
    [
        [entry("DELETE", "Patient/a"), entry("PUT", "Patient/a", patient(id="a"))],
        [
            entry("POST", "Patient", patient(), fullUrl=PERSON),
            entry("POST", "Patient", patient(), fullUrl=PERSON),
        ],
    ],
)
def test_an_identity_may_stand_only_once(agency: httpx.Client, twice: list[object]) -> None:
    response = agency.post("", json=bundle("transaction", *twice))

    assert response.status_code == 400
    assert response.json()["issue"][0]["expression"] == ["Bundle.entry[1]"]


@pytest.mark.parametrize(
    ("wrong", "status", "expression"),
    [
        (entry("POST", "Patient"), 400, "Bundle.entry[0].resource"),
        (entry("POST", "Patient", {"resourceType": "Group"}), 400, "Bundle.entry[0].resource"),
        (entry("POST", "Patient/1", patient()), 400, "Bundle.entry[0].request.url"),
        (entry("PUT", "Patient", patient()), 400, "Bundle.entry[0].request"),
        (entry("PUT", "Patient/a", patient(id="b")), 400, "Bundle.entry[0].resource.id"),
        (entry("PUT", "Patient?x=1", patient()), 400, "Bundle.entry[0].request"),
        (entry("PATCH", "Patient/a", patient()), 404, "Bundle.entry[0].resource"),
        (entry("POST", "Patient", patient(), ifNoneExist="x=1"), 400, "Bundle.entry[0].request"),
        (
            entry("POST", "Encounter", encounter("x", subject={"reference": PERSON})),
            400,
            "Bundle.entry[0].resource",
        ),
        (
            entry("POST", "Encounter", encounter("x", subject={"reference": "Patient?a=b"})),
            400,
            "Bundle.entry[0].resource",
        ),
        (entry("DELETE", "Patient/a", ifMatch="1"), 400, "Bundle.entry[0].request.ifMatch"),
    ],
)
def test_what_cannot_be_done_is_refused(
    agency: httpx.Client, wrong: object, status: int, expression: str
) -> None:
    response = agency.post("", json=bundle("transaction", wrong))

    assert response.status_code == status, response.text
    assert response.json()["issue"][0]["expression"] == [expression]


def test_five_thousand_entries_in_one_transaction(agency: httpx.Client) -> None:
    code = tag()
    entries = [entry("POST", "Patient", tagged(patient(), code)) for _ in range(5000)]

    response = agency.post("", json=bundle("transaction", *entries))

    count = agency.get("/Patient", params={"_tag": code, "_summary": "count"}).json()
    assert response.status_code == 200
    assert len(response.json()["entry"]) == count["total"] == 5000

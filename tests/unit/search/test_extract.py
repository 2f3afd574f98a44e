"""What is indexed of a resource."""

from fhir_server.fhir.dates import parse
from fhir_server.fhir.definitions import load
from fhir_server.fhir.resource import Json
from fhir_server.search.extract import extract
from fhir_server.search.indexed import Indexed
from fhir_server.search.parameters import parameters
from fhir_server.search.params.quantity import BASE_UNITS

DEFINITIONS = load()
BASE = "http://here/fhir"
ENCOUNTER: Json = {
    "resourceType": "Encounter",
    "id": "1",
    "meta": {
        "lastUpdated": "2026-03-04T15:02:11Z",
        "profile": ["http://profile|1"],
        "source": "urn:agency",
        "security": [{"system": "http://act", "code": "R"}],
        "tag": [{"code": "demo"}],
    },
    "contained": [{"resourceType": "Location", "id": "home", "identifier": [{"value": "7"}]}],
    "identifier": [{"system": "http://cad", "value": "26-001"}],
    "status": "finished",
    "class": {"system": "http://v3", "code": "FLD"},
    "type": [{"coding": [{"system": "http://snomed.info/sct", "code": "1"}]}],
    "subject": {"reference": "Patient/9"},
    "episodeOfCare": [{"reference": f"{BASE}/EpisodeOfCare/5/_history/2"}],
    "period": {"start": "2026-03-04T10:00:00Z", "end": "2026-03-04T11:00:00Z"},
    "location": [{"location": {"reference": "#home"}}],
    "serviceProvider": {"reference": "http://elsewhere/fhir/Organization/3"},
    "participant": [{"individual": {"identifier": {"value": "badge 12"}}}],
    "length": {"value": 60, "unit": "min", "system": "http://unitsofmeasure.org", "code": "min"},
}


def by_code(indexed: Indexed, type_name: str) -> dict[str, list[tuple[Json, ...]]]:
    """Return the values of each parameter without its number."""
    codes = {p.param_id: code for code, p in parameters(DEFINITIONS, type_name).items()}
    found: dict[str, list[tuple[Json, ...]]] = {}
    for group in Indexed.__slots__:
        for value in getattr(indexed, group):
            names = [name for name in value.__slots__ if name != "param_id"]
            parts = tuple(getattr(value, name) for name in names)
            found.setdefault(codes[value.param_id], []).append(parts)
    return found


def test_every_search_type_is_indexed() -> None:
    found = by_code(extract(ENCOUNTER, DEFINITIONS, BASE), "Encounter")

    assert found == {
        "_profile": [("http://profile",), ("http://profile|1",)],
        "_security": [("http://act", "r")],
        "_source": [("urn:agency",)],
        "_tag": [("", "demo")],
        "class": [("http://v3", "fld")],
        "date": [(parse("2026-03-04T10:00:00Z").lo, parse("2026-03-04T11:00:00Z").hi)],
        "episode-of-care": [("EpisodeOfCare", "5", None)],
        "identifier": [("http://cad", "26-001")],
        "length": [
            (60.0, 60.0, "http://unitsofmeasure.org", "min"),
            (3600.0, 3600.0, BASE_UNITS, "s"),
        ],
        "participant": [("", "badge 12")],
        "patient": [("Patient", "9", None)],
        "service-provider": [(None, None, "http://elsewhere/fhir/Organization/3")],
        "status": [("http://hl7.org/fhir/encounter-status", "finished")],
        "subject": [("Patient", "9", None)],
        "type": [("http://snomed.info/sct", "1")],
    }


def test_values_stand_once() -> None:
    patient = {
        "resourceType": "Patient",
        "name": [{"family": "Doe", "given": ["Jo", "JO"]}, {"family": "Doe"}],
    }

    found = by_code(extract(patient, DEFINITIONS, BASE), "Patient")

    assert found["family"] == [("doe", "Doe")]
    assert found["given"] == [("jo", "Jo"), ("jo", "JO")]


def test_extension_parameter_indexes_the_value_of_the_extension() -> None:
    url = parameters(DEFINITIONS, "Patient")["mothersMaidenName"].expression.split("'")[1]
    patient = {
        "resourceType": "Patient",
        "extension": [
            {"url": url, "valueString": "Łęcka"},
            {"url": "http://x", "valueString": "y"},
        ],
    }

    found = by_code(extract(patient, DEFINITIONS, BASE), "Patient")

    assert found["mothersMaidenName"] == [("łecka", "Łęcka")]


def test_patient_is_known_to_be_alive_where_nothing_is_said() -> None:
    found = by_code(extract({"resourceType": "Patient"}, DEFINITIONS, BASE), "Patient")

    assert found == {"deceased": [("", "false")]}


def test_reference_to_an_unknown_type_is_not_indexed() -> None:
    encounter = {"resourceType": "Encounter", "subject": {"reference": "Nonsense/1"}}

    assert extract(encounter, DEFINITIONS, BASE) == Indexed()


def test_own_canonical_is_found_by_url_and_by_id() -> None:
    response = {"resourceType": "QuestionnaireResponse", "questionnaire": f"{BASE}/Questionnaire/1"}

    found = by_code(extract(response, DEFINITIONS, BASE), "QuestionnaireResponse")

    assert found["questionnaire"] == [
        (None, None, f"{BASE}/Questionnaire/1"),
        ("Questionnaire", "1", None),
    ]


def test_resource_is_left_as_it_was() -> None:
    before = repr(ENCOUNTER)

    extract(ENCOUNTER, DEFINITIONS, BASE)

    assert repr(ENCOUNTER) == before

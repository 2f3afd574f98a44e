"""https://hl7.org/fhir/R4/conceptmap-operation-translate.html ."""

import httpx
import pytest

from fhir_server.fhir.resource import Element, Resource
from tests.api.resources import tag
from tests.api.test_terminology import created, fault, get, parts, post, told
from tests.terminology import ELSEWHERE

GENDER = "http://hl7.org/fhir/administrative-gender"
V3_GENDER = "http://terminology.hl7.org/CodeSystem/v3-AdministrativeGender"
MAP = "http://hl7.org/fhir/ConceptMap/cm-administrative-gender-v3"
MALE = {"system": GENDER, "code": "male"}


def test_a_code_is_translated_by_a_map(agency: httpx.Client) -> None:
    answer = get(agency, "/ConceptMap/$translate", url=MAP, **MALE)

    assert told(answer) == {"result": True}
    assert parts(answer, "match") == [
        {"equivalence": "equal", "concept": {"system": V3_GENDER, "code": "M"}, "source": MAP}
    ]


def test_the_map_is_found_by_its_value_sets(agency: httpx.Client) -> None:
    there = post(
        agency,
        "/ConceptMap/$translate",
        {"name": "coding", "valueCoding": MALE},
        {"name": "source", "valueUri": "http://hl7.org/fhir/ValueSet/administrative-gender"},
        {"name": "targetsystem", "valueUri": V3_GENDER},
    )
    back = get(
        agency,
        "/ConceptMap/$translate",
        system=V3_GENDER,
        code="M",
        target="http://hl7.org/fhir/ValueSet/administrative-gender",
        reverse="true",
    )

    assert told(there)["result"] is True
    assert MALE in [match["concept"] for match in parts(back, "match")]


def conditional(url: str) -> Resource:
    target: Element = {
        "code": "2",
        "equivalence": "equivalent",
        "dependsOn": [{"property": "http://test.example/age", "value": "adult"}],
        "product": [{"property": "http://test.example/size", "system": ELSEWHERE, "value": "L"}],
    }
    return {
        "resourceType": "ConceptMap",
        "url": url,
        "status": "active",
        "sourceUri": f"{url}/from",
        "group": [
            {
                "source": ELSEWHERE,
                "target": ELSEWHERE,
                "element": [{"code": "1", "target": [target]}, {"code": "3"}],
            }
        ],
    }


def test_a_stored_map_has_conditions_and_products(agency: httpx.Client) -> None:
    url = f"http://test.example/{tag()}"
    map_id = created(agency, conditional(url))
    asked = ({"name": "code", "valueCode": "1"}, {"name": "system", "valueUri": ELSEWHERE})
    adult = {
        "name": "dependency",
        "part": [
            {"name": "element", "valueUri": "http://test.example/age"},
            {"name": "concept", "valueCodeableConcept": {"text": "adult"}},
        ],
    }

    untold = post(agency, f"/ConceptMap/{map_id}/$translate", *asked)
    (match,) = parts(post(agency, f"/ConceptMap/{map_id}/$translate", *asked, adult), "match")
    by_source = get(
        agency, "/ConceptMap/$translate", source=f"{url}/from", system=ELSEWHERE, code="3"
    )

    assert told(untold) == {
        "result": False,
        "message": "There would be more matches for certain values of: `http://test.example/age`.",
    }
    assert match["concept"] == {"system": ELSEWHERE, "code": "2"}
    assert match["product"] == [
        {"name": "element", "valueUri": "http://test.example/size"},
        {"name": "concept", "valueCoding": {"system": ELSEWHERE, "code": "L"}},
    ]
    assert told(by_source) == {
        "result": False,
        "message": "The map says that there is no translation.",
    }


def test_a_map_can_come_with_the_request(agency: httpx.Client) -> None:
    answer = post(
        agency,
        "/ConceptMap/$translate",
        {"name": "conceptMap", "resource": conditional("http://test.example/own")},
        {"name": "codeableConcept", "valueCodeableConcept": {"coding": [MALE]}},
    )

    assert told(answer) == {"result": False, "message": "The map says nothing about this code."}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"url": MAP, "code": "male"}, (400, "invalid", "`system` must be given.")),
        (MALE, (400, "invalid", "`url`, or the value sets `source` and `target`, must be given.")),
        (
            {"url": MAP},
            (
                400,
                "invalid",
                "Exactly one of `code`, `coding` and `codeableConcept` must be given.",
            ),
        ),
        (
            {**MALE, "url": "http://test.example/absent"},
            (
                404,
                "not-found",
                "The concept map `http://test.example/absent` is not available here.",
            ),
        ),
    ],
)
def test_translate_names_what_is_wrong(
    agency: httpx.Client, query: dict[str, str], expected: tuple[int, str, str]
) -> None:
    assert fault(get(agency, "/ConceptMap/$translate", **query)) == expected


def test_a_condition_that_is_half_told_is_refused(agency: httpx.Client) -> None:
    answer = post(
        agency,
        "/ConceptMap/$translate",
        {"name": "url", "valueUri": MAP},
        {"name": "coding", "valueCoding": MALE},
        {"name": "dependency", "part": [{"name": "element", "valueUri": "x"}]},
    )

    assert fault(answer)[0] == 400
    assert "`dependency` must have the parts" in fault(answer)[2]

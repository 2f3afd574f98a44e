"""Operations on code systems and value sets: https://hl7.org/fhir/R4/terminology-service.html ."""

from collections.abc import Mapping
from urllib.parse import quote

import httpx
import pytest

from fhir_server.fhir.resource import Element, Json, Resource
from tests.api.deployment import Deployment, Registration
from tests.api.resources import tag
from tests.terminology import (
    ELSEWHERE,
    animals,
    code_system,
    concept,
    condition,
    include,
    value_set,
)

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
GENDER = "http://hl7.org/fhir/administrative-gender"
GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"


def told(answer: httpx.Response) -> dict[str, Json]:
    """Return the simple parameters of an answer."""
    assert answer.status_code == 200, answer.text
    return {
        parameter["name"]: value
        for parameter in answer.json()["parameter"]
        for name, value in parameter.items()
        if name.startswith("value")
    }


def parts(answer: httpx.Response, name: str) -> list[dict[str, Json]]:
    """Return the parts of all parameters of a name."""
    return [
        {
            part["name"]: value
            for part in parameter["part"]
            for key, value in part.items()
            if key.startswith("value") or key == "part"
        }
        for parameter in answer.json()["parameter"]
        if parameter["name"] == name
    ]


def fault(answer: httpx.Response) -> tuple[int, str, str]:
    issue = answer.json()["issue"][0]
    return answer.status_code, issue["code"], issue["diagnostics"]


def post(agency: httpx.Client, path: str, *parameters: Element) -> httpx.Response:
    return agency.post(path, json={"resourceType": "Parameters", "parameter": list(parameters)})


def get(agency: httpx.Client, path: str, **query: str) -> httpx.Response:
    return agency.get(path, params={name.replace("__", "-"): v for name, v in query.items()})


def created(agency: httpx.Client, resource: Resource) -> str:
    answer = agency.post(f"/{resource['resourceType']}", json=resource)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def codes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [found["code"] for found in answer.json()["expansion"].get("contains", [])]


def test_lookup_tells_of_a_code(agency: httpx.Client) -> None:
    answer = get(agency, "/CodeSystem/$lookup", system=ICD, code="F1120")

    assert told(answer)["display"] == "Opioid dependence, uncomplicated"
    assert told(answer)["version"] == "2026"
    assert {"code": "parent", "value": "F11.2", "description": "Opioid dependence"} in parts(
        answer, "property"
    )
    assert "Opioid use disorder, moderate" in {d["value"] for d in parts(answer, "designation")}


def test_lookup_tells_only_what_was_chosen(agency: httpx.Client) -> None:
    coding = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "FLD"}

    answer = post(
        agency,
        "/CodeSystem/$lookup",
        {"name": "coding", "valueCoding": coding},
        {"name": "property", "valueCode": "parent"},
    )

    assert [found["code"] for found in parts(answer, "property")] == ["parent"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"code": "F11.20"}, (400, "invalid", "`system` and `code` must both be given.")),
        ({}, (400, "invalid", "Exactly one of `code`, `coding` must be given.")),
        (
            {"system": ICD, "code": "U999"},
            (404, "not-found", f"`U999` is not a code of `{ICD}`."),
        ),
        (
            {"system": "http://loinc.org", "code": "1"},
            (404, "not-found", "The code system `http://loinc.org` is not available here."),
        ),
        (
            {"system": "http://snomed.info/sct", "code": "1"},
            (
                404,
                "not-found",
                "`1` is not among the codes of `http://snomed.info/sct` that are available here.",
            ),
        ),
    ],
)
def test_lookup_names_what_is_wrong(
    agency: httpx.Client, query: Mapping[str, str], expected: tuple[int, str, str]
) -> None:
    assert fault(get(agency, "/CodeSystem/$lookup", **query)) == expected


def test_a_code_is_validated_in_its_system(agency: httpx.Client) -> None:
    right = get(agency, "/CodeSystem/$validate-code", url=ICD, code="f11.20")
    wrong = get(agency, "/CodeSystem/$validate-code", url=ICD, code="F11.999")
    misnamed = get(agency, "/CodeSystem/$validate-code", url=ICD, code="F11.20", display="Flu")

    assert told(right) == {
        "result": True,
        "message": "The code is written `F11.20`.",
        "display": "Opioid dependence, uncomplicated",
        "code": "F11.20",
        "system": ICD,
        "version": "2026",
    }
    assert told(wrong) == {"result": False, "message": f"`F11.999` is not a code of `{ICD}`."}
    assert told(misnamed)["result"] is False
    assert told(misnamed)["message"] == (
        "`F11.20` is not called `Flu`, but `Opioid dependence, uncomplicated`."
    )


def test_a_block_is_valid_only_where_groups_are(agency: httpx.Client) -> None:
    query = {"url": ICD, "code": "F10-F19"}

    assert told(get(agency, "/CodeSystem/$validate-code", **query))["result"] is False
    grouped = get(agency, "/CodeSystem/$validate-code", **query, abstract="true")
    assert told(grouped)["result"] is True


@pytest.mark.parametrize(
    "system", ["http://loinc.org", "http://www.nlm.nih.gov/research/umls/rxnorm"]
)
def test_a_system_that_is_not_here_is_never_called_wrong(agency: httpx.Client, system: str) -> None:
    of_system = get(agency, "/CodeSystem/$validate-code", url=system, code="1")
    condition_codes = "http://hl7.org/fhir/ValueSet/condition-code"
    of_value_set = get(
        agency,
        "/ValueSet/$validate-code",
        url=condition_codes,
        system="http://snomed.info/sct",
        code="1",
    )

    assert fault(of_system) == (
        404,
        "not-found",
        f"The code system `{system}` is not available here.",
    )
    assert fault(of_value_set)[:2] == (422, "not-found")


def test_a_code_of_such_a_system_that_a_value_set_lists_is_known(agency: httpx.Client) -> None:
    listed = "http://hl7.org/fhir/ValueSet/doc-section-codes"
    query = {"url": listed, "system": "http://loinc.org"}

    inside = get(agency, "/ValueSet/$validate-code", **query, code="10154-3")
    outside = get(agency, "/ValueSet/$validate-code", **query, code="1-8")

    assert told(inside)["result"] is True
    assert told(outside)["result"] is False


def test_one_coding_of_a_concept_is_enough(agency: httpx.Client) -> None:
    concept_ = {"coding": [{"system": ELSEWHERE, "code": "x"}, {"system": GENDER, "code": "male"}]}

    answer = post(
        agency,
        "/ValueSet/$validate-code",
        {"name": "url", "valueUri": GENDERS},
        {"name": "codeableConcept", "valueCodeableConcept": concept_},
    )

    assert told(answer)["result"] is True
    assert told(answer)["system"] == GENDER


def test_the_system_is_inferred_where_that_is_asked_for(agency: httpx.Client) -> None:
    query = {"url": GENDERS, "code": "male"}
    of_element = {
        "context": "http://hl7.org/fhir/StructureDefinition/Patient#Patient.gender",
        "code": "male",
    }

    refused = get(agency, "/ValueSet/$validate-code", **query)
    inferred = get(agency, "/ValueSet/$validate-code", **query, inferSystem="true")
    by_element = get(agency, "/ValueSet/$validate-code", **of_element)

    assert fault(refused)[0] == 400
    assert told(inferred)["system"] == told(by_element)["system"] == GENDER


def test_a_value_set_can_come_with_the_request(agency: httpx.Client) -> None:
    own = {"resource": value_set("", include(ICD, **condition("concept", "is-a", "F11")))}
    del own["resource"]["url"]
    coding = {"system": ICD, "code": "F11.20"}

    valid = post(
        agency,
        "/ValueSet/$validate-code",
        {"name": "valueSet", **own},
        {"name": "coding", "valueCoding": coding},
    )
    whole = post(agency, "/ValueSet/$expand", {"name": "valueSet", **own})

    assert told(valid)["result"] is True
    assert whole.json()["expansion"]["total"] > 20


def test_a_code_system_can_come_with_the_request(agency: httpx.Client) -> None:
    answer = post(
        agency,
        "/CodeSystem/$validate-code",
        {"name": "codeSystem", "resource": animals()},
        {"name": "code", "valueCode": "cat"},
        {"name": "displayLanguage", "valueCode": "de"},
    )

    assert told(answer)["result"] is True


@pytest.mark.parametrize(
    ("one", "other", "outcome"),
    [
        ("F10-F19", "F11.20", "subsumes"),
        ("F11.20", "F11", "subsumed-by"),
        ("F11.20", "F1120", "equivalent"),
        ("F11", "F12", "not-subsumed"),
    ],
)
def test_codes_subsume_others(agency: httpx.Client, one: str, other: str, outcome: str) -> None:
    by_url = get(agency, "/CodeSystem/$subsumes", system=ICD, codeA=one, codeB=other)
    by_body = post(
        agency,
        "/CodeSystem/$subsumes",
        {"name": "codingA", "valueCoding": {"system": ICD, "code": one}},
        {"name": "codingB", "valueCoding": {"system": ICD, "code": other}},
    )

    assert told(by_url) == told(by_body) == {"outcome": outcome}


def test_subsumes_names_what_is_wrong(agency: httpx.Client) -> None:
    unknown = get(agency, "/CodeSystem/$subsumes", system=ICD, codeA="F11", codeB="U999")
    mixed = post(
        agency,
        "/CodeSystem/$subsumes",
        {"name": "codingA", "valueCoding": {"system": ICD, "code": "F11"}},
        {"name": "codingB", "valueCoding": {"system": GENDER, "code": "male"}},
    )

    assert fault(unknown) == (404, "not-found", f"`U999` is not a code of `{ICD}`.")
    assert fault(mixed) == (400, "invalid", "Both codes must be of one system.")


def test_an_expansion_has_codes_at_their_levels(agency: httpx.Client) -> None:
    answer = get(agency, "/ValueSet/$expand", url=f"{ICD}?fhir_vs=isa/F11.2")

    (top,) = answer.json()["expansion"]["contains"]
    assert top["code"] == "F11.2"
    assert [code["code"] for code in top["contains"]][:2] == ["F11.20", "F11.21"]
    assert answer.json()["expansion"]["total"] == 19


def test_a_page_of_a_filtered_expansion(agency: httpx.Client) -> None:
    query = {"url": f"{ICD}?fhir_vs", "filter": "major depress"}
    whole = codes(get(agency, "/ValueSet/$expand", **query))

    page = get(agency, "/ValueSet/$expand", **query, offset="5", count="10")

    expansion = page.json()["expansion"]
    assert codes(page) == whole[5:15]
    assert (expansion["total"], expansion["offset"]) == (len(whole), 5)
    assert {"name": "filter", "valueString": "major depress"} in expansion["parameter"]
    assert {"name": "version", "valueUri": f"{ICD}|2026"} in expansion["parameter"]
    assert expansion["identifier"].startswith("urn:uuid:")
    assert expansion["timestamp"]


def test_an_expansion_has_the_definition_where_it_is_asked_for(agency: httpx.Client) -> None:
    without = get(agency, "/ValueSet/$expand", url=GENDERS).json()
    with_it = get(agency, "/ValueSet/$expand", url=GENDERS, includeDefinition="true").json()

    assert "compose" not in without
    assert with_it["compose"]["include"] == [{"system": GENDER}]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"url": "http://test.example/absent"}, (404, "not-found", "The value set")),
        ({"url": f"{ICD}?fhir_vs"}, (422, "too-costly", "The expansion has 98466 codes")),
        (
            {"url": "http://hl7.org/fhir/ValueSet/mimetypes"},
            (422, "too-costly", "`urn:ietf:bcp:13` is a grammar"),
        ),
        (
            {"url": "http://hl7.org/fhir/ValueSet/condition-code"},
            (422, "not-found", "It cannot be expanded: The code system"),
        ),
        ({}, (400, "invalid", "`url` must be given: the value set.")),
        ({"url": GENDERS, "nonsense": "1"}, (400, "invalid", "`nonsense` is no parameter here")),
        ({"url": GENDERS, "count": "many"}, (400, "invalid", "`count` must be a whole number")),
        (
            {"url": GENDERS, "system__version": "x"},
            (400, "invalid", "`system-version` must be `system|version`."),
        ),
        (
            {"url": GENDERS, "check__system__version": f"{GENDER}|9"},
            (422, "not-found", "It cannot be expanded: Version `9` of the code system"),
        ),
        ({"url": GENDERS, "valueSetVersion": "9"}, (404, "not-found", "The value set")),
        (
            {"url": GENDERS, "contextDirection": "up"},
            (400, "invalid", "`contextDirection` must be"),
        ),
        (
            {"url": GENDERS, "context": "x#y"},
            (400, "invalid", "`url`, `context` cannot be given together."),
        ),
        ({"context": "x#y"}, (404, "not-found", "`x#y` names no element with a binding")),
    ],
)
def test_expand_names_what_is_wrong(
    agency: httpx.Client, query: Mapping[str, str], expected: tuple[int, str, str]
) -> None:
    status, code, diagnostics = fault(get(agency, "/ValueSet/$expand", **query))

    assert (status, code) == expected[:2]
    assert diagnostics.startswith(expected[2])


def test_what_is_stored_here_is_known_by_id_and_by_url(agency: httpx.Client) -> None:
    name = f"http://test.example/{tag()}"
    system_id = created(agency, code_system(name, concept("cat", concept("lion")), concept("dog")))
    cats = value_set(f"{name}/cats", include(name, **condition("concept", "is-a", "cat")))
    value_set_id = created(agency, {**cats, "version": "2.0"})
    lion = {"code": "lion", "system": name}

    assert codes(get(agency, f"/ValueSet/{value_set_id}/$expand", excludeNested="true")) == [
        "cat",
        "lion",
    ]
    by_url = get(
        agency, "/ValueSet/$validate-code", url=f"{name}/cats", valueSetVersion="2.0", **lion
    )
    by_id = get(agency, f"/ValueSet/{value_set_id}/$validate-code", **lion)
    in_system = get(agency, f"/CodeSystem/{system_id}/$validate-code", code="lion")
    below = get(agency, f"/CodeSystem/{system_id}/$subsumes", codeA="cat", codeB="lion")
    named = get(agency, "/CodeSystem/$lookup", **lion)

    assert [told(each)["result"] for each in (by_url, by_id, in_system)] == [True] * 3
    assert told(below) == {"outcome": "subsumes"}
    assert told(named)["display"] == "Lion"


def test_what_is_stored_here_does_not_take_the_place_of_what_everybody_knows(
    agency: httpx.Client,
) -> None:
    created(agency, code_system(GENDER, concept("robot")))

    answer = get(agency, "/CodeSystem/$validate-code", url=GENDER, code="robot")

    assert told(answer)["result"] is False


def test_without_a_scope_nothing_stored_is_known(
    agency: httpx.Client, deployment: Deployment
) -> None:
    name = f"http://test.example/{tag()}"
    value_set_id = created(agency, value_set(name, include(ELSEWHERE, "1")))
    stranger = deployment.agency("Stranger", Registration(scopes="system/Patient.rs")).http

    by_url = get(stranger, "/ValueSet/$expand", url=name)
    absent = get(stranger, "/ValueSet/$expand", url=f"{name}-absent")
    by_id = get(stranger, f"/ValueSet/{value_set_id}/$expand")

    assert fault(by_url)[2].replace(name, "") == fault(absent)[2].replace(f"{name}-absent", "")
    assert by_url.status_code == absent.status_code == 404
    assert by_id.status_code == 403
    assert codes(get(stranger, "/ValueSet/$expand", url=GENDERS))[0] == "male"


def test_an_instance_and_a_url_exclude_each_other(agency: httpx.Client) -> None:
    answer = get(agency, "/ValueSet/absent/$expand", url=GENDERS)

    assert fault(answer) == (400, "invalid", "`url` cannot be given together with an instance.")


def test_the_language_of_a_filter_may_be_quoted(agency: httpx.Client) -> None:
    answer = agency.get(f"/ValueSet/$expand?url={quote(f'{ICD}?fhir_vs')}&filter=f11.2&count=1")

    assert codes(answer) == ["F11.2"]

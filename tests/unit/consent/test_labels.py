"""The label service: codes and types to families, families to meta.security."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.consent.codes import ACT_CODE, CONFIDENTIALITY, LOINC, SENSITIVITY, SNOMED
from fhir_server.consent.labels import ANONYMOUS_CONTACT, label, security
from fhir_server.fhir.crisis import code_system
from fhir_server.fhir.json import encode
from fhir_server.fhir.resource import Resource
from fhir_server.search.labels import Family

ICD = "http://hl7.org/fhir/sid/icd-10-cm"


def coded(system: str, code: str, type_: str = "Encounter") -> Resource:
    return {"resourceType": type_, "reasonCode": [{"coding": [{"system": system, "code": code}]}]}


@pytest.mark.parametrize(
    ("system", "code", "families"),
    [
        (ICD, "F32.1", Family.MH),
        (ICD, "F07", Family.MH),
        (ICD, "F10.20", Family.SUD),
        (ICD, "T40.1X1A", Family.MH | Family.SUD),
        (ICD, "R45.851", Family.MH),
        (ICD, "R45.2", Family(0)),
        (ICD, "X78.9", Family.MH),
        (ICD, "T14.91XA", Family.MH),
        (ICD, "B20", Family.HIV),
        (ICD, "O98.711", Family.HIV),
        (ICD, "T74.11XA", Family.SDV),
        (ICD, "J45", Family(0)),
        (LOINC, "93374-7", Family.MH),
        (LOINC, "75626-2", Family.SUD),
        (LOINC, "76499-3", Family.SDV),
        (LOINC, "20447-9", Family.HIV),
        (SNOMED, "82313006", Family.MH),
        (SNOMED, "66590003", Family.SUD),
        (ACT_CODE, "42CFRPart2", Family.PART2 | Family.SUD),
        (ACT_CODE, "PSYTHPN", Family.NOTES),
        (CONFIDENTIALITY, "V", Family.NOTES),
        (CONFIDENTIALITY, "R", Family(0)),
        (SENSITIVITY, "law-enforcement", Family.LAW_ENFORCEMENT),
        (code_system("crisis-call-type"), "suicidal-ideation", Family.MH),
        (code_system("crisis-call-type"), "welfare-check", Family(0)),
        ("http://example.org", "F32.1", Family(0)),
    ],
)
def test_a_code_adds_its_families(system: str, code: str, families: Family) -> None:
    assert label(coded(system, code), part2=False) == Family.BASE | families


def test_an_unclassified_clinical_resource_is_mental_health_content() -> None:
    assert label({"resourceType": "Observation"}, part2=False) == Family.BASE | Family.MH


def test_demographics_are_base() -> None:
    assert label({"resourceType": "Patient"}, part2=False) == Family.BASE


def test_everything_that_a_part_2_program_holds_is_part_2() -> None:
    assert label({"resourceType": "Patient"}, part2=True) == (
        Family.BASE | Family.PART2 | Family.SUD
    )


def test_a_code_deep_inside_counts() -> None:
    contained = {"resourceType": "Condition", "code": {"coding": [{"system": ICD, "code": "F11"}]}}
    patient = {"resourceType": "Patient", "contained": [contained], "extension": [{"x": [[1]]}]}

    assert Family.SUD in label(patient, part2=False)


def test_an_anonymous_contact_is_known_by_its_profile() -> None:
    contact = {"resourceType": "Encounter", "meta": {"profile": [ANONYMOUS_CONTACT]}}

    assert Family.ANONYMOUS in label(contact, part2=False)


def test_labels_of_the_author_stay_and_only_missing_ones_are_added() -> None:
    mine = {"system": ACT_CODE, "code": "MH", "display": "mental health"}
    test_data = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
    resource = {"resourceType": "Patient", "meta": {"security": [mine, test_data]}}

    stamped = security(resource, Family.BASE | Family.MH | Family.PART2)

    assert stamped == [
        {"system": CONFIDENTIALITY, "code": "R"},
        mine,
        test_data,
        {"system": ACT_CODE, "code": "42CFRPart2"},
        {"system": ACT_CODE, "code": "RedisclosureProhibitionMark"},
    ]


@pytest.mark.parametrize(
    ("given", "families", "level"),
    [
        ("N", Family.BASE, "R"),
        ("V", Family.BASE, "V"),
        ("R", Family.BASE | Family.NOTES, "V"),
        ("nonsense", Family.BASE, "R"),
        (None, Family.BASE, "R"),
    ],
)
def test_there_is_one_confidentiality_code_and_it_is_never_lowered(
    given: str | None, families: Family, level: str
) -> None:
    label_ = {"system": CONFIDENTIALITY, **({"code": given} if given else {})}
    resource = {"resourceType": "Patient", "meta": {"security": [label_]}}

    stamped = security(resource, families)

    assert [x["code"] for x in stamped if x["system"] == CONFIDENTIALITY] == [level]


def test_labelling_again_changes_nothing() -> None:
    families = Family.BASE | Family.MH | Family.SUD
    once = security({"resourceType": "Condition"}, families)

    assert security({"resourceType": "Condition", "meta": {"security": once}}, families) == once


@given(
    system=st.sampled_from([ICD, ACT_CODE, LOINC, SNOMED, CONFIDENTIALITY, SENSITIVITY, "urn:x"]),
    code=st.sampled_from(["F10.20", "R45.851", "SUD", "93374-7", "82313006", "V", "R", "J45", "x"])
    | st.text(max_size=5)
    | st.from_regex(r"[BFTXZORJ][0-9]{2}(\.[0-9]{1,3})?", fullmatch=True),
    deep=st.booleans(),
)
def test_the_quick_look_at_the_body_misses_nothing(system: str, code: str, *, deep: bool) -> None:
    resource = coded(system, code)
    if deep:
        resource = {"resourceType": "Patient", "contained": [resource, {"code": {"text": "x"}}]}

    quick = label(resource, part2=False, body=encode(resource))

    assert quick == label(resource, part2=False)

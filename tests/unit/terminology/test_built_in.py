"""The tables and grammars: https://hl7.org/fhir/R4/terminologies-systems.html ."""

from pathlib import Path

import pytest

from fhir_server.terminology.built_in import COUNTRIES, CURRENCIES, built_in, of
from fhir_server.terminology.coding import Coding
from fhir_server.terminology.expansion import Options
from fhir_server.terminology.terminology import Terminology

UCUM = "http://unitsofmeasure.org"
BCP47 = "urn:ietf:bcp:47"
BCP13 = "urn:ietf:bcp:13"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"


def result(system: str, code: str) -> bool | None:
    return Terminology(()).validate_in_system(Coding(system=system, code=code)).result


@pytest.mark.parametrize(
    "unit",
    [
        "mg",
        "mg/dL",
        "mm[Hg]",
        "10*3/uL",
        "{score}",
        "[pH]",
        "/min",
        "kg/(m2)",
        "1",
        "%",
        "[degF]",
        "Cel",
        "10*-3",
        "[in_i'Hg]",
        "[dr_ap]",
        "m[H2O]",
        "{#}/L",
        "mmol{creat}/mol",
        "10.uN.s/(cm5.m2)",
        "B[10.nV]",
    ],
)
def test_units_are_made_by_the_grammar(unit: str) -> None:
    assert result(UCUM, unit) is True


@pytest.mark.parametrize(
    "text", ["foo", "mgg", "m//s", "(m", "m)", "µg", "m{x}2", "mg ", "", "k[in_i]", "{a", "/"]
)
def test_what_breaks_the_grammar_is_no_unit(text: str) -> None:
    assert result(UCUM, text) is False


def test_the_display_of_a_unit_is_its_name() -> None:
    units = built_in()[UCUM]()

    names = {
        code: found.display for code in ("mg", "mm[Hg]", "mg/dL") if (found := units.find(code))
    }

    assert names == {
        "mg": "milligram",
        "mm[Hg]": "millimeter of mercury column",
        "mg/dL": "mg/dL",
    }


@pytest.mark.parametrize(
    ("tag", "usual", "display"),
    [
        ("en", "en", "English"),
        ("EN-us", "en-US", "English (United States)"),
        (
            "zh-hant-tw",
            "zh-Hant-TW",
            "Chinese (Han (Traditional variant), Taiwan, Province of China)",
        ),
        ("zh-yue", "zh-yue", "Chinese (Yue Chinese)"),
        ("de-CH-1996", "de-CH-1996", "German (Switzerland, German orthography of 1996)"),
        ("en-US-u-islamcal", "en-US-u-islamcal", "English (United States)"),
        ("es-419", "es-419", "Spanish (Latin America and the Caribbean)"),
        ("en-x-clinic", "en-x-clinic", "English"),
        ("x-clinic", "x-clinic", "x-clinic"),
        ("i-klingon", "i-klingon", "Klingon"),
        ("qab-Qaab-XZ", "qab-Qaab-XZ", "Private use (Private use, Private use)"),
    ],
)
def test_language_tags_are_made_of_what_is_registered(tag: str, usual: str, display: str) -> None:
    found = built_in()[BCP47]().find(tag)

    assert found is not None
    assert found.display == display
    assert found.code in (usual, tag)


@pytest.mark.parametrize(
    "text",
    ["xx", "en_US", "english", "en-USA", "en-yue", "en-a-bb-a-cc", "e", "", "de-1996-1996", "12"],
)
def test_what_is_not_registered_is_no_language(text: str) -> None:
    assert result(BCP47, text) is False


def test_a_language_is_known_by_its_parts() -> None:
    found = built_in()[BCP47]().find("zh-Hant-TW")

    assert found is not None
    assert {p["code"]: p["valueCode"] for p in found.properties} == {
        "language": "zh",
        "script": "Hant",
        "region": "TW",
    }


@pytest.mark.parametrize(
    "text",
    [
        "text/plain",
        "application/fhir+json; charset=utf-8",
        'multipart/mixed; boundary="a b"',
        "IMAGE/png",
        "x-world/x-vrml",
    ],
)
def test_media_types_are_made_by_the_grammar(text: str) -> None:
    assert result(BCP13, text) is True


@pytest.mark.parametrize("text", ["text", "text/*", "plain/text", "text/plain;", "text/ plain", ""])
def test_what_breaks_the_grammar_is_no_media_type(text: str) -> None:
    assert result(BCP13, text) is False


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        (CURRENCIES, "USD", True),
        (CURRENCIES, "DEM", False),
        (CURRENCIES, "usd", False),
        (COUNTRIES, "US", True),
        (COUNTRIES, "USA", True),
        (COUNTRIES, "840", True),
        (COUNTRIES, "XX", False),
    ],
)
def test_currencies_and_countries_are_lists(system: str, code: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert result(system, code) is expected


def test_what_was_not_compiled_is_not_available(tmp_path: Path) -> None:
    known = Terminology((), of(tmp_path / "absent", tmp_path / "absent"))

    for system in (ICD, UCUM, BCP47, CURRENCIES, COUNTRIES):
        assert known.validate_in_system(Coding(system=system, code="1")).result is None
    assert known.validate_in_system(Coding(system=BCP13, code="text/plain")).result is True


@pytest.mark.parametrize("code", ["F11.20", "F1120", "f11.20", "F11", "T14.91XA", "B20"])
def test_icd_10_cm_knows_codes_with_and_without_their_dot(code: str) -> None:
    assert result(ICD, code) is True


@pytest.mark.parametrize("code", ["F11.2000", "Z", "", "F11.20 ", "F11.20é", "F11-F10", "99"])
def test_other_texts_are_no_codes_of_icd_10_cm(code: str) -> None:
    assert result(ICD, code) is False


def test_chapters_and_blocks_only_group_codes() -> None:
    known = Terminology(())
    block = Coding(system=ICD, code="F10-F19")

    assert known.validate_in_system(block).result is False
    assert known.validate_in_system(block, abstract=True).result is True
    assert known.subsumes(block, Coding(system=ICD, code="F11.20")) == "subsumes"
    assert known.subsumes(Coding(system=ICD, code="5"), block) == "subsumes"


def test_icd_10_cm_stands_in_its_order() -> None:
    system = built_in()[ICD]()
    every = system.codes()

    assert every is not None
    assert len(every) == 98_466
    assert list(every[:3]) == ["1", "A00-A09", "A00"]
    assert list(system.codes("F32") or ())[:3] == ["F32", "F32.0", "F32.1"]
    assert system.parents("F32") == ("F30-F39",)
    assert list(system.children("F11"))[:2] == ["F11.1", "F11.2"]
    assert system.parents("nothing") == system.children("nothing") == ()


def test_its_concepts_have_terms_and_properties() -> None:
    concept = built_in()[ICD]().find("F32.9")

    assert concept is not None
    assert list(concept.texts) == [
        "Major depressive disorder, single episode, unspecified",
        "Major depression NOS",
    ]
    assert {"code": "billable", "valueBoolean": True} in concept.properties


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("opioid depend uncompl", "F11.20"),
        ("f11.2", "F11.20"),
        ("F112", "F11.20"),
        ("suicid ideat", "R45.851"),
        ("major depression nos", "F32.9"),
        ("f10-f19", "F10-F19"),
    ],
)
def test_words_find_codes_of_icd_10_cm(text: str, code: str) -> None:
    found = Terminology(()).expand(f"{ICD}?fhir_vs", Options(filter=text, count=200))

    assert code in {each.code for each in found.contains}
    assert found.total < 200


def test_words_that_do_not_stand_together_find_nothing() -> None:
    found = Terminology(()).expand(f"{ICD}?fhir_vs", Options(filter="opioid cholera"))

    assert found.total == 0

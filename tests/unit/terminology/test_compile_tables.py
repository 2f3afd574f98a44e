"""What set-up makes of the pinned packages."""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from fhir_server.fhir.compile_definitions import CompileError
from fhir_server.terminology import compile_tables
from fhir_server.terminology.built_in import COUNTRIES, CURRENCIES, of
from fhir_server.terminology.tables import ICD10CM, TABLES

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
# Wheels as those on PyPI are, with a few codes each.
ICD_SOURCE = """
TREE = {
    "1": ("Infections", [("A00-A09", False)]),
    "A00-A09": ("Intestinal", [("A00", True)]),
    "A00": ("Cholera", [("A00.0", True), ("A00.9", True)]),
    "A00.0": ("Cholera due to eltor", []),
    "A00.9": ("Cholera,  unspecified", []),
}
def get_all_codes(with_dots): return ["1", "A00-A09", "A00", "A00.0", "A00.9"]
def is_chapter(code): return code == "1"
def is_block(code): return code == "A00-A09"
def is_category(code): return code == "A00"
def get_children(code, prioritize_blocks): return [c for c, _ in TREE[code][1]]
def get_description(code, prioritize_blocks): return TREE[code][0]
def get_inclusion_term(code, prioritize_blocks):
    return ["Classical cholera"] if code == "A00.0" else []
"""
COUNTRY_SOURCE = """
from collections import namedtuple
Country = namedtuple("Country", "name alpha2 alpha3 numeric")
countries = [Country("Freedonia", "FD", "FDN", "998")]
"""
REGISTRY: list[dict[str, object]] = [
    {"Type": "language", "Subtag": "en", "Description": ["English"]},
    {"Type": "language", "Subtag": "qaa..qab", "Description": ["Private use"]},
    {"Type": "extlang", "Subtag": "yue", "Prefix": ["zh"], "Description": ["Yue"]},
    {"Type": "script", "Subtag": "Qaaa..Qabb", "Description": ["Private use"]},
    {"Type": "region", "Subtag": "US", "Description": ["United States"]},
    {"Type": "variant", "Subtag": "1996", "Description": ["Of 1996"]},
    {"Type": "grandfathered", "Tag": "i-klingon", "Description": ["Klingon"]},
]
CURRENCY_XML = """<ISO_4217 Pblshd="2026-01-01"><CcyTbl>
<CcyNtry><Ccy>FDD</Ccy><CcyNm>Freedonian dollar</CcyNm></CcyNtry><CcyNtry/></CcyTbl></ISO_4217>"""
UCUM_XML = """<root xmlns="http://unitsofmeasure.org/ucum-essence" version="2.2">
<prefix Code="k"><name>kilo</name></prefix><base-unit Code="m"><name>meter</name></base-unit>
<unit Code="[in_i]" isMetric="no"><name>inch</name></unit></root>"""
WHEELS = {
    "simple_icd_10_cm-1-py3-none-any.whl": {
        "simple_icd_10_cm/__init__.py": ICD_SOURCE,
        "simple_icd_10_cm/data/x.xml": "<x><version>2031</version></x>",
    },
    "iso3166-1-py3-none-any.whl": {"iso3166/__init__.py": COUNTRY_SOURCE},
    "iso4217-1-py3-none-any.whl": {"iso4217/table.xml": CURRENCY_XML},
    "language_tags-1-py3-none-any.whl": {
        "language_tags/data/json/registry.json": msgspec.json.encode(REGISTRY).decode(),
        "language_tags/data/json/meta.json": '{"File-Date": "2030-01-01"}',
    },
    "ucumvert-1-py3-none-any.whl": {"ucumvert/vendor/ucum-essence.xml": UCUM_XML},
}


@pytest.fixture
def wheels(tmp_path: Path) -> Iterator[Path]:
    """A folder of small wheels; nobody else shall find their modules."""
    for name, files in WHEELS.items():
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for path, text in files.items():
                archive.writestr(path, text)
    yield tmp_path
    for module in ("simple_icd_10_cm", "iso3166"):
        sys.modules.pop(module, None)


def test_the_wheels_become_code_systems(wheels: Path) -> None:
    target = wheels / "data"

    assert compile_tables.write(wheels, target)

    systems = {url: make() for url, make in of(target / ICD10CM.name, target / TABLES.name).items()}
    icd = systems[ICD]
    cholera = icd.find("a000")
    assert icd.about.version == "2031"
    assert list(icd.codes() or ()) == ["1", "A00-A09", "A00", "A00.0", "A00.9"]
    assert icd.children("A00") == ["A00.0", "A00.9"]
    assert cholera is not None
    assert list(cholera.texts) == ["Cholera due to eltor", "Classical cholera"]
    assert list(icd.named(["chol", "unspec"]) or ()) == ["A00.9"]
    assert [c for c in ("FD", "FDN", "998", "FR") if systems[COUNTRIES].find(c)] == [
        "FD",
        "FDN",
        "998",
    ]
    assert systems[CURRENCIES].codes() == ("FDD",)
    languages = systems["urn:ietf:bcp:47"]
    known = ["en-US", "qab", "en-Qabb", "zh-yue", "qac", "en-Qabc"]
    assert [tag for tag in known if languages.find(tag)] == ["en-US", "qab", "en-Qabb"]
    units = systems["http://unitsofmeasure.org"]
    assert [u for u in ("km", "[in_i]", "k[in_i]", "g") if units.find(u)] == ["km", "[in_i]"]


def test_nothing_is_compiled_twice(wheels: Path) -> None:
    assert compile_tables.write(wheels, wheels)
    assert not compile_tables.write(wheels, wheels)


def test_a_wheel_that_is_missing_is_named(wheels: Path) -> None:
    (wheels / "ucumvert-1-py3-none-any.whl").unlink()

    with pytest.raises(CompileError, match=r"There is no `ucumvert-\*.whl`"):
        compile_tables.write(wheels, wheels)


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compile_tables.main([]) == 2
    assert compile_tables.main([str(tmp_path)]) == 1

    assert "There is no `simple_icd_10_cm-*.whl`" in capsys.readouterr().err

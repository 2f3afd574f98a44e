"""The official cases of JSON Patch, XML Patch and FHIRPath Patch.

https://hl7.org/fhir/R4/http.html#patch
"""

import xml.etree.ElementTree as ET

import pytest

from fhir_server.fhir import json_patch, xml_patch
from fhir_server.fhir.definitions import load
from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions import fhirpath_patch
from tests.patch_cases import fhir_cases, json_cases, xml_cases

# Comments are lost where the suite is read; what is left has nothing to select.
_COMMENTS = ("A.9.  Replacing a Comment Node", "A.15.  Removing a Comment Node")


def test_json_patch() -> None:
    failed = []
    assert len(json_cases()) > 15
    for case in json_cases():
        try:
            found = json_patch.patched(case["doc"], case["patch"])
        except FhirError:
            found = None
        if found != case.get("expected", None if "error" in case else case["doc"]):
            failed.append(case["comment"])

    assert failed == []


def test_xml_patch() -> None:
    failed = []
    assert len(xml_cases()) > 25
    for case in xml_cases():
        try:
            found = xml_patch.patched(case.input, case.patch)
        except FhirError:
            found = None
        if case.name not in _COMMENTS and _canonical(found) != _canonical(case.output):
            failed.append(case.name)

    assert failed == []


def _canonical(text: bytes | None) -> str | None:
    return None if text is None else ET.canonicalize(text.decode(), strip_text=True)


def test_fhirpath_patch() -> None:
    failed = []
    assert len(fhir_cases()) > 30
    for case in fhir_cases():
        operations = fhirpath_patch.operations(case.patch)
        try:
            found = fhirpath_patch.patched(case.input, operations, load())
        except FhirError:
            found = None
        if found != case.output:
            failed.append((case.name, found, case.output))

    assert failed == []


@pytest.mark.parametrize("selector", ["", "f:doc[", "1+1", "//f:foo"])
def test_an_xml_selector_must_select_one_node(selector: str) -> None:
    patch = f'<diff xmlns="http://hl7.org/fhir"><remove sel="{selector}"/></diff>'.encode()
    document = b'<doc xmlns="http://hl7.org/fhir"><foo/><foo/></doc>'

    with pytest.raises(FhirError):
        xml_patch.patched(document, patch)

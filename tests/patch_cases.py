"""The official cases of the three kinds of patch (FHIR/fhir-test-cases, r4/patch)."""

import json
import tarfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import cache

from fhir_server.fhir import xml
from fhir_server.fhir.definitions import load
from fhir_server.fhir.resource import Json, Resource
from tests.shared_data import shared_data

_FOLDER = "fhir-test-cases/r4/patch/"
_FHIR = "{http://hl7.org/fhir}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FhirCase:
    """A FHIRPath Patch; `output` None: it must be refused."""

    name: str
    input: Resource
    patch: Resource
    output: Resource | None


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlCase:
    """An XML Patch; `output` None: it must be refused."""

    name: str
    input: bytes
    patch: bytes
    output: bytes | None


@cache
def _file(name: str) -> bytes:
    with tarfile.open(shared_data("fhir-test-cases-open.tar.xz")) as archive:
        found = archive.extractfile(_FOLDER + name)
        assert found is not None
        return found.read()


def json_cases() -> list[Json]:
    """Return the cases as the file has them."""
    found: list[Json] = json.loads(_file("json-patch-tests.json"))
    return found


def xml_cases() -> list[XmlCase]:
    root = ET.fromstring(_file("xml-patch-tests.xml"))  # noqa: S314 - the suite's own file
    return [
        XmlCase(
            name=str(case.get("name")),
            input=_only(case.find("target")),
            patch=_only(case, f"{_FHIR}patch"),
            output=None if case.find("patched") is None else _only(case.find("patched")),
        )
        for case in root
    ]


def fhir_cases() -> list[FhirCase]:
    root = ET.fromstring(_file("fhir-patch-tests.xml"))  # noqa: S314 - the suite's own file
    return [
        FhirCase(
            name=str(case.get("name")),
            input=xml.decode(_only(case.find("input")), load()),
            patch=xml.decode(_only(case.find("diff")), load()),
            output=(
                None
                if case.find("error") is not None
                else xml.decode(_only(case.find("output")), load())
            ),
        )
        for case in root
    ]


def _only(parent: ET.Element | None, tag: str = "") -> bytes:
    """Return the only child, or the one with the tag; nothing where there is none."""
    children = [] if parent is None else [one for one in parent if not tag or one.tag == tag]
    if not children:
        return b""
    text: bytes = ET.tostring(children[0], encoding="utf-8")
    return text.strip()

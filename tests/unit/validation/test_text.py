"""Texts, read or not, and the line of each issue."""

import pytest

from fhir_server.fhir.definitions import load
from fhir_server.fhir.outcome import InvalidResourceError, Issue
from fhir_server.fhir.resource import Resource
from fhir_server.validation.structure import check
from fhir_server.validation.text import check_text, is_xml, read

XML = b'\n<Patient xmlns="http://hl7.org/fhir">\n  <gender value="robot"/>\n</Patient>'


def structure(resource: Resource) -> tuple[Issue, ...]:
    return check(resource, load())


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b'{\n"resourceType": "Patient",\n  "gender": "robot"}', 3, 3),
        (b'\xef\xbb\xbf{"resourceType": "Patient",\n  "gender": "robot"}', 2, 3),
        (b'{"resourceType": "Patient",\n "active": true,\n "active": true}', 3, 2),
        (b'{"resourceType": "Patient",\n ]}', 2, 2),
        (b'{"resourceType": "Patient",\n "active"', 2, 10),
        (XML, 3, 3),
        (XML.replace(b"gender", b"sex"), 3, 3),
        (XML.replace(b"/>", b">"), 4, 11),
    ],
)
def test_each_fault_is_told_with_its_place(data: bytes, line: int, column: int) -> None:
    (issue,) = check_text(data, load(), structure)

    assert (issue.severity, issue.line, issue.column) == ("error", line, column)


def test_a_fault_without_a_place_is_told_as_well() -> None:
    (issue,) = check_text(b"[]", load(), structure)

    assert (issue.line, issue.expression) == (None, None)


def test_nothing_is_wrong_with_a_right_text() -> None:
    assert check_text(XML.replace(b"robot", b"other"), load(), structure) == ()


def test_xml_is_told_by_its_first_character() -> None:
    assert is_xml(b"\xef\xbb\xbf \n<Patient/>")
    assert not is_xml(b' {"a": "<"}')


def test_what_is_no_resource_is_not_read() -> None:
    with pytest.raises(InvalidResourceError):
        read(b"<Patient/>", load())

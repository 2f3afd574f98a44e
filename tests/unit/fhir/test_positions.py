"""FHIRPath to line and column, in JSON and in XML."""

import pytest

from fhir_server.fhir.positions import Position, Positions, position_of_byte

JSON = b"""{
  "resourceType": "Patient",
  "name": [
    {"given": ["Ada", null], "_given": [null, {"id": "g", "extension": [
      {"url": "http://example.org/x", "valueCode": "y"}]}]},
    {"family": "L\xc3\xb6we", "use": "official"}
  ],
  "gender": "male",
  "gender": "female",
  "_birthDate": {"extension": [{"url": "u"}]},
  "valueQuantity": {"value": 1},
  "empty": [],
  "bad": [[{"x": 1}], {"y": 2}],
  "contained": [{"resourceType": "Basic", "code": {"text": "\\u0022"}}]
}
"""
XML = b"""\xef\xbb\xbf<?xml version="1.0"?>
<!-- <Patient> -->
<Patient xmlns="http://hl7.org/fhir">
  <text><status value="all"/><div xmlns="http://www.w3.org/1999/xhtml"><p a="/>">x</p></div></text>
  <contained><Basic><code><text value="a"/></code></Basic></contained>
  <name><given value="Ada"/><given value='>'><extension url="u"/></given></name>
  <name><family value="L"/></name>
  <deceasedBoolean value="true"/>
</Patient>
"""


@pytest.mark.parametrize(
    ("expression", "line", "column"),
    [
        ("Patient", 1, 1),
        ("Patient.name", 3, 3),
        ("Patient.name[0]", 4, 5),
        ("Patient.name[0].given[1]", 4, 23),
        ("Patient.name[0].given[1].extension[0].url", 5, 8),
        ("Patient.name[1].family", 6, 6),
        ("Patient.name[1].use", 6, 24),
        ("Patient.name[1].period", 6, 5),
        ("Patient.gender", 9, 3),
        ("gender", 9, 3),
        ("Patient.birthDate", 10, 3),
        ("Patient.birthDate.extension[0].url", 10, 33),
        ("Patient.value.ofType(Quantity).value", 11, 21),
        ("Patient.value.ofType(FHIR.Quantity)", 11, 3),
        ("Patient.empty", 12, 3),
        ("Patient.empty[0]", 12, 3),
        ("Patient.bad[0]", 13, 11),
        ("Patient.bad[1].y", 13, 24),
        ("Patient.contained[0].code.text", 14, 52),
        ("Patient.contained[0]/*Basic/x*/.code.text", 14, 52),
        ("Patient.contained[0].ofType(Basic).code.text", 14, 52),
        ("Patient.name.where(use = 'x').family", 3, 3),
        ("Patient.nothing.below[3]", 1, 1),
        ("", 1, 1),
    ],
)
def test_a_path_leads_to_its_place_in_json(expression: str, line: int, column: int) -> None:
    assert Positions(JSON).of(expression) == Position(line=line, column=column)


@pytest.mark.parametrize(
    ("expression", "line", "column"),
    [
        ("Patient", 3, 1),
        ("Patient.text.`div`", 4, 30),
        ("Patient.contained[0].code.text", 5, 27),
        ("Patient.name", 6, 3),
        ("Patient.name[0].given[1]", 6, 29),
        ("Patient.name[0].given[1].extension[0]", 6, 46),
        ("Patient.name[1].family", 7, 9),
        ("Patient.name[0].family", 6, 3),
        ("Patient.deceased.ofType(boolean)", 8, 3),
        ("Patient.gender", 3, 1),
    ],
)
def test_a_path_leads_to_its_place_in_xml(expression: str, line: int, column: int) -> None:
    assert Positions(XML).of(expression) == Position(line=line, column=column)


def test_a_byte_is_placed_in_a_text_that_is_no_json() -> None:
    assert position_of_byte(b'{\n "\xc3\xb6": ]}', 9) == Position(line=2, column=7)

"""Which organisations are Part 2 programs."""

import pytest

from fhir_server.access.programs import body_is_part2_program, is_part2_program
from fhir_server.fhir.crisis import PART2_PROGRAM
from fhir_server.fhir.dates import parse
from fhir_server.fhir.json import encode
from fhir_server.fhir.resource import Element, Json, Resource


def program(*parts: Element, **value: Json) -> Resource:
    extension = {"url": PART2_PROGRAM, **value}
    if parts:
        extension["extension"] = list(parts)
    return {"resourceType": "Organization", "extension": [extension]}


YES: Element = {"url": "is", "valueBoolean": True}
NO: Element = {"url": "is", "valueBoolean": False}
IN_2026 = parse("2026-03-04").lo


@pytest.mark.parametrize(
    ("organization", "expected"),
    [
        ({"resourceType": "Organization"}, "no"),
        (program(YES), "yes"),
        (program(NO), "no"),
        (program({"url": "unit", "valueString": "detox"}), "yes"),
        (program(valueBoolean=True), "yes"),
        (program(valueBoolean=False), "no"),
        (program(YES, {"url": "from", "valueDate": "2025-01-01"}), "yes"),
        (program(YES, {"url": "from", "valueDateTime": "2027-01-01"}), "no"),
        (program(YES, {"url": "to", "valueDate": "2025-01-01"}), "no"),
        (program(YES, {"url": "to", "valueDate": "2026-03-04"}), "yes"),
    ],
)
def test_the_flag_and_its_dates_decide(organization: Resource, expected: str) -> None:
    says = is_part2_program(organization, IN_2026)

    assert says == (expected == "yes")
    assert body_is_part2_program(encode(organization), IN_2026) == says

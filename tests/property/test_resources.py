"""Right resources of all types: taken as right, and the same after a way through XML.

https://hl7.org/fhir/R4/validation.html, https://hl7.org/fhir/R4/xml.html
"""

from decimal import Decimal

import fhirkit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.fhir import xml
from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.resource import Json, Resource
from fhir_server.validation.structure import check
from tests.strategies.resources import DEFINITIONS, resource, resources


def told(value: Json) -> Json:
    """Return a value in which decimals stand with their digits, which equal ones may not share."""
    if isinstance(value, dict):
        return {name: told(child) for name, child in value.items()}
    if isinstance(value, list):
        return [told(child) for child in value]
    return str(value) if isinstance(value, Decimal) else value


@pytest.mark.parametrize("seed", range(3))
def test_right_resources_of_every_type_are_right_and_the_same_in_xml(seed: int) -> None:
    for type_ in DEFINITIONS.resource_types:
        made = decode(encode(resource(type_, seed, richness=8)))

        assert check(made, DEFINITIONS) == (), type_
        assert told(xml.decode(xml.encode(made, DEFINITIONS), DEFINITIONS)) == told(made), type_


@settings(deadline=None)
@given(resources(), st.booleans())
def test_json_to_xml_to_json_is_the_identity(made: Resource, pretty: bool) -> None:  # noqa: FBT001 - Hypothesis gives it
    document = xml.encode(made, DEFINITIONS, pretty=pretty)

    assert told(xml.decode(document, DEFINITIONS)) == told(made)


@settings(deadline=None)
@given(resources())
def test_what_is_right_to_us_is_right_to_another_reader(made: Resource) -> None:
    """Both go by the same specification, but by no common code."""
    body = encode(made)

    assert check(decode(body), DEFINITIONS) == ()
    assert fhirkit.validate(body) == []

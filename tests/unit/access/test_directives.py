"""To which resource of this server a Reference points."""

import pytest

from fhir_server.access.directives import local_address, organization_address
from fhir_server.fhir.resource import Element

BASE = "http://here.example/fhir"


@pytest.mark.parametrize(
    ("element", "address"),
    [
        ({"reference": "Encounter/1"}, ("Encounter", "1")),
        ({"reference": f"{BASE}/Encounter/1"}, ("Encounter", "1")),
        ({"reference": "http://elsewhere.example/Encounter/1"}, None),
        ({"reference": "#contained"}, None),
        ({"display": "that one"}, None),
    ],
)
def test_addresses_of_this_server(element: Element, address: tuple[str, str] | None) -> None:
    assert local_address(element, BASE) == address


def test_an_organization_is_told_from_others() -> None:
    assert organization_address({"reference": "Organization/1"}, BASE) == ("Organization", "1")
    assert organization_address({"reference": "Encounter/1"}, BASE) is None

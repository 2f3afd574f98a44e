"""https://hl7.org/fhir/R4/references.html#literal ."""

import pytest

from fhir_server.fhir.reference import Reference, parse, type_named_by

BASE = "https://handoff.example/fhir"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Patient/1", Reference(type="Patient", id="1")),
        ("Patient/a.B-9/_history/3", Reference(type="Patient", id="a.B-9", version="3")),
        (f"{BASE}/Patient/1", Reference(type="Patient", id="1")),
        (f"{BASE}/Patient/1/_history/2", Reference(type="Patient", id="1", version="2")),
        (f"{BASE}/metadata", Reference(url=f"{BASE}/metadata")),
        ("https://other.example/Patient/1", Reference(url="https://other.example/Patient/1")),
        (f"{BASE}evil/Patient/1", Reference(url=f"{BASE}evil/Patient/1")),
        ("urn:uuid:0c4a", Reference(urn="urn:uuid:0c4a")),
        ("urn:oid:1.2", Reference(urn="urn:oid:1.2")),
        ("#med", Reference(fragment="med")),
        ("#", Reference(fragment="")),
        ("Patient?identifier=x|1", Reference()),
        ("patient/1", Reference()),
        ("Patient/", Reference()),
        ("Patient/a b", Reference()),
        (f"Patient/{'a' * 65}", Reference()),
        ("", Reference()),
        ("Patient/1\n", Reference()),
    ],
)
def test_a_reference_is_local_absolute_urn_fragment_or_nothing(
    text: str, expected: Reference
) -> None:
    assert parse(text, BASE) == expected


def test_a_slash_at_the_end_of_the_base_does_not_matter() -> None:
    assert parse(f"{BASE}/Patient/1", f"{BASE}/") == Reference(type="Patient", id="1")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Patient/1", "Patient"),
        ("https://other.example/a/b/Patient/1/_history/7", "Patient"),
        ("https://other.example/page", None),
        ("urn:uuid:0c4a", None),
        ("#x", None),
        ("Patient?identifier=1", None),
    ],
)
def test_a_restful_url_names_its_type(text: str, named: str | None) -> None:
    assert type_named_by(text) == named

"""https://hl7.org/fhir/R4/search.html#string ."""

import pytest

from fhir_server.fhir.resource import Json
from fhir_server.search.params.string import normalise, values


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Ada", "ada"),
        ("  Ada \t Lovelace\n", "ada lovelace"),
        ("Zoë", "zoe"),
        ("Zoe\u0308", "zoe"),
        ("Straße", "strasse"),
        ("ŁÓDŹ", "łodz"),
        ("ﬁne", "fine"),
        ("ǅ", "dz"),
        ("Ångström", "angstrom"),
        ("山田", "山田"),
        ("ЖЮ", "жю"),
    ],
)
def test_case_accents_and_white_space_do_not_count(text: str, normal: str) -> None:
    assert normalise(text) == normal


@pytest.mark.parametrize(
    ("kind", "element", "found"),
    [
        ("string", "Main St", ["main st"]),
        ("markdown", "*So*", ["*so*"]),
        ("string", " \n", []),
        (
            "HumanName",
            {
                "use": "official",
                "text": "Dr. Ada Lovelace",
                "family": "Lovelace",
                "given": ["Ada", None, "Augusta"],
                "prefix": ["Dr."],
                "period": {"start": "1815"},
            },
            ["lovelace", "ada", "augusta", "dr.", "dr. ada lovelace"],
        ),
        (
            "Address",
            {
                "use": "home",
                "type": "both",
                "line": ["12 High St", "Flat 2"],
                "city": "York",
                "postalCode": "YO1",
                "country": "GB",
            },
            ["12 high st", "flat 2", "york", "yo1", "gb"],
        ),
        ("HumanName", {"extension": [{"url": "http://x"}]}, []),
    ],
)
def test_every_text_part_is_a_value_of_its_own(kind: str, element: Json, found: list[str]) -> None:
    assert [normal for normal, _ in values()[kind](element)] == found


def test_text_is_kept_as_it_was_written_beside_its_normal_form() -> None:
    assert list(values()["string"]("Zoë")) == [("zoe", "Zoë")]

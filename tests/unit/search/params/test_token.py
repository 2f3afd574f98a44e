"""https://hl7.org/fhir/R4/search.html#token ."""

import pytest

from fhir_server.fhir.outcome import InvalidSearchError
from fhir_server.fhir.resource import Json
from fhir_server.search.expression import TokenIs
from fhir_server.search.parameter import Parameter, SearchType
from fhir_server.search.params.bounded import LIMIT
from fhir_server.search.params.token import expression, token_is, values

PARAMETER = Parameter(
    base="Patient",
    code="identifier",
    param_id=1,
    type=SearchType.TOKEN,
    url="http://hl7.org/fhir/SearchParameter/Patient-identifier",
    expression="Patient.identifier",
)


@pytest.mark.parametrize(
    ("kind", "element", "found"),
    [
        (
            "CodeableConcept",
            {"coding": [{"system": "s", "code": "A"}, {"code": "b"}, {"system": "s"}], "text": "t"},
            [("s", "a"), ("", "b")],
        ),
        ("CodeableConcept", {"text": "only"}, []),
        ("Coding", {"system": "s", "code": "A", "display": "d"}, [("s", "a")]),
        ("Identifier", {"system": "s", "value": "12"}, [("s", "12")]),
        ("Identifier", {"system": "s"}, []),
        ("ContactPoint", {"system": "phone", "value": "555"}, [("", "555")]),
        ("ContactPoint", {"system": "phone"}, []),
        ("code", "male", [("http://gender", "male")]),
        ("code", "unheard-of", [("", "unheard-of")]),
        ("boolean", True, [("", "true")]),
        ("boolean", False, [("", "false")]),
        ("string", "Ab", [("", "ab")]),
        ("uri", "http://x", [("", "http://x")]),
        ("id", "1", [("", "1")]),
    ],
)
def test_each_datatype_has_its_codes(
    kind: str, element: Json, found: list[tuple[str, str]]
) -> None:
    assert list(values({"male": "http://gender"})[kind](element)) == found


@pytest.mark.parametrize(
    ("text", "system", "code"),
    [
        ("12", None, "12"),
        ("s|12", "s", "12"),
        ("|12", "", "12"),
        ("s|", "s", None),
        ("S|AbC", "S", "abc"),
        (r"a\|b", None, "a|b"),
        (r"s|a\,b\\", "s", "a,b\\"),
    ],
)
def test_four_forms_of_a_token(text: str, system: str | None, code: str | None) -> None:
    assert expression(PARAMETER, text) == TokenIs(parameter=PARAMETER, system=system, code=code)


@pytest.mark.parametrize("text", ["|", "a|b|c", ""])
def test_anything_else_is_no_token(text: str) -> None:
    with pytest.raises(InvalidSearchError, match="`identifier`"):
        expression(PARAMETER, text)


def test_long_values_are_asked_for_as_they_are_indexed() -> None:
    ((system, code),) = values({})["Identifier"]({"system": "s" * 999, "value": "V" * 999})

    asked = token_is(PARAMETER, "s" * 999, "v" * 999)

    assert (asked.system, asked.code) == (system, code)
    assert max(len(system), len(code)) <= LIMIT

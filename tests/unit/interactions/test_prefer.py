"""https://hl7.org/fhir/R4/http.html#ops ."""

import pytest

from fhir_server.interactions.prefer import Return, lenient, preferred_return


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("return=minimal", Return.MINIMAL),
        ("return=representation", Return.REPRESENTATION),
        ("return=OperationOutcome", Return.OPERATION_OUTCOME),
        ('respond-async, return="minimal"', Return.MINIMAL),
        ("handling=lenient; return=minimal", Return.MINIMAL),
        ("return=minimal, return=representation", Return.MINIMAL),
        ("return=everything", Return.REPRESENTATION),
        ("", Return.REPRESENTATION),
    ],
)
def test_preferred_return(header: str, expected: Return) -> None:
    assert preferred_return({"prefer": header}, Return.REPRESENTATION) is expected


def test_without_a_preference_the_default_holds() -> None:
    assert preferred_return({}, Return.MINIMAL) is Return.MINIMAL


def test_unknown_parameters_are_ignored_only_where_the_client_says_so() -> None:
    assert lenient({"prefer": "handling=lenient"})
    assert not lenient({"prefer": "handling=strict"})
    assert not lenient({})

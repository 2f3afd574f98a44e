"""One purpose of use per token."""

import pytest

from fhir_server.search.labels import Purpose
from fhir_server.smart.purposes import PurposeError, codes, parse_purpose, purpose_of

TREAT_OR_PUBLIC_HEALTH = Purpose.TREAT | Purpose.PUBHLTH


def test_only_purpose_need_not_be_named() -> None:
    assert purpose_of(None, Purpose.TREAT) is Purpose.TREAT


def test_one_of_several_must_be_named() -> None:
    assert purpose_of("PUBHLTH", TREAT_OR_PUBLIC_HEALTH) is Purpose.PUBHLTH
    with pytest.raises(PurposeError):
        purpose_of(None, TREAT_OR_PUBLIC_HEALTH)


@pytest.mark.parametrize("requested", ["HRESCH", "treat", "", "TREAT PUBHLTH", "X"])
def test_unknown_and_unregistered_are_refused(requested: str) -> None:
    with pytest.raises(PurposeError):
        purpose_of(requested, TREAT_OR_PUBLIC_HEALTH)


def test_code_may_have_its_system() -> None:
    system = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

    assert parse_purpose(f"{system}|ETREAT") is Purpose.ETREAT


def test_codes_of_a_set() -> None:
    assert codes(TREAT_OR_PUBLIC_HEALTH) == ("TREAT", "PUBHLTH")

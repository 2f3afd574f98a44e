"""Codes newer than R4's copies of HL7's code systems."""

import pytest

from fhir_server.packages import built_in
from fhir_server.terminology.coding import Coding
from fhir_server.terminology.later import LATER, with_later_codes
from fhir_server.terminology.terminology import Terminology

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


@pytest.mark.parametrize("code", LATER[ACT_CODE])
def test_code_that_was_added_after_r4_is_one_of_its_system(code: str) -> None:
    terminology = Terminology([built_in.core()])

    assert terminology.validate_in_system(Coding(system=ACT_CODE, code=code)).result is True


def test_code_that_was_never_there_is_none_of_its_system() -> None:
    terminology = Terminology([built_in.core()])

    assert terminology.validate_in_system(Coding(system=ACT_CODE, code="42CFR")).result is False


def test_copy_that_has_a_code_already_keeps_its_own_words() -> None:
    newer = {"url": ACT_CODE, "concept": [{"code": "HIPAAConsentCD", "display": "As it is there"}]}

    codes = [concept["code"] for concept in with_later_codes(newer)["concept"]]

    assert sorted(codes) == sorted(LATER[ACT_CODE])

"""Purposes of use in directives."""

from fhir_server.consent.purposes import ANY_BUT_EMERGENCIES, known, spoken_of
from fhir_server.search.labels import Purpose


def test_a_purpose_speaks_of_the_narrower_ones() -> None:
    assert spoken_of(["TREAT"]) == Purpose.TREAT | Purpose.COC
    assert spoken_of(["HOPERAT"]) == Purpose.HOPERAT | Purpose.CAREMGT


def test_a_narrow_purpose_does_not_speak_of_the_wide_one() -> None:
    assert spoken_of(["COC"]) == Purpose.COC


def test_an_emergency_has_to_be_named() -> None:
    assert not spoken_of(["TREAT"]) & Purpose.ETREAT
    assert spoken_of(["ETREAT", "TREAT"]) & Purpose.ETREAT
    assert not ANY_BUT_EMERGENCIES & Purpose.BTG


def test_an_unknown_purpose_speaks_of_nothing() -> None:
    assert spoken_of(["HSYSADMIN"]) == 0
    assert not known("HSYSADMIN")
    assert known("LEFIELD")

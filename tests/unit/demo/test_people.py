"""The demo's people: their secrets are in one file, and nowhere else."""

import json
from pathlib import Path

import pytest

from fhir_server.demo.guide import guide
from fhir_server.demo.people import current_code, people_file
from fhir_server.demo.tour import TourFacts
from fhir_server.settings import Settings

KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


def test_a_login_is_told_from_the_file(tmp_path: Path) -> None:
    people_file(tmp_path).write_text(json.dumps({"peer": {"password": "p-1", "totp": KEY}}))

    assert current_code(tmp_path, "peer", 1_111_111_109_000_000) == ("p-1", "081804")
    with pytest.raises(KeyError):
        current_code(tmp_path, "nobody", 0)


def test_the_tour_says_how_to_log_in() -> None:
    facts = TourFacts(
        agency="x", emergency_patient=None, ehr_patient=None, measure=None, period=None
    )

    text = guide(facts, Settings())

    assert "/login as clinician" in text
    assert "user demo clinician" in text
    assert "docs/examples/launch.py" in text

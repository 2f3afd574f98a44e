"""Typed models of fhir.resources: a second opinion on what the server writes itself."""

import subprocess
import sys
from decimal import Decimal

import pytest

from fhir_server.fhir.json import encode
from fhir_server.fhir.models import ModelError, typed, validated
from fhir_server.fhir.resource import Json, Resource


def a_measure_report(**elements: Json) -> Resource:
    return {
        "resourceType": "MeasureReport",
        "status": "complete",
        "type": "summary",
        "measure": "http://example.org/Measure/m",
        "period": {"start": "2026-01", "end": "2026-03-31"},
        "group": [{"measureScore": {"value": Decimal("0.10")}}],
        **elements,
    }


def test_what_a_model_accepts_comes_back_digit_for_digit() -> None:
    report = a_measure_report()
    before = encode(report)

    assert encode(validated(report)) == before
    assert b"0.10" in before


def test_a_model_has_attributes() -> None:
    assert getattr(typed(a_measure_report()), "status", None) == "complete"


def test_a_fault_is_named_without_the_value() -> None:
    with pytest.raises(ModelError, match="period") as refused:
        validated(a_measure_report(period={"start": "canary"}))

    assert "canary" not in str(refused.value)


def test_a_type_that_the_models_lack_is_refused() -> None:
    with pytest.raises(ModelError, match="no such type"):
        validated({"resourceType": "MedicinalProduct"})


def test_the_models_are_not_imported_before_they_are_used() -> None:
    program = "import sys, fhir_server.fhir.models; sys.exit('fhir.resources' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

"""The open cases of the validator's suite, and US Core's examples, against what is published.

https://github.com/FHIR/fhir-test-cases ; `make conformance` writes the results anew.
"""

import json
from functools import cache
from pathlib import Path

import pytest

from fhir_server.fhir.resource import Json
from tests.conformance import us_core_suite, validator_suite
from tests.conformance.fhirpath_suite import ARCHIVE
from tests.conformance.us_core_suite import VERSIONS
from tests.conformance.validator_reasons import REASONS, US_CORE

needs_archive = pytest.mark.skipif(
    not ARCHIVE.exists(), reason=f"{ARCHIVE} is missing; FHIR_TEST_CASES names another place"
)


@cache
def run() -> dict[str, Json]:
    return validator_suite.results(validator_suite.archive())


def published() -> dict[str, Json]:
    found: dict[str, Json] = json.loads(validator_suite.RESULTS.read_text())
    return found


@needs_archive
def test_results_are_those_that_are_published() -> None:
    assert validator_suite.published(run()) == validator_suite.RESULTS.read_text()


def test_every_disagreement_has_a_reason_and_no_reason_is_stale() -> None:
    cases = published()["cases"]
    disagreeing = {name for name, case in cases.items() if case["passed"] is False}

    assert disagreeing == REASONS.keys()
    assert all(case["passed"] or case["reason"] for case in cases.values())


def test_no_verdict_is_a_false_alarm() -> None:
    assert published()["false alarms"] == 0
    assert published()["total"] == 152


@pytest.mark.parametrize("version", VERSIONS)
def test_examples_of_us_core_fit_their_profiles(version: str, tmp_path: Path) -> None:
    if not us_core_suite.archive(version).exists():
        pytest.skip(f"{us_core_suite.archive(version)} is missing")

    found = us_core_suite.results(version, tmp_path)

    assert us_core_suite.published(found) == us_core_suite.result_file(version).read_text()


@pytest.mark.parametrize("version", VERSIONS)
def test_every_exception_of_us_core_has_a_reason(version: str) -> None:
    cases = json.loads(us_core_suite.result_file(version).read_text())["cases"]
    wrong = {(version, name) for name, case in cases.items() if not case["passed"]}

    assert wrong == {key for key in US_CORE if key[0] == version}
    assert all(case["passed"] or case["reason"] for case in cases.values())

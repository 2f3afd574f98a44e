"""The official FHIRPath tests of R4, against the results that are published.

https://github.com/FHIR/fhir-test-cases ; `make conformance` writes the results anew.
"""

import json
from functools import cache

import pytest

from fhir_server.fhir.resource import Json
from tests.conformance.fhirpath_suite import ARCHIVE, RESULTS, Archive, published, results

pytestmark = pytest.mark.skipif(
    not ARCHIVE.exists(), reason=f"{ARCHIVE} is missing; FHIR_TEST_CASES names another place"
)


@cache
def run() -> dict[str, Json]:
    return results(Archive(ARCHIVE))


def test_results_are_those_that_are_published() -> None:
    assert published(run()) == RESULTS.read_text()


def test_every_case_that_fails_has_a_reason() -> None:
    cases = json.loads(RESULTS.read_text())["cases"]

    assert all(case["passed"] or case["reason"] for case in cases.values())
    assert len(cases) == json.loads(RESULTS.read_text())["total"] == 935

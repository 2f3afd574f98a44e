"""The official examples against all that the specification demands: valid but for their own faults.

https://hl7.org/fhir/R4/examples.html ; units that UCUM does not have are the most of them.
"""

from functools import cache

import pytest

from fhir_server.fhir.definitions import load
from fhir_server.fhir.json import decode
from fhir_server.packages.built_in import core
from fhir_server.terminology.terminology import Terminology
from fhir_server.validation.profile.report import Options
from fhir_server.validation.validator import Validator
from tests.conformance.test_official_examples import KNOWN_FAULTS
from tests.official_examples import DEFINITIONS, examples

# 2026-01-01T00:00:00Z
NOW = 1_767_225_600_000_000
ONE_IN = 20
NO_UNIT = "A unit is no code of UCUM, or of the system that it names."
NO_URL = "An entry's `fullUrl` is not that of its resource."
LOGICAL = "It is neither abstract nor based on anything (sdf-4)."
EXPLAINED = {
    **KNOWN_FAULTS,
    **dict.fromkeys(
        (
            "Bundle-father.json", "Claim-760151.json", "Claim-760152.json",
            "List-example-double-cousin-relationship.json",
            *(f"Medication-med{number}.json" for number in ("0304", "0309")),
            "MedicationAdministration-medadmin0312.json",
            *(
                f"MedicationDispense-meddisp{number}.json"
                for number in (
                    "0301", "0309", "0313", "0318", "0324", "0325", "0327", "0328", "0329",
                )
            ),
            *(
                f"MedicationRequest-medrx{number}.json"
                for number in (
                    "0304", "0313", "0314", "0319", "0322", "0325", "0326", "0327", "0328",
                    "0329", "0334", "0335",
                )
            ),
            *(f"MedicationStatement-example00{number}.json" for number in (1, 2, 3)),
            "VisionPrescription-33124.json",
        ),
        NO_UNIT,
    ),
    **dict.fromkeys(
        (
            "Bundle-10bb101f-a121-4264-a920-67be9cb82c74.json",
            "Bundle-3a0707d3-549e-4467-b8b8-5a2ab3800efe.json",
            "Bundle-lri-example.json",
        ),
        NO_URL,
    ),
    "Bundle-b0a5e4277-83c4-4adb-87e2-e3efe3369b6f.json": (
        "A parameter of a media type has a slash outside quotes."
    ),
    "CodeSystem-dicom-dcim.json": "An extension stands where its context does not allow it.",
    **dict.fromkeys(
        (
            f"StructureDefinition-{name}.json"
            for name in ("Definition", "Event", "FiveWs", "Request")
        ),
        LOGICAL,
    ),
}  # fmt: skip


@cache
def validator() -> Validator:
    return Validator(load(), core(), Terminology([core()]))


def is_wrong(body: bytes) -> bool:
    issues = validator().validate(decode(body), options=Options(now=NOW))
    return any(issue.severity in {"error", "fatal"} for issue in issues)


@pytest.mark.spec("validation.html", "SHALL")
def test_the_official_examples_meet_all_demands_but_for_their_own_faults() -> None:
    """All that are explained, all others but definitions, and one in so many of those."""
    looked_at, wrong = set(), set()
    for number, (name, body) in enumerate(examples()):
        if name in EXPLAINED or not name.startswith(DEFINITIONS) or number % ONE_IN == 0:
            looked_at.add(name)
            if is_wrong(body):
                wrong.add(name)

    assert EXPLAINED.keys() <= looked_at
    assert wrong == EXPLAINED.keys()

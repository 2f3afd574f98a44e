"""Malformed profiles: refused when they are read, or compiled to something that ends in issues.

https://hl7.org/fhir/R4/structuredefinition.html
"""

from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.fhir.definitions import load
from fhir_server.fhir.resource import Resource
from fhir_server.packages.built_in import core
from fhir_server.packages.complete import complete
from fhir_server.packages.packages import Packages
from fhir_server.terminology.terminology import Terminology
from fhir_server.validation.profile.report import Options
from fhir_server.validation.validator import Validator
from tests.packages import BASE
from tests.strategies.fuzz import EXAMPLES
from tests.strategies.resources import SEEDS
from tests.strategies.wild import changed

URL = "http://a.org/StructureDefinition/fuzzed"
VITAL = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
            "code": "vital-signs",
        }
    ]
}
PRESSURE: Resource = {
    "resourceType": "Observation",
    "status": "final",
    "category": [{"text": "x"}, VITAL],
    "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
    "effectiveDateTime": "2026-03-04",
    "valueQuantity": {"value": 1, "code": "kg", "system": "http://unitsofmeasure.org"},
    "component": [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {"value": 1, "code": "mm[Hg]", "system": "http://unitsofmeasure.org"},
        }
        for code in ("8480-6", "8462-4", "8462-4")
    ],
    "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/bodySite", "valueBoolean": True}
    ],
}


@cache
def profiles() -> tuple[Resource, ...]:
    """Return profiles of Observation with slices, patterns and bindings, snapshots included."""
    found = (core().resolve("StructureDefinition", BASE + name) for name in ("bp", "bodyweight"))
    return tuple({**each, "url": URL} for each in found if each is not None)


@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([0, 1]), SEEDS, st.integers(1, 12))
def test_whatever_a_profile_says_a_validation_ends(place: int, seed: int, changes: int) -> None:
    profile = profiles()[place]
    snapshot = changed({"resourceType": "X", **profile["snapshot"]}, seed, changes)
    done, warnings = complete([{**profile, "snapshot": snapshot}], core().resolve)
    assert warnings or "snapshot" in done[0]
    packages = Packages.of(done, base=core())
    validator = Validator(load(), packages, Terminology([packages]))

    validator.validate(PRESSURE, profiles=[URL], options=Options(now=1, must_support=True))

"""The profile validator and whatever comes: it finds what structure finds, and always ends soon.

`make fuzz` does the same for much longer. https://hl7.org/fhir/R4/validation.html
"""

import random
import time
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.fhir.json import decode, encode
from fhir_server.fhir.outcome import InvalidResourceError, Issue
from fhir_server.fhir.resource import Resource
from fhir_server.packages import built_in
from fhir_server.terminology.terminology import Terminology
from fhir_server.validation.structure import check
from fhir_server.validation.validator import Validator
from tests.strategies.faults import Faulty, faulty
from tests.strategies.fuzz import EXAMPLES
from tests.strategies.resources import DEFINITIONS, SEEDS, resource, resources
from tests.strategies.wild import changed, wild

MOST_SECONDS = 5.0
# The first resource of a type pays for compiling it.
fuzz = settings(
    max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@cache
def validator() -> Validator:
    packages = built_in.packages()
    return Validator(DEFINITIONS, packages, Terminology([packages]))


@cache
def profiles() -> tuple[tuple[str, str], ...]:
    """Return (type, url) of every profile of a resource type that comes with the server."""
    urls = built_in.packages().urls("StructureDefinition")
    constraints = (url for url in urls if not url.startswith("http://hl7.org/fhir/StructureDef"))
    known = [(validator().type_of(url), url) for url in constraints]
    return tuple(pair for pair in known if DEFINITIONS.is_resource_type(pair[0]))


def validated(given_: Resource) -> tuple[Issue, ...]:
    started = time.process_time()
    issues = validator().validate(given_)
    assert time.process_time() - started < MOST_SECONDS
    return issues


@fuzz
@given(faulty())
def test_a_structural_fault_is_an_error_of_validation_too(found: Faulty) -> None:
    issues = validated(decode(encode(found.resource)))

    assert any(issue.severity in {"error", "fatal"} for issue in issues), found


@fuzz
@given(wild() | resources())
def test_validation_finds_all_that_structure_finds(given_: Resource) -> None:
    try:
        taken = decode(encode(given_))
    except InvalidResourceError:
        return
    found = {(issue.code, issue.expression) for issue in validated(taken)}

    faults = check(taken, DEFINITIONS)
    assert {(fault.code, fault.expression) for fault in faults} <= found


@fuzz
@given(st.integers(0, 1000), SEEDS, st.integers(0, 3))
def test_what_claims_a_profile_is_validated_soon(place: int, seed: int, changes: int) -> None:
    type_, url = profiles()[place % len(profiles())]
    claiming = resource(type_, seed, richness=random.Random(seed).randrange(12))  # noqa: S311 - tests are no secret
    claiming["meta"] = {"profile": [url, f"{url}|0", "http://x.example/unknown"]}
    try:
        taken = decode(encode(changed(claiming, seed, changes)))
    except InvalidResourceError:
        return

    validated(taken)
